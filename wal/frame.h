// The frame: the unit of every log, of data and of the manifest alike. A log file is a 64-byte file identity
// (base/file_identity.h) followed by frames; each is 8-byte aligned.
//
// offset size
//      0    8  salt = StableHash(database id, file number): known without the header of the file, so that a damaged
//              header cannot pass for an empty log, and frames of a recycled file's former life are not ours
//      8    4  CRC-32C of bytes 12 .. 40 + payload size
//     12    4  payload size in bytes
//     16    8  first LSN (low 56 bits) and frame type (high byte)
//     24    8  synced LSN: everything up to it was durable when this frame was written
//     32    4  number of LSNs in this frame (consecutive, from the first LSN)
//     36    4  own offset in the file, divided by 8
//     40    n  payload
//   40+n  0-7  zeros up to the next multiple of 8
//
// A zeroed header is the end of a log. In a manifest the "LSN" of a frame is its edit number.
//
// A frame is valid at an offset iff its header is plausible there (salt, own offset, known type, LSNs below 2^56, and
// a length that ends inside the file), its checksum fits and the bytes behind its payload are zeros: every bit of it
// matters. Reserved types count as known: a frame that nobody here can interpret is still not the end of a log.
#ifndef AETERNUS_WAL_FRAME_H_
#define AETERNUS_WAL_FRAME_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/hash.h"
#include "base/types.h"

namespace aeternus::wal {

inline constexpr size_t kFrameHeaderSizeBytes = 40;
inline constexpr size_t kFrameAlignmentBytes = 8;
// A log file stays below this, and so does a payload.
inline constexpr uint64_t kMaxLogSizeBytes = uint64_t{1} << 34;
inline constexpr uint64_t kMaxPayloadSizeBytes = 0xf000'0000;

enum class FrameType : uint8_t {
  kBatch = 1,    // payload: a write batch (engine/batch_format.h)
  kSeal = 2,     // payload: empty; first LSN = last LSN of the log. Proves only its synced LSN.
  kLink = 3,     // payload: a LogLink; the first frame of a data log. Holds no LSN of its own.
  kEdit = 4,     // payload: a version edit (manifest/version_edit.h)
  kPrepare = 5,  // 5-7 reserved for transactions
  kCommit = 6,
  kAbort = 7,
};

// A frame to write, or one that was read; the payload is not owned.
struct Frame {
  FrameType type = FrameType::kBatch;
  Lsn first_lsn{};
  uint32_t lsn_count = 0;
  Lsn synced_lsn{};
  std::string_view payload{};

  Lsn last_lsn() const { return lsn_count == 0 ? first_lsn : Lsn(first_lsn.value + lsn_count - 1); }
};

inline uint64_t FrameSalt(DatabaseId database, FileNumber file) { return StableHash(database.value, file.value); }

// Bytes that a frame with such a payload takes in the file.
inline uint64_t FrameSizeBytes(uint64_t payload_size) {
  return (kFrameHeaderSizeBytes + payload_size + kFrameAlignmentBytes - 1) / kFrameAlignmentBytes *
         kFrameAlignmentBytes;
}

// Writes the FrameSizeBytes(frame.payload.size()) bytes of `frame` at `out`, to stand at `offset` in the file.
void EncodeFrame(const Frame& frame, uint64_t salt, uint64_t offset, char* out);

// Bytes that the frame takes which begins at `offset` with the header at `header` (kFrameHeaderSizeBytes bytes);
// nullopt when that header is not plausible in a file that ends at `file_end`. Reads nothing but the header.
std::optional<uint64_t> PlausibleFrameSize(const char* header, uint64_t salt, uint64_t offset, uint64_t file_end);

// The frame in `bytes`, all of a frame whose header is plausible; nullopt when checksum or padding is wrong. The
// payload is a view into `bytes`.
std::optional<Frame> DecodeFrame(std::string_view bytes);

}  // namespace aeternus::wal

#endif  // AETERNUS_WAL_FRAME_H_
