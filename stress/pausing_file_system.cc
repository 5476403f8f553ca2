#include "stress/pausing_file_system.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "base/status.h"

namespace aeternus::stress {
namespace {

using OnCall = const std::function<void()>&;

class PausingWritableFile final : public env::WritableFile {
 public:
  PausingWritableFile(std::unique_ptr<env::WritableFile> base, OnCall on_call)
      : base_(std::move(base)), on_call_(on_call) {}
  absl::Status Append(std::string_view data) override {
    on_call_();
    return base_->Append(data);
  }
  absl::Status Sync() override {
    on_call_();
    return base_->Sync();
  }
  absl::Status Close() override { return base_->Close(); }

 private:
  const std::unique_ptr<env::WritableFile> base_;
  OnCall on_call_;
};

class PausingLogFile final : public env::LogFile {
 public:
  PausingLogFile(std::unique_ptr<env::LogFile> base, OnCall on_call) : base_(std::move(base)), on_call_(on_call) {}
  absl::StatusOr<absl::Span<char>> Reserve(size_t n) override { return base_->Reserve(n); }
  absl::Status Commit(size_t n, Next next) override {
    on_call_();
    return base_->Commit(n, next);
  }
  absl::Status Sync() override {
    on_call_();
    return base_->Sync();
  }
  uint64_t size() const override { return base_->size(); }
  const std::string& path() const override { return base_->path(); }

 private:
  const std::unique_ptr<env::LogFile> base_;
  OnCall on_call_;
};

class PausingPatchFile final : public env::PatchFile {
 public:
  PausingPatchFile(std::unique_ptr<env::PatchFile> base, OnCall on_call) : base_(std::move(base)), on_call_(on_call) {}
  absl::Status WriteAt(uint64_t offset, std::string_view data) override {
    on_call_();
    return base_->WriteAt(offset, data);
  }
  absl::Status Sync() override {
    on_call_();
    return base_->Sync();
  }

 private:
  const std::unique_ptr<env::PatchFile> base_;
  OnCall on_call_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<env::WritableFile>> PausingFileSystem::NewWritableFile(const std::string& path) {
  on_call_();
  AETERNUS_ASSIGN_OR_RETURN(auto base, base_->NewWritableFile(path));
  return std::make_unique<PausingWritableFile>(std::move(base), on_call_);
}

absl::StatusOr<std::unique_ptr<env::LogFile>> PausingFileSystem::NewLogFile(const std::string& path,
                                                                            uint64_t allocate_bytes) {
  on_call_();
  AETERNUS_ASSIGN_OR_RETURN(auto base, base_->NewLogFile(path, allocate_bytes));
  return std::make_unique<PausingLogFile>(std::move(base), on_call_);
}

absl::StatusOr<std::unique_ptr<env::RandomAccessFile>> PausingFileSystem::NewRandomAccessFile(const std::string& path) {
  return base_->NewRandomAccessFile(path);
}

absl::StatusOr<std::unique_ptr<env::PatchFile>> PausingFileSystem::NewPatchFile(const std::string& path) {
  AETERNUS_ASSIGN_OR_RETURN(auto base, base_->NewPatchFile(path));
  return std::make_unique<PausingPatchFile>(std::move(base), on_call_);
}

absl::StatusOr<std::unique_ptr<env::FileLock>> PausingFileSystem::LockFile(const std::string& path) {
  on_call_();
  return base_->LockFile(path);
}

absl::StatusOr<bool> PausingFileSystem::FileExists(const std::string& path) { return base_->FileExists(path); }

absl::StatusOr<uint64_t> PausingFileSystem::FileSize(const std::string& path) { return base_->FileSize(path); }

absl::StatusOr<std::vector<std::string>> PausingFileSystem::ListDirectory(const std::string& path) {
  return base_->ListDirectory(path);
}

absl::Status PausingFileSystem::CreateDirectory(const std::string& path) {
  on_call_();
  return base_->CreateDirectory(path);
}

absl::Status PausingFileSystem::SyncDirectory(const std::string& path) {
  on_call_();
  return base_->SyncDirectory(path);
}

absl::Status PausingFileSystem::RenameFile(const std::string& from, const std::string& to) {
  on_call_();
  return base_->RenameFile(from, to);
}

absl::Status PausingFileSystem::DeleteFile(const std::string& path) {
  on_call_();
  return base_->DeleteFile(path);
}

}  // namespace aeternus::stress
