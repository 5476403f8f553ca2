// CURRENT, as opening reads it: a file of any content.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/log/check.h"
#include "absl/status/statusor.h"
#include "base/coding.h"
#include "base/crc32c.h"
#include "base/file_identity.h"
#include "base/testing/fuzz.h"
#include "base/types.h"
#include "env/testing/sim_file_system.h"
#include "manifest/current.h"

namespace aeternus::fuzzing {
namespace {

constexpr size_t kChecksumAt = kFileIdentitySizeBytes - 4;

bool ReadAndCheck(std::string bytes) {
  env::testing::SimFileSystem disk;
  CHECK_OK(disk.SetContents("/db/CURRENT", std::move(bytes)));
  const absl::StatusOr<std::optional<FileIdentity>> current = ReadCurrent(&disk, "/db");
  if (!current.ok()) return false;
  CHECK(current->has_value()) << "the file is there";
  CHECK((*current)->kind == FileKind::kCurrent);
  CHECK((*current)->edit != EditNumber(0));
  // What was read can be written.
  CHECK_OK(SwitchCurrent(&disk, "/db", (*current)->database_id, (*current)->number, (*current)->edit));
  const std::optional<FileIdentity> again = ReadCurrent(&disk, "/db").value();
  CHECK(again.has_value() && again->number == (*current)->number && again->edit == (*current)->edit &&
        again->database_id == (*current)->database_id);
  return true;
}

}  // namespace

bool DecodeAndCheck(std::string_view input) {
  const bool is_decoded = ReadAndCheck(std::string(input));
  if (input.size() < kFileIdentitySizeBytes) return is_decoded;
  std::string mended(input);
  StoreU32(mended.data() + kChecksumAt, Crc32c(input.substr(0, kChecksumAt)));
  return ReadAndCheck(std::move(mended)) || is_decoded;
}

std::vector<Seed> Seeds() {
  const auto current = [](FileNumber number, EditNumber edit) {
    return EncodeFileIdentity(
        {.kind = FileKind::kCurrent, .database_id = DatabaseId(7), .number = number, .edit = edit});
  };
  return {{"first", current(FileNumber(1), EditNumber(1))}, {"later", current(FileNumber(5000), EditNumber(9000))}};
}

}  // namespace aeternus::fuzzing
