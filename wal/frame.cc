#include "wal/frame.h"

#include <algorithm>
#include <cstring>

#include "base/coding.h"
#include "base/crc32c.h"

namespace aeternus::wal {
namespace {

// The byte table is in frame.h.
constexpr size_t kSaltAt = 0;
constexpr size_t kChecksumAt = 8;
constexpr size_t kPayloadSizeAt = 12;
constexpr size_t kFirstLsnAndTypeAt = 16;
constexpr size_t kSyncedLsnAt = 24;
constexpr size_t kLsnCountAt = 32;
constexpr size_t kOwnOffsetAt = 36;

constexpr int kTypeShift = 56;

uint32_t Checksum(const char* frame, size_t payload_size) {
  return Crc32c({frame + kPayloadSizeAt, kFrameHeaderSizeBytes - kPayloadSizeAt + payload_size});
}

bool IsKnown(FrameType type) { return type >= FrameType::kBatch && type <= FrameType::kAbort; }

// The fields of a header that need no check against its place.
Frame LoadHeader(const char* header) {
  const uint64_t word = LoadU64(header + kFirstLsnAndTypeAt);
  Frame frame;
  frame.type = static_cast<FrameType>(word >> kTypeShift);
  frame.first_lsn = Lsn(word & kMaxLsn.value);
  frame.lsn_count = LoadU32(header + kLsnCountAt);
  frame.synced_lsn = Lsn(LoadU64(header + kSyncedLsnAt));
  return frame;
}

}  // namespace

void EncodeFrame(const Frame& frame, uint64_t salt, uint64_t offset, char* out) {
  const size_t payload_size = frame.payload.size();
  const size_t end = kFrameHeaderSizeBytes + payload_size;
  StoreU64(out + kSaltAt, salt);
  StoreU32(out + kPayloadSizeAt, static_cast<uint32_t>(payload_size));
  StoreU64(out + kFirstLsnAndTypeAt, frame.first_lsn.value | static_cast<uint64_t>(frame.type) << kTypeShift);
  StoreU64(out + kSyncedLsnAt, frame.synced_lsn.value);
  StoreU32(out + kLsnCountAt, frame.lsn_count);
  StoreU32(out + kOwnOffsetAt, static_cast<uint32_t>(offset / kFrameAlignmentBytes));
  if (payload_size > 0) std::memcpy(out + kFrameHeaderSizeBytes, frame.payload.data(), payload_size);
  std::memset(out + end, 0, FrameSizeBytes(payload_size) - end);
  StoreU32(out + kChecksumAt, Checksum(out, payload_size));
}

std::optional<uint64_t> PlausibleFrameSize(const char* header, uint64_t salt, uint64_t offset, uint64_t file_end) {
  if (LoadU64(header + kSaltAt) != salt) return std::nullopt;
  if (uint64_t{LoadU32(header + kOwnOffsetAt)} * kFrameAlignmentBytes != offset) return std::nullopt;
  const Frame frame = LoadHeader(header);
  if (!IsKnown(frame.type) || frame.last_lsn() > kMaxLsn || frame.synced_lsn > kMaxLsn) return std::nullopt;
  const uint64_t payload_size = LoadU32(header + kPayloadSizeAt);
  if (payload_size > kMaxPayloadSizeBytes) return std::nullopt;
  const uint64_t size = FrameSizeBytes(payload_size);
  if (offset > file_end || size > file_end - offset) return std::nullopt;
  return size;
}

std::optional<Frame> DecodeFrame(std::string_view bytes) {
  const size_t payload_size = LoadU32(bytes.data() + kPayloadSizeAt);
  if (LoadU32(bytes.data() + kChecksumAt) != Checksum(bytes.data(), payload_size)) return std::nullopt;
  const std::string_view padding = bytes.substr(kFrameHeaderSizeBytes + payload_size);
  if (std::any_of(padding.begin(), padding.end(), [](char byte) { return byte != 0; })) return std::nullopt;
  Frame frame = LoadHeader(bytes.data());
  frame.payload = bytes.substr(kFrameHeaderSizeBytes, payload_size);
  return frame;
}

}  // namespace aeternus::wal
