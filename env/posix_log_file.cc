#include "env/posix_log_file.h"

#include <algorithm>

#include "absl/log/check.h"
#include "base/status.h"

namespace aeternus::env {
namespace {

// Beyond its allocation a log doubles, within these bounds: what is small stays small, and a log in use does not change
// its size at every frame.
constexpr uint64_t kMinGrowthBytes = uint64_t{64} << 10;
constexpr uint64_t kMaxGrowthBytes = uint64_t{16} << 20;
// A buffer that one huge batch needed is not kept for the small ones after it.
constexpr size_t kMaxIdleBufferBytes = size_t{4} << 20;

}  // namespace

absl::Status PosixLogFile::Allocate(uint64_t bytes) {
  if (bytes <= allocated_ || !can_allocate_) return absl::OkStatus();
  const absl::Status status = AllocateSpace(descriptor_.get(), path_, allocated_, bytes - allocated_);
  if (absl::IsUnimplemented(status)) {
    can_allocate_ = false;
    return absl::OkStatus();
  }
  AETERNUS_RETURN_IF_ERROR(status);
  allocated_ = bytes;
  return absl::OkStatus();
}

absl::StatusOr<absl::Span<char>> PosixLogFile::Reserve(size_t n) {
  AETERNUS_RETURN_IF_ERROR(AllocateUpTo(size_ + n));
  MakeBuffer(n);
  reserved_ = n;
  return absl::Span<char>(buffer_.get(), n);
}

absl::Status PosixLogFile::Commit(size_t n, Next next) {
  CHECK_LE(n, reserved_) << "more committed than reserved of " << path_;
  reserved_ = 0;
  const std::string_view data(buffer_.get(), n);
  const bool is_stored =
      next == Next::kMore && can_allocate_ && window_.Store(descriptor_.get(), size_, data, allocated_);
  if (!is_stored) {
    window_.LeaveFor(size_ + n);
    size_t written = 0;
    const absl::Status status = WriteFully("commit", descriptor_.get(), path_, size_, data, &written);
    if (!status.ok()) return written > 0 ? AsFinal(status) : status;
  }
  size_ += n;
  return absl::OkStatus();
}

absl::Status PosixLogFile::AllocateUpTo(uint64_t end) {
  if (end <= allocated_ || !can_allocate_) return absl::OkStatus();
  const uint64_t growth = std::clamp(allocated_, kMinGrowthBytes, kMaxGrowthBytes);
  const absl::Status status = Allocate(std::max(end, allocated_ + growth));
  // On an almost full disk the frame itself may still fit.
  return absl::IsResourceExhausted(status) ? Allocate(end) : status;
}

void PosixLogFile::MakeBuffer(size_t n) {
  const bool is_oversized = buffer_size_ > kMaxIdleBufferBytes && n <= kMaxIdleBufferBytes;
  if (n <= buffer_size_ && !is_oversized) return;
  buffer_size_ = std::max(n, std::min(2 * buffer_size_, kMaxIdleBufferBytes));
  if (is_oversized) buffer_size_ = n;
  buffer_ = std::make_unique_for_overwrite<char[]>(buffer_size_);
}

}  // namespace aeternus::env
