#include "env/testing/sim_file_system.h"

#include <utility>

#include "base/status.h"
#include "env/testing/sim_disk.h"
#include "env/testing/sim_handles.h"

namespace aeternus::env::testing {

std::string_view FileOpName(FileOp op) {
  switch (op) {
    case FileOp::kCreate:
      return "create";
    case FileOp::kOpen:
      return "open";
    case FileOp::kRead:
      return "read";
    case FileOp::kAppend:
      return "append";
    case FileOp::kReserve:
      return "reserve";
    case FileOp::kCommit:
      return "commit";
    case FileOp::kWriteAt:
      return "write at";
    case FileOp::kSync:
      return "sync";
    case FileOp::kClose:
      return "close";
    case FileOp::kDelete:
      return "delete";
    case FileOp::kRename:
      return "rename";
    case FileOp::kSyncDirectory:
      return "sync directory";
    case FileOp::kCreateDirectory:
      return "create directory";
    case FileOp::kList:
      return "list";
    case FileOp::kStat:
      return "stat";
    case FileOp::kLock:
      return "lock";
  }
  return "unknown";
}

SimFileSystem::SimFileSystem() : disk_(std::make_shared<SimDisk>()) {}
SimFileSystem::SimFileSystem(std::shared_ptr<SimDisk> disk) : disk_(std::move(disk)) {}
SimFileSystem::~SimFileSystem() = default;

std::unique_ptr<SimFileSystem> SimFileSystem::Crash(const CrashOptions& options) const {
  return std::unique_ptr<SimFileSystem>(new SimFileSystem(disk_->Crash(options)));  // a private constructor
}
std::unique_ptr<SimFileSystem> SimFileSystem::Fork() const {
  return std::unique_ptr<SimFileSystem>(new SimFileSystem(disk_->Fork()));
}
std::vector<UnsyncedItem> SimFileSystem::UnsyncedItems() const { return disk_->UnsyncedItems(); }
CrashCounts SimFileSystem::crash_counts() const { return disk_->crash(); }
uint64_t SimFileSystem::Fingerprint() const { return disk_->Fingerprint(); }

void SimFileSystem::SetFaultRule(std::function<Fault(const FileCall&)> rule) { disk_->SetFaultRule(std::move(rule)); }
void SimFileSystem::FailAt(uint64_t index, Fault fault, bool for_good) {
  disk_->SetFaultRule([=](const FileCall& call) {
    return call.index == index || (for_good && call.index > index) ? fault : Fault::kNone;
  });
}
void SimFileSystem::SetFreeSpace(uint64_t bytes) { disk_->SetFreeSpace(bytes); }

uint64_t SimFileSystem::calls() const { return disk_->calls(); }
uint64_t SimFileSystem::CountOf(FileOp op) const { return disk_->CountOf(op); }
uint64_t SimFileSystem::CountOf(Fault fault) const { return disk_->CountOf(fault); }
absl::StatusOr<std::string> SimFileSystem::Contents(const std::string& path) const { return disk_->Contents(path); }
absl::Status SimFileSystem::SetContents(const std::string& path, std::string bytes) {
  return disk_->SetContents(path, bytes);
}
std::vector<std::string> SimFileSystem::Files() const { return disk_->Files(); }

absl::StatusOr<std::unique_ptr<WritableFile>> SimFileSystem::NewWritableFile(const std::string& path) {
  AETERNUS_ASSIGN_OR_RETURN(OpenFile file, disk_->Create(path, /*allocate_bytes=*/0));
  return NewSimWritableFile(disk_, std::move(file));
}
absl::StatusOr<std::unique_ptr<LogFile>> SimFileSystem::NewLogFile(const std::string& path, uint64_t allocate_bytes) {
  AETERNUS_ASSIGN_OR_RETURN(OpenFile file, disk_->Create(path, allocate_bytes));
  return NewSimLogFile(disk_, std::move(file));
}
absl::StatusOr<std::unique_ptr<RandomAccessFile>> SimFileSystem::NewRandomAccessFile(const std::string& path) {
  AETERNUS_ASSIGN_OR_RETURN(OpenFile file, disk_->Open(path));
  return NewSimRandomAccessFile(disk_, std::move(file));
}
absl::StatusOr<std::unique_ptr<PatchFile>> SimFileSystem::NewPatchFile(const std::string& path) {
  AETERNUS_ASSIGN_OR_RETURN(OpenFile file, disk_->Open(path));
  return NewSimPatchFile(disk_, std::move(file));
}
absl::StatusOr<std::unique_ptr<FileLock>> SimFileSystem::LockFile(const std::string& path) {
  AETERNUS_RETURN_IF_ERROR(disk_->Lock(path));
  return NewSimFileLock(disk_, path);
}
absl::StatusOr<bool> SimFileSystem::FileExists(const std::string& path) { return disk_->Exists(path); }
absl::StatusOr<uint64_t> SimFileSystem::FileSize(const std::string& path) { return disk_->SizeOf(path); }
absl::StatusOr<std::vector<std::string>> SimFileSystem::ListDirectory(const std::string& path) {
  return disk_->List(path);
}
absl::Status SimFileSystem::CreateDirectory(const std::string& path) { return disk_->CreateDirectory(path); }
absl::Status SimFileSystem::SyncDirectory(const std::string& path) { return disk_->SyncDirectory(path); }
absl::Status SimFileSystem::RenameFile(const std::string& from, const std::string& to) {
  return disk_->Rename(from, to);
}
absl::Status SimFileSystem::DeleteFile(const std::string& path) { return disk_->Delete(path); }

}  // namespace aeternus::env::testing
