// LogFile over space allocated ahead: frames are built in memory and go to the file by one pwrite(2) each, or, when no
// sync follows, by a store into a mapping (posix_log_window.h). A synced group is never stored that way: a sync writes
// whole folios of what was dirtied through a mapping, up to a megabyte for a frame, but only the blocks of a pwrite.
#ifndef AETERNUS_ENV_POSIX_LOG_FILE_H_
#define AETERNUS_ENV_POSIX_LOG_FILE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "env/file_system.h"
#include "env/posix_io.h"
#include "env/posix_log_window.h"

namespace aeternus::env {

class PosixLogFile final : public LogFile {
 public:
  // `descriptor` is of a new, empty file.
  PosixLogFile(Descriptor descriptor, std::string path) : descriptor_(std::move(descriptor)), path_(std::move(path)) {}

  // Backs the first `bytes` by the disk. OK where the file system cannot promise space: then the file grows as it is
  // written.
  absl::Status Allocate(uint64_t bytes);

  absl::StatusOr<absl::Span<char>> Reserve(size_t n) override;
  absl::Status Commit(size_t n, Next next) override;
  absl::Status Sync() override { return SyncData(descriptor_.get(), path_); }
  uint64_t size() const override { return size_; }
  const std::string& path() const override { return path_; }

 private:
  absl::Status AllocateUpTo(uint64_t end);
  void MakeBuffer(size_t n);

  const Descriptor descriptor_;  // opened once and kept: only it is told about errors of writing back
  const std::string path_;
  uint64_t size_ = 0;
  uint64_t allocated_ = 0;
  bool can_allocate_ = true;
  size_t reserved_ = 0;
  std::unique_ptr<char[]> buffer_;
  size_t buffer_size_ = 0;
  PosixLogWindow window_;
};

}  // namespace aeternus::env

#endif  // AETERNUS_ENV_POSIX_LOG_FILE_H_
