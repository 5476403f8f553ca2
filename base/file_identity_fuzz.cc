#include "absl/log/check.h"
#include "absl/status/statusor.h"
#include "base/coding.h"
#include "base/crc32c.h"
#include "base/file_identity.h"
#include "base/testing/fuzz.h"
#include "base/types.h"

namespace aeternus::fuzzing {
namespace {

constexpr FileKind kKinds[] = {FileKind::kLog, FileKind::kTable, FileKind::kManifest, FileKind::kCurrent};
constexpr size_t kChecksumSizeBytes = 4;
// Bytes 56-59 are zero; nobody reads them.
constexpr size_t kUsedSizeBytes = 56;

bool DecodeAsEveryKind(std::string_view bytes) {
  int decoded = 0;
  for (const FileKind kind : kKinds) {
    const absl::StatusOr<FileIdentity> identity = DecodeFileIdentity(bytes, kind, "fuzz", 0);
    if (!identity.ok()) continue;
    ++decoded;
    const std::string encoded = EncodeFileIdentity(*identity);
    CHECK_EQ(encoded.substr(0, kUsedSizeBytes), bytes.substr(0, kUsedSizeBytes));
    CHECK(DecodeFileIdentity(encoded, kind, "fuzz", 0).value() == *identity);
  }
  CHECK_LE(decoded, 1) << "a file of one kind passes for one of another";
  return decoded == 1;
}

}  // namespace

bool DecodeAndCheck(std::string_view input) {
  const bool is_decoded = DecodeAsEveryKind(input);
  if (input.size() < kFileIdentitySizeBytes) return is_decoded;
  std::string mended(input.substr(0, kFileIdentitySizeBytes));
  const size_t checksum_at = mended.size() - kChecksumSizeBytes;
  StoreU32(mended.data() + checksum_at, Crc32c(std::string_view(mended).substr(0, checksum_at)));
  return DecodeAsEveryKind(mended) || is_decoded;
}

std::vector<Seed> Seeds() {
  return {{"log", EncodeFileIdentity({.kind = FileKind::kLog, .database_id = DatabaseId(7), .number = FileNumber(12)})},
          {"table", EncodeFileIdentity({.kind = FileKind::kTable,
                                        .compatible_features = 0x80000001,
                                        .database_id = DatabaseId(UINT64_MAX),
                                        .number = FileNumber(13),
                                        .edit = EditNumber(5)})},
          {"manifest", EncodeFileIdentity({.kind = FileKind::kManifest, .number = FileNumber(UINT64_MAX)})},
          {"current", EncodeFileIdentity({.kind = FileKind::kCurrent, .edit = EditNumber(1), .epoch = 3})}};
}

}  // namespace aeternus::fuzzing
