#include "env/testing/sim_handles.h"

#include <utility>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"

namespace aeternus::env::testing {
namespace {

class SimRandomAccessFile final : public RandomAccessFile {
 public:
  SimRandomAccessFile(std::shared_ptr<SimDisk> disk, OpenFile file) : disk_(std::move(disk)), file_(std::move(file)) {}

  absl::Status Read(uint64_t offset, absl::Span<char> out) const override { return disk_->Read(file_, offset, out); }
  absl::StatusOr<uint64_t> Size() const override { return disk_->Size(file_); }
  absl::StatusOr<uint64_t> NextData(uint64_t offset) const override { return disk_->NextData(file_, offset); }
  const std::string& path() const override { return file_.path; }

 private:
  const std::shared_ptr<SimDisk> disk_;
  const OpenFile file_;
};

class SimWritableFile final : public WritableFile {
 public:
  SimWritableFile(std::shared_ptr<SimDisk> disk, OpenFile file) : disk_(std::move(disk)), file_(std::move(file)) {}

  absl::Status Append(std::string_view data) override {
    AETERNUS_RETURN_IF_ERROR(CheckOpen(FileOp::kAppend));
    return disk_->Append(file_, data);
  }
  absl::Status Sync() override {
    AETERNUS_RETURN_IF_ERROR(CheckOpen(FileOp::kSync));
    return disk_->Sync(file_);
  }
  absl::Status Close() override {
    if (std::exchange(is_closed_, true)) return absl::OkStatus();
    return disk_->Close(file_);
  }

 private:
  absl::Status CheckOpen(FileOp op) const {
    if (!is_closed_) return absl::OkStatus();
    return absl::FailedPreconditionError(absl::StrCat(FileOpName(op), " ", file_.path, ": closed"));
  }

  const std::shared_ptr<SimDisk> disk_;
  const OpenFile file_;
  bool is_closed_ = false;
};

class SimLogFile final : public LogFile {
 public:
  SimLogFile(std::shared_ptr<SimDisk> disk, OpenFile file) : disk_(std::move(disk)), file_(std::move(file)) {}

  absl::StatusOr<absl::Span<char>> Reserve(size_t n) override {
    AETERNUS_RETURN_IF_ERROR(disk_->Reserve(file_, size_ + n));
    // Not zeros: whoever leaves a byte of it out shall notice.
    buffer_.assign(n, '\xa5');
    return absl::MakeSpan(buffer_);
  }
  absl::Status Commit(size_t n, Next) override {
    CHECK_LE(n, buffer_.size()) << "more committed than reserved of " << file_.path;
    const std::string_view data = std::string_view(buffer_).substr(0, n);
    AETERNUS_RETURN_IF_ERROR(disk_->WriteAt(FileOp::kCommit, file_, size_, data));
    size_ += n;
    buffer_.clear();
    return absl::OkStatus();
  }
  absl::Status Sync() override { return disk_->Sync(file_); }
  uint64_t size() const override { return size_; }
  const std::string& path() const override { return file_.path; }

 private:
  const std::shared_ptr<SimDisk> disk_;
  const OpenFile file_;
  uint64_t size_ = 0;
  std::string buffer_;
};

class SimPatchFile final : public PatchFile {
 public:
  SimPatchFile(std::shared_ptr<SimDisk> disk, OpenFile file) : disk_(std::move(disk)), file_(std::move(file)) {}

  absl::Status WriteAt(uint64_t offset, std::string_view data) override {
    return disk_->WriteAt(FileOp::kWriteAt, file_, offset, data);
  }
  absl::Status Sync() override { return disk_->Sync(file_); }

 private:
  const std::shared_ptr<SimDisk> disk_;
  const OpenFile file_;
};

class SimFileLock final : public FileLock {
 public:
  SimFileLock(std::shared_ptr<SimDisk> disk, std::string path) : disk_(std::move(disk)), path_(std::move(path)) {}
  ~SimFileLock() override { disk_->Unlock(path_); }

 private:
  const std::shared_ptr<SimDisk> disk_;
  const std::string path_;
};

}  // namespace

std::unique_ptr<RandomAccessFile> NewSimRandomAccessFile(std::shared_ptr<SimDisk> disk, OpenFile file) {
  return std::make_unique<SimRandomAccessFile>(std::move(disk), std::move(file));
}
std::unique_ptr<WritableFile> NewSimWritableFile(std::shared_ptr<SimDisk> disk, OpenFile file) {
  return std::make_unique<SimWritableFile>(std::move(disk), std::move(file));
}
std::unique_ptr<LogFile> NewSimLogFile(std::shared_ptr<SimDisk> disk, OpenFile file) {
  return std::make_unique<SimLogFile>(std::move(disk), std::move(file));
}
std::unique_ptr<PatchFile> NewSimPatchFile(std::shared_ptr<SimDisk> disk, OpenFile file) {
  return std::make_unique<SimPatchFile>(std::move(disk), std::move(file));
}
std::unique_ptr<FileLock> NewSimFileLock(std::shared_ptr<SimDisk> disk, std::string path) {
  return std::make_unique<SimFileLock>(std::move(disk), std::move(path));
}

}  // namespace aeternus::env::testing
