// Reads frames of one log file: first in order, up to the first byte that is no valid frame; then, on request, every
// valid frame behind that place, which is how recovery tells a torn tail from lost acknowledged writes (invariant 6).
//
// What makes a frame valid is said in wal/frame.h. Lengths are checked against the file before anything is allocated,
// and the work is linear in the bytes looked at, whatever they are. Bad bytes are an answer, not an error: the only
// errors are those of reading, and a search that meets a forged file (see reader.cc, kMaxMismatchPerByte).
//
//   wal::Reader reader(file.get(), database_id, number);
//   while (true) {
//     AETERNUS_ASSIGN_OR_RETURN(std::optional<wal::Frame> frame, reader.Next());
//     if (!frame) break;                 // reader.offset(): where the log ends
//   }
//   ... reader.ScanNext() ...            // valid frames behind the end, in any number of gaps
//
// Thread safety: one thread at a time.
#ifndef AETERNUS_WAL_READER_H_
#define AETERNUS_WAL_READER_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/file_identity.h"
#include "env/file_system.h"
#include "wal/frame.h"

namespace aeternus::wal {

// The identity at the head of a log or manifest. DataLoss when damaged, Unimplemented when newer; the frames can be
// read without it.
absl::StatusOr<FileIdentity> ReadIdentity(const env::RandomAccessFile& file, FileKind kind);

// The end of what is not zeros at or behind `offset`; `offset` itself when that is all zeros, as the allocated rest of
// a file is.
absl::StatusOr<uint64_t> EndOfData(const env::RandomAccessFile& file, uint64_t offset);

class Reader {
 public:
  // `file` outlives the reader. Starts behind the identity.
  Reader(const env::RandomAccessFile* file, DatabaseId database, FileNumber number);

  // The frame at offset(), whose payload lives until the next call; nullopt when there is none: offset() stays.
  absl::StatusOr<std::optional<Frame>> Next();
  // The next valid frame at or behind offset(), at any alignment the format allows; nullopt when there is none up to
  // the end of the file: offset() stays. offset() moves behind it; frame_offset() is where it begins. DataLoss when
  // the headers in the file claim so many overlapping bytes that only a forger can have written them.
  absl::StatusOr<std::optional<Frame>> ScanNext();

  // Offset in the file of the end of the last frame returned.
  uint64_t offset() const { return offset_; }
  // Offset in the file at which the last frame returned begins.
  uint64_t frame_offset() const { return frame_offset_; }
  const std::string& path() const { return file_->path(); }

 private:
  // Makes bytes [offset, offset + n) available in buffer_; false when the file is shorter.
  absl::StatusOr<bool> Fill(uint64_t offset, uint64_t n);
  absl::StatusOr<std::optional<Frame>> FrameAt(uint64_t offset);
  // Where data begins at or behind `offset`, which is not in buffer_.
  absl::StatusOr<uint64_t> NextData(uint64_t offset) const;
  // From `offset` on, the first place in buffer_ that holds the salt, or the first whose salt is not all there.
  uint64_t FindSaltInBuffer(uint64_t offset) const;

  bool IsBuffered(uint64_t offset, uint64_t n) const {
    return offset >= buffer_offset_ && offset + n <= buffer_offset_ + buffer_.size();
  }
  const char* BufferAt(uint64_t offset) const { return buffer_.data() + (offset - buffer_offset_); }

  const env::RandomAccessFile* const file_;
  const uint64_t salt_;
  uint64_t offset_;
  uint64_t frame_offset_ = 0;
  std::optional<uint64_t> file_end_;  // once known; nothing behind kMaxLogSizeBytes is looked at
  std::string buffer_;                // the bytes of the file from buffer_offset_
  uint64_t buffer_offset_ = 0;
  uint64_t data_behind_ = 0;       // from the end of buffer_ up to here the file holds nothing
  uint64_t window_bytes_;          // of the next read
  uint64_t mismatched_bytes_ = 0;  // in frames with a plausible header whose checksum was wrong
};

}  // namespace aeternus::wal

#endif  // AETERNUS_WAL_READER_H_
