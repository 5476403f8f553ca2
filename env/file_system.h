// Everything the store asks of a disk. Two implementations: POSIX (posix_file_system.h) and a simulated one that knows
// what a crash may do (testing/sim_file_system.h); one conformance test runs against both.
//
// The vocabulary of promises:
//   written   survives the end of the process, not of the machine
//   synced    survives the machine: file contents by Sync() of the file, names by SyncDirectory() (invariant 9)
//
// Errors (docs/errors.md): NotFound, AlreadyExists, PermissionDenied (also a read-only file system),
// ResourceExhausted (no space), Unavailable (locked), FailedPrecondition (a file where a directory is needed or the
// reverse), Internal (the device failed). Every message names the operation and the path.
//
// Thread safety: FileSystem and RandomAccessFile may be used by any number of threads; WritableFile, LogFile and
// PatchFile by one at a time, except that LogFile::Sync may run beside Reserve and Commit.
#ifndef AETERNUS_ENV_FILE_SYSTEM_H_
#define AETERNUS_ENV_FILE_SYSTEM_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace aeternus::env {

// An immutable file, read at any offset. A handle is a promise, not an open descriptor: implementations open lazily
// and close the least recently used descriptor when their budget of descriptors is spent, so that far more files
// than the process may open can be held.
class RandomAccessFile {
 public:
  virtual ~RandomAccessFile() = default;
  // Reads exactly `out.size()` bytes at `offset`. OutOfRange when the file ends before.
  virtual absl::Status Read(uint64_t offset, absl::Span<char> out) const = 0;
  virtual absl::StatusOr<uint64_t> Size() const = 0;
  // The first offset >= `offset` at which there may be anything but zeros, or the file's size if there is none: skips
  // the allocated but never written rest of a log without reading it. Answering `offset` itself is always correct.
  virtual absl::StatusOr<uint64_t> NextData(uint64_t offset) const = 0;
  virtual const std::string& path() const = 0;
};

// A new file written once from front to back: a table, CURRENT. Errors come late, but not later than the next Sync or
// Close, and stay.
class WritableFile {
 public:
  virtual ~WritableFile() = default;  // closes; nothing that was not synced is promised
  virtual absl::Status Append(std::string_view data) = 0;
  virtual absl::Status Sync() = 0;
  virtual absl::Status Close() = 0;  // reports a late write error; does not sync
};

// An append-only file of frames, the seam under the log: the writer fills a span in place, so that an implementation
// may hand out mapped memory. Created empty, `allocated` bytes are backed by the disk and read as zeros.
//
//   span = Reserve(n)   n bytes at the end of the file, backed by the disk: running out of space is met here,
//                       ResourceExhausted, before anything is promised; nothing is visible in the file yet
//   Commit(n, next)     the first n bytes of the span are written; n <= the reserved size, and 0 takes it back. How
//                       they get there may depend on what comes `next`; what is promised does not. ResourceExhausted,
//                       where the disk could not back them ahead: none of them is written, and the file is as it was.
//                       Any other error leaves it unknown which of the bytes are in the file: the log is failed.
//   Sync()              everything committed before the call is synced. After an error nothing may be concluded from a
//                       later success (invariant 5).
class LogFile {
 public:
  // What the caller does with the file next: sync it, or perhaps commit more first.
  enum class Next : uint8_t { kSync, kMore };

  virtual ~LogFile() = default;
  virtual absl::StatusOr<absl::Span<char>> Reserve(size_t n) = 0;
  virtual absl::Status Commit(size_t n, Next next) = 0;
  virtual absl::Status Sync() = 0;
  // Bytes committed so far: the offset of the next reserved byte.
  virtual uint64_t size() const = 0;
  virtual const std::string& path() const = 0;
};

// An existing file whose bytes are written again in place: recovery makes replayed frames durable with it.
class PatchFile {
 public:
  virtual ~PatchFile() = default;
  virtual absl::Status WriteAt(uint64_t offset, std::string_view data) = 0;
  virtual absl::Status Sync() = 0;
};

// Held while the database is open; releasing is destruction (invariant 10).
class FileLock {
 public:
  virtual ~FileLock() = default;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;

  // AlreadyExists if there is such a file: no name is ever written twice.
  virtual absl::StatusOr<std::unique_ptr<WritableFile>> NewWritableFile(const std::string& path) = 0;
  // As above; allocates `allocate_bytes` ahead. ResourceExhausted when the disk cannot hold them (no file is left).
  virtual absl::StatusOr<std::unique_ptr<LogFile>> NewLogFile(const std::string& path, uint64_t allocate_bytes) = 0;
  // NotFound when missing.
  virtual absl::StatusOr<std::unique_ptr<RandomAccessFile>> NewRandomAccessFile(const std::string& path) = 0;
  virtual absl::StatusOr<std::unique_ptr<PatchFile>> NewPatchFile(const std::string& path) = 0;

  // Locks `path`, created if missing, against other processes and other handles of this one. Unavailable when held.
  virtual absl::StatusOr<std::unique_ptr<FileLock>> LockFile(const std::string& path) = 0;

  // True for a directory too.
  virtual absl::StatusOr<bool> FileExists(const std::string& path) = 0;
  virtual absl::StatusOr<uint64_t> FileSize(const std::string& path) = 0;
  // Names (not paths) of the files and directories in a directory, sorted. NotFound when it does not exist,
  // FailedPrecondition when it is a file.
  virtual absl::StatusOr<std::vector<std::string>> ListDirectory(const std::string& path) = 0;
  // Creates the directory and its missing parents, each synced into its parent; fine when it exists.
  virtual absl::Status CreateDirectory(const std::string& path) = 0;
  virtual absl::Status SyncDirectory(const std::string& path) = 0;
  // Atomically replaces the file `to`, which is a name in the same directory (else InvalidArgument).
  virtual absl::Status RenameFile(const std::string& from, const std::string& to) = 0;
  virtual absl::Status DeleteFile(const std::string& path) = 0;

  // Convenience over the above: the whole file, at most `max_bytes` of it (DataLoss when larger).
  absl::StatusOr<std::string> ReadFile(const std::string& path, uint64_t max_bytes);
};

// What a failed sync is to its caller: final, even for want of space (invariant 5). ResourceExhausted, which says that
// trying again may help, becomes Internal; anything else stays as it is.
absl::Status AsFinal(const absl::Status& status);

// dir + "/" + name.
std::string JoinPath(std::string_view dir, std::string_view name);
// The directory that holds `path`: what to sync to make that name durable. "." for a plain name; "/" for itself.
std::string DirectoryOf(std::string_view path);

}  // namespace aeternus::env

#endif  // AETERNUS_ENV_FILE_SYSTEM_H_
