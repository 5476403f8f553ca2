// WritableFile and PatchFile by pwrite(2).
#ifndef AETERNUS_ENV_POSIX_WRITABLE_FILE_H_
#define AETERNUS_ENV_POSIX_WRITABLE_FILE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "env/file_system.h"
#include "env/posix_io.h"

namespace aeternus::env {

// Collects small appends, and has the disk write a large file while it is still being made, so that the sync at its end
// does not have to wait for all of it. The first error is the answer to every later call: bytes may be missing from
// then on.
class PosixWritableFile final : public WritableFile {
 public:
  PosixWritableFile(Descriptor descriptor, std::string path)
      : descriptor_(std::move(descriptor)), path_(std::move(path)) {}

  absl::Status Append(std::string_view data) override;
  absl::Status Sync() override;
  absl::Status Close() override;

 private:
  absl::Status Flush();
  absl::Status Write(std::string_view data);
  void StartWriteback();
  // Remembers the first error; returns what is remembered.
  absl::Status Remember(absl::Status status);

  Descriptor descriptor_;
  const std::string path_;
  std::string buffer_;
  uint64_t written_ = 0;
  uint64_t writing_back_ = 0;  // bytes at the beginning that the disk was asked to write
  absl::Status status_;
};

class PosixPatchFile final : public PatchFile {
 public:
  PosixPatchFile(Descriptor descriptor, std::string path)
      : descriptor_(std::move(descriptor)), path_(std::move(path)) {}

  absl::Status WriteAt(uint64_t offset, std::string_view data) override {
    return WriteFully("write at", descriptor_.get(), path_, offset, data);
  }
  absl::Status Sync() override { return SyncData(descriptor_.get(), path_); }

 private:
  Descriptor descriptor_;
  const std::string path_;
};

}  // namespace aeternus::env

#endif  // AETERNUS_ENV_POSIX_WRITABLE_FILE_H_
