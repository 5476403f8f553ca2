// The chain of data logs that is being written (docs/durability.md, "The log"): the active log, older logs not yet
// synced to their end, and the next one, prepared ahead of need. It knows in which order bytes become durable, and
// nothing about memtables.
//
//   - A segment is created, allocated and synced, file and directory, before its first frame [PREP_DURABLE].
//   - The first frame of a log is a link: predecessor, where that one ended, its last LSN.
//   - Seal() ends the active log; the seal's own sync is left to the sync of older logs.
//   - SyncAll() syncs older logs to their end, oldest first, then the active one: only then is a synced group
//     acknowledged [WAIT_OLDER].
//   - Drop() spares that to logs that a flush has retired and durably deleted [GONE_OR_SYNCED].
//
// Thread safety: Append, Seal and Close by one thread at a time (the commit mutex); the rest by any number beside it.
// Lock order: prepare_mutex_, sync_mutex_ and list_mutex_ are never taken in the reverse order, and no other lock of
// the engine's is taken under them but those of the segment factory (file numbers, manifest).
#ifndef AETERNUS_ENGINE_LOG_CHAIN_H_
#define AETERNUS_ENGINE_LOG_CHAIN_H_

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "base/coding.h"
#include "base/types.h"
#include "env/file_system.h"
#include "env/mutex.h"
#include "wal/frame.h"
#include "wal/writer.h"

namespace aeternus {

// Payload of a link frame (24 bytes): u64 predecessor's number, u64 its end offset, u64 its last LSN. The end offset is
// where its last batch ends; a seal stands behind it.
struct LogLink {
  FileNumber predecessor{};  // 0: none
  uint64_t end_offset = 0;
  Lsn last_lsn{};
};
std::string EncodeLogLink(const LogLink& link);
absl::StatusOr<LogLink> DecodeLogLink(std::string_view payload, std::string_view file, uint64_t offset);

class LogChain {
 public:
  // Makes a segment ready for its first frame: numbered, created, file and directory synced. What is left is the sync
  // of the file where the writer says that its head is not synced; Append does it before the first frame.
  using SegmentFactory = std::function<absl::StatusOr<std::unique_ptr<wal::Writer>>()>;

  // `predecessor`: where recovery ended the chain. `synced`: everything up to it is durable.
  LogChain(SegmentFactory factory, const LogLink& predecessor, Lsn synced);

  // Appends batch frames to the active log; with none active, the next segment becomes it, beginning with a link.
  // `next`, `wrote` as in wal::Writer::Append: whether SyncAll follows; on an error, whether bytes may have reached the
  // file.
  absl::Status Append(absl::Span<const wal::Frame> batches, env::LogFile::Next next, bool* wrote);
  // Ends the active log, if any, with a seal; the next Append begins a new one. `wrote` as above; on an error with
  // *wrote == false the log is active as before.
  absl::Status Seal(bool* wrote);
  // Syncs everything, then ends the active log, if any, with a seal that says so, and syncs that [CLOSE_SYNC_FIRST].
  absl::Status Close();

  // Everything appended before the call is durable. Any error is final.
  absl::Status SyncAll();
  // The same for all logs but the active one.
  absl::Status SyncOlder();
  // Whether a log numbered below `end`, the active one aside, is not yet synced to its end.
  bool OwesSyncBelow(FileNumber end) const;
  // What the logs numbered below `end` held is durable elsewhere, and so is their deletion: none of them needs a sync.
  void Drop(FileNumber end);

  // Makes sure that there is an active or a prepared log, and returns its number: a fit min_log when no older log
  // holds anything [MINLOG_EXISTS].
  absl::StatusOr<FileNumber> EnsureNext();
  // Prepares the log after the active one, unless it is ready.
  absl::Status PrepareNext();
  bool has_active() const { return current_ != nullptr; }  // of the writer role
  // Which log is active, and where its last batch ends.
  struct Position {
    FileNumber number;
    uint64_t end_offset = 0;
  };
  std::optional<Position> active_position() const;
  // Where the chain ends: the newest log that was ever begun, recovered ones included. Of the writer role.
  LogLink end() const;

  Lsn synced_lsn() const { return Lsn(synced_lsn_.load(std::memory_order_acquire)); }
  uint64_t sync_count() const { return syncs_.load(std::memory_order_relaxed); }
  uint64_t bytes_appended() const { return bytes_appended_.load(std::memory_order_relaxed); }

 private:
  struct Log {
    explicit Log(FileNumber n) : number(n) {}
    const FileNumber number;
    std::unique_ptr<wal::Writer> writer;  // of the writer role, and of whoever syncs a log that has frames
    std::atomic<uint64_t> last_lsn{0};
    std::atomic<uint64_t> end_offset{0};
  };

  absl::Status PrepareLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(prepare_mutex_);
  absl::Status SyncOlderLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(sync_mutex_);
  absl::Status Begin(absl::Span<const wal::Frame> batches, env::LogFile::Next next, bool* wrote);
  // Makes the prepared log durable where that was left to its first frame; an error is final, and *wrote says so.
  absl::Status SyncPrepared(bool* wrote);
  absl::Status AppendToCurrent(absl::Span<const wal::Frame> frames, env::LogFile::Next next, bool* wrote);
  std::shared_ptr<Log> active() const ABSL_LOCKS_EXCLUDED(list_mutex_);
  wal::Frame SealFrame(const Log& log) const;
  void RaiseSynced(Lsn lsn);

  const SegmentFactory factory_;
  LogLink predecessor_;           // of the next log; writer role only
  std::shared_ptr<Log> current_;  // active_, for the writer role, who alone changes it and so needs no lock to read it

  env::Mutex prepare_mutex_;  // held while a segment is made
  env::Mutex sync_mutex_;     // held while logs are synced, so that older logs are durable in order
  mutable env::Mutex list_mutex_;
  std::unique_ptr<wal::Writer> prepared_ ABSL_GUARDED_BY(list_mutex_);
  std::shared_ptr<Log> active_ ABSL_GUARDED_BY(list_mutex_);
  std::deque<std::shared_ptr<Log>> older_ ABSL_GUARDED_BY(list_mutex_);  // owe a sync, oldest first

  std::atomic<uint64_t> synced_lsn_;
  std::atomic<uint64_t> syncs_{0};
  std::atomic<uint64_t> bytes_appended_{0};
};

}  // namespace aeternus

#endif  // AETERNUS_ENGINE_LOG_CHAIN_H_
