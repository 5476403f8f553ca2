// The system calls on files, with what each of them needs around it: retries when interrupted, loops over short reads
// and writes, and errno as a status. Everything else in env/ that touches files is built on these.
#ifndef AETERNUS_ENV_POSIX_IO_H_
#define AETERNUS_ENV_POSIX_IO_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace aeternus::env {

// `operation path: what errno says`, with the code that file_system.h promises for it.
absl::Status PosixError(std::string_view operation, std::string_view path, int error_number);

// Owns an open file descriptor.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, kNone)) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();

  int get() const { return fd_; }
  bool is_open() const { return fd_ != kNone; }
  // Hands the descriptor over to the caller, who closes it.
  int Release() { return std::exchange(fd_, kNone); }
  // As the destructor, but tells about a late write error. 0 or an errno.
  int Close();

 private:
  static constexpr int kNone = -1;
  int fd_ = kNone;
};

// open(2) with O_CLOEXEC and mode 0644; `operation` names the attempt in the error.
absl::StatusOr<Descriptor> OpenDescriptor(std::string_view operation, const std::string& path, int flags);

// Reads until `out` is full. OutOfRange when the file ends before.
absl::Status ReadFully(int fd, const std::string& path, uint64_t offset, absl::Span<char> out);
// Writes all of `data` at `offset`, or fails with any part of it written; adds to `*written` how many bytes.
absl::Status WriteFully(std::string_view operation, int fd, const std::string& path, uint64_t offset,
                        std::string_view data, size_t* written = nullptr);

// fdatasync: contents and size, not times.
absl::Status SyncData(int fd, const std::string& path);
// Makes the names in a directory durable.
absl::Status SyncDirectoryEntries(const std::string& path);

// Gives the file `length` bytes behind `offset`, backed by the disk and reading as zeros, and makes it that long.
// ResourceExhausted when they do not fit; Unimplemented when this file system cannot promise space.
absl::Status AllocateSpace(int fd, const std::string& path, uint64_t offset, uint64_t length);

}  // namespace aeternus::env

#endif  // AETERNUS_ENV_POSIX_IO_H_
