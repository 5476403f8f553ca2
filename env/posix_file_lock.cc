#include "env/posix_file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "env/posix_io.h"

namespace aeternus::env {
namespace {

// flock belongs to the open file description, so closing the descriptor releases it, also when the process dies.
class PosixFileLock final : public FileLock {
 public:
  explicit PosixFileLock(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}

 private:
  Descriptor descriptor_;
};

// What the holder wrote about itself; a hint for people, never trusted.
std::string HolderOf(int fd) {
  char text[32];
  const ssize_t n = pread(fd, text, sizeof(text), 0);
  const std::string_view pid = n > 0 ? absl::StripAsciiWhitespace({text, static_cast<size_t>(n)}) : "";
  return pid.empty() ? "another handle" : absl::StrCat("process ", pid);
}

// Failing to leave the hint must not keep a database from opening on a full disk.
void LeaveProcessId(int fd, const std::string& path) {
  const std::string text = absl::StrCat(getpid(), "\n");
  char before[32];
  const ssize_t n = pread(fd, before, sizeof(before), 0);
  // Writing it again, or cutting off what is not there, would be a change of the file system for nothing.
  if (n >= 0 && std::string_view(before, static_cast<size_t>(n)) == text) return;
  if (n > static_cast<ssize_t>(text.size()) && ftruncate(fd, 0) != 0) return;
  WriteFully("lock", fd, path, 0, text).IgnoreError();
}

}  // namespace

absl::StatusOr<std::unique_ptr<FileLock>> LockPosixFile(const std::string& path) {
  AETERNUS_ASSIGN_OR_RETURN(Descriptor descriptor, OpenDescriptor("lock", path, O_RDWR | O_CREAT));
  int result = flock(descriptor.get(), LOCK_EX | LOCK_NB);
  while (result != 0 && errno == EINTR) result = flock(descriptor.get(), LOCK_EX | LOCK_NB);
  if (result != 0 && errno == EWOULDBLOCK) {
    return absl::UnavailableError(absl::StrCat("lock ", path, ": held by ", HolderOf(descriptor.get())));
  }
  if (result != 0) return PosixError("lock", path, errno);
  LeaveProcessId(descriptor.get(), path);
  return std::make_unique<PosixFileLock>(std::move(descriptor));
}

}  // namespace aeternus::env
