// The file system of the machine, by POSIX calls and those of Linux for allocation and holes.
//
// Descriptors: every WritableFile, LogFile, PatchFile and FileLock holds one; RandomAccessFiles share a budget
// (descriptor_budget.h), so that there may be far more of them than the process may open.
#ifndef AETERNUS_ENV_POSIX_FILE_SYSTEM_H_
#define AETERNUS_ENV_POSIX_FILE_SYSTEM_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "env/file_system.h"

namespace aeternus::env {

class DescriptorBudget;

struct PosixFileSystemOptions {
  // Descriptors of RandomAccessFiles open at a time; 0: half of what the process may open, at most 4096. More are open
  // only while more threads than this read at once.
  size_t max_open_files = 0;
};

class PosixFileSystem final : public FileSystem {
 public:
  explicit PosixFileSystem(const PosixFileSystemOptions& options = {});
  ~PosixFileSystem() override;  // after every file made by it

  absl::StatusOr<std::unique_ptr<WritableFile>> NewWritableFile(const std::string& path) override;
  absl::StatusOr<std::unique_ptr<LogFile>> NewLogFile(const std::string& path, uint64_t allocate_bytes) override;
  absl::StatusOr<std::unique_ptr<RandomAccessFile>> NewRandomAccessFile(const std::string& path) override;
  absl::StatusOr<std::unique_ptr<PatchFile>> NewPatchFile(const std::string& path) override;
  absl::StatusOr<std::unique_ptr<FileLock>> LockFile(const std::string& path) override;
  absl::StatusOr<bool> FileExists(const std::string& path) override;
  absl::StatusOr<uint64_t> FileSize(const std::string& path) override;
  absl::StatusOr<std::vector<std::string>> ListDirectory(const std::string& path) override;
  absl::Status CreateDirectory(const std::string& path) override;
  absl::Status SyncDirectory(const std::string& path) override;
  absl::Status RenameFile(const std::string& from, const std::string& to) override;
  absl::Status DeleteFile(const std::string& path) override;

 private:
  const std::unique_ptr<DescriptorBudget> budget_;
};

}  // namespace aeternus::env

#endif  // AETERNUS_ENV_POSIX_FILE_SYSTEM_H_
