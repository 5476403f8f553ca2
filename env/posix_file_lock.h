// A lock on a file by flock(2): against other processes, and against other handles of this one.
#ifndef AETERNUS_ENV_POSIX_FILE_LOCK_H_
#define AETERNUS_ENV_POSIX_FILE_LOCK_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "env/file_system.h"

namespace aeternus::env {

// Creates the file if missing and leaves this process's id in it, for whoever is refused. Unavailable when held.
absl::StatusOr<std::unique_ptr<FileLock>> LockPosixFile(const std::string& path);

}  // namespace aeternus::env

#endif  // AETERNUS_ENV_POSIX_FILE_LOCK_H_
