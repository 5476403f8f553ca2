#include "env/posix_writable_file.h"

#include <fcntl.h>

#include "absl/strings/str_cat.h"
#include "base/status.h"

namespace aeternus::env {
namespace {
constexpr size_t kBufferSizeBytes = size_t{64} << 10;
constexpr uint64_t kWritebackBytes = uint64_t{1} << 20;
}  // namespace

absl::Status PosixWritableFile::Append(std::string_view data) {
  AETERNUS_RETURN_IF_ERROR(status_);
  if (!descriptor_.is_open()) return absl::FailedPreconditionError(absl::StrCat("append ", path_, ": closed"));
  if (buffer_.size() + data.size() > kBufferSizeBytes) AETERNUS_RETURN_IF_ERROR(Flush());
  if (data.size() >= kBufferSizeBytes) return Write(data);
  if (buffer_.capacity() < kBufferSizeBytes) buffer_.reserve(kBufferSizeBytes);
  buffer_.append(data);
  return absl::OkStatus();
}

absl::Status PosixWritableFile::Sync() {
  AETERNUS_RETURN_IF_ERROR(status_);
  if (!descriptor_.is_open()) return absl::FailedPreconditionError(absl::StrCat("sync ", path_, ": closed"));
  AETERNUS_RETURN_IF_ERROR(Flush());
  return Remember(SyncData(descriptor_.get(), path_));
}

absl::Status PosixWritableFile::Close() {
  if (!descriptor_.is_open()) return status_;
  if (status_.ok()) Flush().IgnoreError();  // remembered in status_
  const int error_number = descriptor_.Close();
  return error_number == 0 ? status_ : Remember(PosixError("close", path_, error_number));
}

absl::Status PosixWritableFile::Flush() {
  AETERNUS_RETURN_IF_ERROR(Write(buffer_));
  buffer_.clear();
  return absl::OkStatus();
}

absl::Status PosixWritableFile::Write(std::string_view data) {
  AETERNUS_RETURN_IF_ERROR(Remember(WriteFully("append", descriptor_.get(), path_, written_, data)));
  written_ += data.size();
  if (written_ - writing_back_ >= kWritebackBytes) StartWriteback();
  return absl::OkStatus();
}

void PosixWritableFile::StartWriteback() {
  // It waits for nothing and answers for nothing: what the disk fails at, the sync is told.
  sync_file_range(descriptor_.get(), static_cast<off_t>(writing_back_), static_cast<off_t>(written_ - writing_back_),
                  SYNC_FILE_RANGE_WRITE);
  writing_back_ = written_;
}

absl::Status PosixWritableFile::Remember(absl::Status status) {
  status_.Update(std::move(status));
  return status_;
}

}  // namespace aeternus::env
