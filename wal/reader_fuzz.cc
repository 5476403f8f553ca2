// Frames, as recovery reads them: in order up to the end of the log, and then every valid frame behind it.
#include <cstdint>
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
#include "wal/frame.h"
#include "wal/reader.h"
#include "wal/testing/bytes_file.h"

namespace aeternus::fuzzing {
namespace {

using wal::Frame;
using wal::FrameType;
using wal::kFrameHeaderSizeBytes;

constexpr DatabaseId kDatabase{77};
constexpr FileNumber kNumber{5};
const uint64_t kSalt = wal::FrameSalt(kDatabase, kNumber);

// Places in a frame's header; the byte table is in frame.h.
constexpr size_t kSaltAt = 0;
constexpr size_t kChecksumAt = 8;
constexpr size_t kPayloadSizeAt = 12;
constexpr size_t kOwnOffsetAt = 36;

// `log` with what a forger would mend: salt, own offset, padding and checksum of each frame, whose own size says where
// the next one is.
std::string Mended(std::string log) {
  for (uint64_t at = kFileIdentitySizeBytes; at + kFrameHeaderSizeBytes <= log.size();) {
    char* header = log.data() + at;
    StoreU64(header + kSaltAt, kSalt);
    StoreU32(header + kOwnOffsetAt, static_cast<uint32_t>(at / wal::kFrameAlignmentBytes));
    const uint64_t payload_size = LoadU32(header + kPayloadSizeAt);
    const uint64_t size = wal::FrameSizeBytes(payload_size);
    if (size > log.size() - at) break;
    const uint64_t end = kFrameHeaderSizeBytes + payload_size;
    log.replace(at + end, size - end, size - end, '\0');
    StoreU32(header + kChecksumAt, Crc32c(std::string_view(log).substr(at + kPayloadSizeAt, end - kPayloadSizeAt)));
    at += size;
  }
  return log;
}

void CheckFrame(const Frame& frame, const wal::Reader& reader, std::string_view log) {
  const uint64_t size = wal::FrameSizeBytes(frame.payload.size());
  CHECK_EQ(reader.frame_offset() + size, reader.offset());
  CHECK_LE(reader.offset(), log.size());
  CHECK(frame.last_lsn() <= kMaxLsn && frame.synced_lsn <= kMaxLsn);
  std::string encoded(size, '\0');
  EncodeFrame(frame, kSalt, reader.frame_offset(), encoded.data());
  CHECK_EQ(encoded, log.substr(reader.frame_offset(), size));
}

// The number of frames before the log ends.
size_t ReadLog(const std::string& log) {
  const wal::BytesFile file(log);
  wal::ReadIdentity(file, FileKind::kLog).status().IgnoreError();
  wal::Reader reader(&file, kDatabase, kNumber);
  size_t in_order = 0;
  uint64_t end = reader.offset();
  while (true) {
    const absl::StatusOr<std::optional<Frame>> frame = reader.Next();
    CHECK_OK(frame.status());
    if (!frame->has_value()) break;
    CHECK_EQ(reader.frame_offset(), end) << "frames follow one another without a gap";
    CheckFrame(**frame, reader, log);
    end = reader.offset();
    ++in_order;
  }
  uint64_t least = end + 1;  // a frame at the end of the log would have been read in order
  while (true) {
    const absl::StatusOr<std::optional<Frame>> frame = reader.ScanNext();
    if (!frame.ok() || !frame->has_value()) break;  // an error says that the file was forged
    CHECK_GE(reader.frame_offset(), least);
    CheckFrame(**frame, reader, log);
    least = reader.offset();
  }
  CHECK_LE(file.largest_read, log.size());
  return in_order;
}

std::string Log(const std::vector<Frame>& frames, size_t tail_bytes = 0) {
  std::string log = EncodeFileIdentity({.kind = FileKind::kLog, .database_id = kDatabase, .number = kNumber});
  for (const Frame& frame : frames) {
    const uint64_t offset = log.size();
    log.resize(offset + wal::FrameSizeBytes(frame.payload.size()));
    EncodeFrame(frame, kSalt, offset, log.data() + offset);
  }
  return log.append(tail_bytes, '\0');
}

// A torn frame between whole ones.
std::string LogWithGap() {
  std::string log = Log({{.first_lsn = Lsn(1), .lsn_count = 1, .payload = "first"},
                         {.first_lsn = Lsn(2), .lsn_count = 1, .payload = "second"},
                         {.first_lsn = Lsn(3), .lsn_count = 1, .synced_lsn = Lsn(2), .payload = "third"}});
  log[kFileIdentitySizeBytes + wal::FrameSizeBytes(5) + kFrameHeaderSizeBytes] = 'S';
  return log;
}

}  // namespace

bool DecodeAndCheck(std::string_view input) {
  const size_t frames = ReadLog(std::string(input));
  return ReadLog(Mended(std::string(input))) + frames > 0;
}

std::vector<Seed> Seeds() {
  return {
      {"batches", Log({{.type = FrameType::kLink, .first_lsn = Lsn(1), .payload = std::string_view("\1\0\0", 3)},
                       {.first_lsn = Lsn(1), .lsn_count = 2, .payload = "12345678"},
                       {.first_lsn = Lsn(3), .lsn_count = 1, .synced_lsn = Lsn(2), .payload = "nine bytes"},
                       {.type = FrameType::kSeal, .first_lsn = Lsn(3), .synced_lsn = Lsn(3)}})},
      {"edit_and_zeros", Log({{.type = FrameType::kEdit, .first_lsn = kMaxLsn, .lsn_count = 1, .payload = "e"}}, 70)},
      {"gap", LogWithGap()},
      {"reserved_types", Log({{.type = FrameType::kPrepare}, {.type = FrameType::kAbort, .synced_lsn = kMaxLsn}})}};
}

}  // namespace aeternus::fuzzing
