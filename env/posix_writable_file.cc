#include "env/posix_writable_file.h"

#include <fcntl.h>

#include "absl/strings/str_cat.h"
#include "base/status.h"

namespace aeternus::env {
namespace {
constexpr size_t kBufferSizeBytes = size_t{256} << 10;
constexpr uint64_t kWritebackBytes = uint64_t{1} << 20;
}  // namespace

absl::Status PosixWritableFile::Append(std::string_view data) {
  AETERNUS_RETURN_IF_ERROR(CheckUsable("append"));
  if (collected_.size() + data.size() > kBufferSizeBytes) StartWriting();
  if (data.size() <= kBufferSizeBytes) {
    collected_.append(data);
    return status_;
  }
  FinishWriting();
  return status_.ok() ? Remember(Write(data)) : status_;
}

absl::Status PosixWritableFile::Sync() {
  AETERNUS_RETURN_IF_ERROR(CheckUsable("sync"));
  AETERNUS_RETURN_IF_ERROR(WriteAll());
  return Remember(SyncData(descriptor_.get(), path_));
}

absl::Status PosixWritableFile::Close() {
  if (!descriptor_.is_open()) return status_;
  WriteAll().IgnoreError();  // remembered in status_
  const int error_number = descriptor_.Close();
  return error_number == 0 ? status_ : Remember(PosixError("close", path_, error_number));
}

absl::Status PosixWritableFile::CheckUsable(std::string_view operation) const {
  AETERNUS_RETURN_IF_ERROR(status_);
  if (descriptor_.is_open()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(operation, " ", path_, ": closed"));
}

void PosixWritableFile::StartWriting() {
  FinishWriting();
  if (!status_.ok() || collected_.empty()) return;
  std::swap(collected_, writing_);
  writer_.Start([this] {
    writing_status_ = Write(writing_);
    return true;
  });
}

void PosixWritableFile::FinishWriting() {
  if (writing_.empty()) return;
  const bool is_written = writer_.Finish();
  Remember(is_written ? std::move(writing_status_) : Write(writing_)).IgnoreError();
  writing_.clear();
}

absl::Status PosixWritableFile::WriteAll() {
  FinishWriting();
  AETERNUS_RETURN_IF_ERROR(status_);
  AETERNUS_RETURN_IF_ERROR(Remember(Write(collected_)));
  collected_.clear();
  return absl::OkStatus();
}

absl::Status PosixWritableFile::Write(std::string_view data) {
  AETERNUS_RETURN_IF_ERROR(WriteFully("append", descriptor_.get(), path_, written_, data));
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
