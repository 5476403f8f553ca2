#include "wal/reader.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "base/coding.h"
#include "base/status.h"

namespace aeternus::wal {
namespace {

// Reads begin small, so that opening a tiny log costs a tiny read, and double up to the largest window.
constexpr uint64_t kFirstWindowBytes = uint64_t{4} << 10;
constexpr uint64_t kLargestWindowBytes = uint64_t{256} << 10;
// Windows end where pages do: a page is drawn into memory as a whole, and of an unwritten one there the kernel says
// that it is data.
constexpr uint64_t kPageBytes = uint64_t{4} << 10;
constexpr size_t kSaltBytes = sizeof(uint64_t);

// Why ScanNext is linear. A header is worth a checksum over its frame only if salt and own offset fit, so nothing but
// a header that was once written for this very place passes. The frames of one log do not overlap, and a sector holds
// a length (bytes 12-15) together with the checksum beside it, so after a crash such headers still have their true
// lengths: all the checksums that fail cover each byte of the file at most once. Only a damaged length can claim more,
// up to the whole file each. That many of them may cover the file this many times over; beyond, the file was forged to
// keep us busy, and saying so is safer than taking the rest of it for empty.
constexpr uint64_t kMaxMismatchPerByte = 16;

uint64_t RoundDown(uint64_t offset) { return offset / kFrameAlignmentBytes * kFrameAlignmentBytes; }

}  // namespace

absl::StatusOr<FileIdentity> ReadIdentity(const env::RandomAccessFile& file, FileKind kind) {
  std::string bytes(kFileIdentitySizeBytes, '\0');
  const absl::Status status = file.Read(0, absl::MakeSpan(bytes));
  if (absl::IsOutOfRange(status)) return CorruptionError(file.path(), 0, "the file is shorter than its identity");
  AETERNUS_RETURN_IF_ERROR(status);
  return DecodeFileIdentity(bytes, kind, file.path(), 0);
}

absl::StatusOr<uint64_t> EndOfData(const env::RandomAccessFile& file, uint64_t offset) {
  constexpr uint64_t kChunkSizeBytes = uint64_t{256} << 10;
  AETERNUS_ASSIGN_OR_RETURN(const uint64_t size, file.Size());
  uint64_t end = offset;
  std::string chunk;
  while (offset < size) {
    AETERNUS_ASSIGN_OR_RETURN(const uint64_t data, file.NextData(offset));
    offset = std::max(offset, data);
    if (offset >= size) break;
    chunk.resize(std::min(kChunkSizeBytes, size - offset));
    AETERNUS_RETURN_IF_ERROR(file.Read(offset, absl::MakeSpan(chunk)));
    if (const size_t last = chunk.find_last_not_of('\0'); last != std::string::npos) end = offset + last + 1;
    offset += chunk.size();
  }
  return end;
}

Reader::Reader(const env::RandomAccessFile* file, DatabaseId database, FileNumber number)
    : file_(file),
      salt_(FrameSalt(database, number)),
      offset_(kFileIdentitySizeBytes),
      window_bytes_(kFirstWindowBytes) {}

absl::StatusOr<std::optional<Frame>> Reader::Next() {
  AETERNUS_ASSIGN_OR_RETURN(std::optional<Frame> frame, FrameAt(offset_));
  if (frame.has_value()) {
    frame_offset_ = offset_;
    offset_ += FrameSizeBytes(frame->payload.size());
  }
  return frame;
}

absl::StatusOr<std::optional<Frame>> Reader::ScanNext() {
  uint64_t at = offset_;
  while (true) {
    if (!IsBuffered(at, kFrameHeaderSizeBytes)) {
      // Skips the allocated rest of a log without reading it. Rounded down, because a salt may begin with zero bytes.
      if (!IsBuffered(at, kSaltBytes)) {
        AETERNUS_ASSIGN_OR_RETURN(const uint64_t data, NextData(at));
        at = std::max(at, RoundDown(data));
      }
      AETERNUS_ASSIGN_OR_RETURN(const bool is_there, Fill(at, kFrameHeaderSizeBytes));
      if (!is_there) return std::nullopt;
    }
    at = FindSaltInBuffer(at);
    if (!IsBuffered(at, kFrameHeaderSizeBytes)) continue;
    AETERNUS_ASSIGN_OR_RETURN(std::optional<Frame> frame, FrameAt(at));
    if (frame.has_value()) {
      frame_offset_ = at;
      offset_ = at + FrameSizeBytes(frame->payload.size());
      return frame;
    }
    if (mismatched_bytes_ / kMaxMismatchPerByte > *file_end_) {
      return CorruptionError(path(), at, "frame headers claim ", mismatched_bytes_, " bytes of a file of ", *file_end_);
    }
    at += kFrameAlignmentBytes;
  }
}

absl::StatusOr<bool> Reader::Fill(uint64_t offset, uint64_t n) {
  if (IsBuffered(offset, n)) return true;
  if (!file_end_.has_value()) {
    AETERNUS_ASSIGN_OR_RETURN(const uint64_t size, file_->Size());
    file_end_ = std::min(size, kMaxLogSizeBytes);
  }
  if (offset > *file_end_ || n > *file_end_ - offset) return false;
  const uint64_t whole_pages_end = (offset + window_bytes_) / kPageBytes * kPageBytes;
  const uint64_t end = std::min(std::max(offset + n, whole_pages_end), *file_end_);
  window_bytes_ = std::min(2 * window_bytes_, kLargestWindowBytes);
  // Asked before the read, with which the kernel may read ahead.
  AETERNUS_ASSIGN_OR_RETURN(data_behind_, file_->NextData(end));
  buffer_.resize(end - offset);
  buffer_offset_ = offset;
  const absl::Status status = file_->Read(offset, absl::MakeSpan(buffer_));
  if (status.ok()) return true;
  buffer_.clear();
  data_behind_ = 0;
  if (absl::IsOutOfRange(status)) return false;  // the file was cut meanwhile
  return status;
}

absl::StatusOr<uint64_t> Reader::NextData(uint64_t offset) const {
  const bool is_known = offset >= buffer_offset_ + buffer_.size() && offset <= data_behind_;
  return is_known ? data_behind_ : file_->NextData(offset);
}

absl::StatusOr<std::optional<Frame>> Reader::FrameAt(uint64_t offset) {
  AETERNUS_ASSIGN_OR_RETURN(const bool has_header, Fill(offset, kFrameHeaderSizeBytes));
  if (!has_header) return std::nullopt;
  const std::optional<uint64_t> size = PlausibleFrameSize(BufferAt(offset), salt_, offset, *file_end_);
  if (!size.has_value()) return std::nullopt;
  AETERNUS_ASSIGN_OR_RETURN(const bool is_whole, Fill(offset, *size));
  if (!is_whole) return std::nullopt;
  std::optional<Frame> frame = DecodeFrame({BufferAt(offset), *size});
  if (!frame.has_value()) mismatched_bytes_ += *size;
  return frame;
}

uint64_t Reader::FindSaltInBuffer(uint64_t offset) const {
  while (IsBuffered(offset, kSaltBytes) && LoadU64(BufferAt(offset)) != salt_) {
    offset += kFrameAlignmentBytes;
  }
  return offset;
}

}  // namespace aeternus::wal
