#include "env/posix_io.h"

#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "absl/strings/str_cat.h"

namespace aeternus::env {
namespace {

absl::StatusCode CodeOf(int error_number) {
  switch (error_number) {
    case ENOENT:
      return absl::StatusCode::kNotFound;
    case EEXIST:
      return absl::StatusCode::kAlreadyExists;
    case EACCES:
    case EPERM:
    case EROFS:
      return absl::StatusCode::kPermissionDenied;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case EMFILE:
    case ENFILE:
      return absl::StatusCode::kResourceExhausted;
    case ENOTDIR:
    case EISDIR:
      return absl::StatusCode::kFailedPrecondition;
    default:
      return absl::StatusCode::kInternal;
  }
}

// Repeats a system call for as long as a signal interrupts it.
template <typename Call>
auto RetryInterrupted(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

}  // namespace

absl::Status PosixError(std::string_view operation, std::string_view path, int error_number) {
  return absl::Status(CodeOf(error_number),
                      absl::StrCat(operation, " ", path, ": ", std::generic_category().message(error_number)));
}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    Close();
    fd_ = std::exchange(other.fd_, kNone);
  }
  return *this;
}

Descriptor::~Descriptor() { Close(); }

int Descriptor::Close() {
  if (!is_open()) return 0;
  // Never repeated, not even after EINTR: Linux has released the number by then, and another thread may own it.
  return close(Release()) == 0 || errno == EINTR ? 0 : errno;
}

absl::StatusOr<Descriptor> OpenDescriptor(std::string_view operation, const std::string& path, int flags) {
  const int fd = RetryInterrupted([&] { return open(path.c_str(), flags | O_CLOEXEC, 0644); });
  if (fd < 0) return PosixError(operation, path, errno);
  return Descriptor(fd);
}

absl::Status ReadFully(int fd, const std::string& path, uint64_t offset, absl::Span<char> out) {
  size_t done = 0;
  while (done < out.size()) {
    const ssize_t n = RetryInterrupted(
        [&] { return pread(fd, out.data() + done, out.size() - done, static_cast<off_t>(offset + done)); });
    if (n < 0) return PosixError("read", path, errno);
    if (n == 0) {
      return absl::OutOfRangeError(absl::StrCat("read ", path, ": wanted ", out.size(), " bytes at offset ", offset,
                                                ", the file ends after ", done));
    }
    done += static_cast<size_t>(n);
  }
  return absl::OkStatus();
}

absl::Status WriteFully(std::string_view operation, int fd, const std::string& path, uint64_t offset,
                        std::string_view data, size_t* written) {
  while (!data.empty()) {
    const ssize_t n =
        RetryInterrupted([&] { return pwrite(fd, data.data(), data.size(), static_cast<off_t>(offset)); });
    if (n < 0) return PosixError(operation, path, errno);
    data.remove_prefix(static_cast<size_t>(n));
    offset += static_cast<uint64_t>(n);
    if (written != nullptr) *written += static_cast<size_t>(n);
  }
  return absl::OkStatus();
}

absl::Status SyncData(int fd, const std::string& path) {
  // A failed sync is never repeated (invariant 5); an interrupted one has not been tried.
  if (RetryInterrupted([&] { return fdatasync(fd); }) != 0) return PosixError("sync", path, errno);
  return absl::OkStatus();
}

absl::Status SyncDirectoryEntries(const std::string& path) {
  absl::StatusOr<Descriptor> directory = OpenDescriptor("sync directory", path, O_RDONLY | O_DIRECTORY);
  if (!directory.ok()) return directory.status();
  if (RetryInterrupted([&] { return fsync(directory->get()); }) != 0) {
    return PosixError("sync directory", path, errno);
  }
  return absl::OkStatus();
}

absl::Status AllocateSpace(int fd, const std::string& path, uint64_t offset, uint64_t length) {
  // Not posix_fallocate: where the file system cannot allocate, that one writes the zeros itself.
  const int result = RetryInterrupted(
      [&] { return fallocate(fd, /*mode=*/0, static_cast<off_t>(offset), static_cast<off_t>(length)); });
  if (result == 0) return absl::OkStatus();
  if (errno == EOPNOTSUPP || errno == ENOSYS) {
    return absl::UnimplementedError(absl::StrCat("allocate ", path, ": not supported by the file system"));
  }
  return PosixError("allocate", path, errno);
}

}  // namespace aeternus::env
