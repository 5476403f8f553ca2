// WritableFile and PatchFile by pwrite(2).
#ifndef AETERNUS_ENV_POSIX_WRITABLE_FILE_H_
#define AETERNUS_ENV_POSIX_WRITABLE_FILE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "env/ahead.h"
#include "env/file_system.h"
#include "env/posix_io.h"

namespace aeternus::env {

// Collects appends, and has another thread give them to the system while more are collected: for a merge that is a
// third of its time. Has the disk write a large file while it is still being made, so that the sync at its end does not
// have to wait for all of it. The first error is the answer to every later call, the next one or a later: bytes may be
// missing from then on.
class PosixWritableFile final : public WritableFile {
 public:
  PosixWritableFile(Descriptor descriptor, std::string path)
      : path_(std::move(path)), descriptor_(std::move(descriptor)) {}

  absl::Status Append(std::string_view data) override;
  absl::Status Sync() override;
  absl::Status Close() override;

 private:
  absl::Status CheckUsable(std::string_view operation) const;
  // Has what is collected written meanwhile.
  void StartWriting();
  // Until nothing is being written any more.
  void FinishWriting();
  // Until all that was appended is written.
  absl::Status WriteAll();
  absl::Status Write(std::string_view data);
  void StartWriteback();
  // Remembers the first error; returns what is remembered.
  absl::Status Remember(absl::Status status);

  const std::string path_;
  Descriptor descriptor_;
  std::string collected_;
  std::string writing_;  // not empty: `writer_` is at it, and the next three are its
  absl::Status writing_status_;
  uint64_t written_ = 0;
  uint64_t writing_back_ = 0;  // bytes at the beginning that the disk was asked to write
  absl::Status status_;
  Ahead writer_{Ahead::Kind::kFile};  // dies first
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
