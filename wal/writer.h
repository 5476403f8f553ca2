// Appends frames to one log file. What a log means (chain, seals, cuts) is the engine's affair; a writer only places
// bytes.
//
// Thread safety: one thread at a time, except that Sync may run beside Append.
#ifndef AETERNUS_WAL_WRITER_H_
#define AETERNUS_WAL_WRITER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "base/file_identity.h"
#include "env/file_system.h"
#include "wal/frame.h"

namespace aeternus::wal {

class Writer {
 public:
  // Whether the identity is on disk when Create returns, or only with the first Sync.
  enum class Head : uint8_t { kSynced, kUnsynced };

  // Creates `path` with `allocate_bytes` backed by the disk, writes the identity and, if asked to, syncs the file;
  // syncing the directory is the caller's. Errors of the file system, a failed sync never ResourceExhausted; a
  // half-made file may be left.
  static absl::StatusOr<std::unique_ptr<Writer>> Create(env::FileSystem* file_system, const std::string& path,
                                                        const FileIdentity& identity, uint64_t allocate_bytes,
                                                        Head head = Head::kSynced);

  // Makes room for `frames` in one piece: ResourceExhausted with `*wrote` false means that nothing was written or
  // promised and the log is as before. Then writes them all, or returns an error after which the log is failed: which
  // frames are in the file is unknown. `wrote` (may be null) says whether bytes may have reached the file, which tells
  // the two kinds of error apart. `next`: whether Sync follows (env::LogFile).
  absl::Status Append(absl::Span<const Frame> frames, env::LogFile::Next next, bool* wrote = nullptr);

  // Everything appended before the call is on disk. After an error, never ResourceExhausted, the log is failed for
  // good (invariant 5).
  absl::Status Sync();

  // Whether Create has made the identity durable.
  bool is_head_synced() const { return is_head_synced_; }

  // Where the next frame goes, in bytes from the start of the file.
  uint64_t size_bytes() const;
  FileNumber number() const { return identity_.number; }
  const std::string& path() const;

 private:
  Writer(std::unique_ptr<env::LogFile> file, const FileIdentity& identity, Head head);

  std::unique_ptr<env::LogFile> file_;
  const FileIdentity identity_;
  const uint64_t salt_;
  const bool is_head_synced_;
};

}  // namespace aeternus::wal

#endif  // AETERNUS_WAL_WRITER_H_
