#include "env/posix_file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "env/descriptor_budget.h"
#include "env/posix_file_lock.h"
#include "env/posix_io.h"
#include "env/posix_log_file.h"
#include "env/posix_random_access_file.h"
#include "env/posix_writable_file.h"

namespace aeternus::env {
namespace {

constexpr int kCreateNewFlags = O_CREAT | O_EXCL | O_RDWR;

size_t DefaultMaxOpenFiles() {
  constexpr size_t kMost = 4096;
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return kMost;
  return std::clamp<size_t>(limit.rlim_cur / 2, 1, kMost);
}

bool IsDirectory(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

struct DirectoryCloser {
  void operator()(DIR* directory) const { closedir(directory); }
};

}  // namespace

PosixFileSystem::PosixFileSystem(const PosixFileSystemOptions& options)
    : budget_(std::make_unique<DescriptorBudget>(options.max_open_files > 0 ? options.max_open_files
                                                                            : DefaultMaxOpenFiles())) {}

PosixFileSystem::~PosixFileSystem() = default;

absl::StatusOr<std::unique_ptr<WritableFile>> PosixFileSystem::NewWritableFile(const std::string& path) {
  AETERNUS_ASSIGN_OR_RETURN(Descriptor descriptor, OpenDescriptor("create", path, kCreateNewFlags));
  return std::make_unique<PosixWritableFile>(std::move(descriptor), path);
}

absl::StatusOr<std::unique_ptr<LogFile>> PosixFileSystem::NewLogFile(const std::string& path, uint64_t allocate_bytes) {
  AETERNUS_ASSIGN_OR_RETURN(Descriptor descriptor, OpenDescriptor("create", path, kCreateNewFlags));
  auto file = std::make_unique<PosixLogFile>(std::move(descriptor), path);
  if (absl::Status status = file->Allocate(allocate_bytes); !status.ok()) {
    file.reset();
    unlink(path.c_str());  // the first error is the one to tell; a log left behind is found and deleted at Open
    return status;
  }
  return file;
}

absl::StatusOr<std::unique_ptr<RandomAccessFile>> PosixFileSystem::NewRandomAccessFile(const std::string& path) {
  auto file = std::make_unique<PosixRandomAccessFile>(budget_.get(), path);
  AETERNUS_RETURN_IF_ERROR(file->Probe());
  return file;
}

absl::StatusOr<std::unique_ptr<PatchFile>> PosixFileSystem::NewPatchFile(const std::string& path) {
  AETERNUS_ASSIGN_OR_RETURN(Descriptor descriptor, OpenDescriptor("open", path, O_RDWR));
  return std::make_unique<PosixPatchFile>(std::move(descriptor), path);
}

absl::StatusOr<std::unique_ptr<FileLock>> PosixFileSystem::LockFile(const std::string& path) {
  return LockPosixFile(path);
}

absl::StatusOr<bool> PosixFileSystem::FileExists(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) == 0) return true;
  if (errno == ENOENT || errno == ENOTDIR) return false;
  return PosixError("stat", path, errno);
}

absl::StatusOr<uint64_t> PosixFileSystem::FileSize(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return PosixError("stat", path, errno);
  if (S_ISDIR(info.st_mode)) return PosixError("stat", path, EISDIR);
  return static_cast<uint64_t>(info.st_size);
}

absl::StatusOr<std::vector<std::string>> PosixFileSystem::ListDirectory(const std::string& path) {
  const std::unique_ptr<DIR, DirectoryCloser> directory(opendir(path.c_str()));
  if (directory == nullptr) return PosixError("list", path, errno);
  std::vector<std::string> names;
  while (true) {
    errno = 0;  // the only way to tell the end from an error
    const struct dirent* const entry = readdir(directory.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) return PosixError("list", path, errno);
  std::sort(names.begin(), names.end());
  return names;
}

// A directory is made only after its parent is durable. So, of the directories that exist already, only the last one
// may not be durable yet: whoever made it may have been killed before the sync.
absl::Status PosixFileSystem::CreateDirectory(const std::string& path) {
  const std::string parent = DirectoryOf(path);
  if (IsDirectory(path)) {
    const absl::Status status = SyncDirectoryEntries(parent);
    // A parent that we may not open was not ours to change either.
    return absl::IsPermissionDenied(status) ? absl::OkStatus() : status;
  }
  if (parent != path) AETERNUS_RETURN_IF_ERROR(CreateDirectory(parent));
  if (mkdir(path.c_str(), 0755) != 0) {
    // Another process may have made it meanwhile.
    if (errno != EEXIST) return PosixError("create directory", path, errno);
    if (!IsDirectory(path)) return PosixError("create directory", path, ENOTDIR);
  }
  return SyncDirectoryEntries(parent);
}

absl::Status PosixFileSystem::SyncDirectory(const std::string& path) { return SyncDirectoryEntries(path); }

absl::Status PosixFileSystem::RenameFile(const std::string& from, const std::string& to) {
  const std::string what = absl::StrCat(from, " to ", to);
  if (DirectoryOf(from) != DirectoryOf(to)) {
    return absl::InvalidArgumentError(absl::StrCat("rename ", what, ": into another directory"));
  }
  if (IsDirectory(from)) return PosixError("rename", what, EISDIR);
  if (rename(from.c_str(), to.c_str()) != 0) return PosixError("rename", what, errno);
  return absl::OkStatus();
}

absl::Status PosixFileSystem::DeleteFile(const std::string& path) {
  if (unlink(path.c_str()) != 0) return PosixError("delete", path, errno);
  return absl::OkStatus();
}

}  // namespace aeternus::env
