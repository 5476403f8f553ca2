// A file system over another that calls back before its n-th call that changes something on disk, so that a process can
// be held, and killed, between any two of them.
//
// Thread safety: as the one below. `on_call` runs on the thread that makes the call, with no lock held here.
#ifndef AETERNUS_STRESS_PAUSING_FILE_SYSTEM_H_
#define AETERNUS_STRESS_PAUSING_FILE_SYSTEM_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "env/file_system.h"

namespace aeternus::stress {

class PausingFileSystem final : public env::FileSystem {
 public:
  // `base` outlives it. `on_call` is called before every call that creates, writes, syncs, renames or deletes, those
  // of the handles included.
  PausingFileSystem(env::FileSystem* base, std::function<void()> on_call) : base_(base), on_call_(std::move(on_call)) {}

  absl::StatusOr<std::unique_ptr<env::WritableFile>> NewWritableFile(const std::string& path) override;
  absl::StatusOr<std::unique_ptr<env::LogFile>> NewLogFile(const std::string& path, uint64_t allocate_bytes) override;
  absl::StatusOr<std::unique_ptr<env::RandomAccessFile>> NewRandomAccessFile(const std::string& path) override;
  absl::StatusOr<std::unique_ptr<env::PatchFile>> NewPatchFile(const std::string& path) override;
  absl::StatusOr<std::unique_ptr<env::FileLock>> LockFile(const std::string& path) override;
  absl::StatusOr<bool> FileExists(const std::string& path) override;
  absl::StatusOr<uint64_t> FileSize(const std::string& path) override;
  absl::StatusOr<std::vector<std::string>> ListDirectory(const std::string& path) override;
  absl::Status CreateDirectory(const std::string& path) override;
  absl::Status SyncDirectory(const std::string& path) override;
  absl::Status RenameFile(const std::string& from, const std::string& to) override;
  absl::Status DeleteFile(const std::string& path) override;

 private:
  env::FileSystem* const base_;
  const std::function<void()> on_call_;
};

}  // namespace aeternus::stress

#endif  // AETERNUS_STRESS_PAUSING_FILE_SYSTEM_H_
