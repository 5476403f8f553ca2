// The state of one open database and the bodies of its jobs. Both shells call it: Engine in place, Db through a commit
// queue and an executor. It starts no thread and never waits for another thread's progress, only for locks that are
// held for one piece of work.
//
// State machine (EngineState): healthy -> out of space (a write found no room before anything was promised; the next
// write that finds room is healthy again. While the space reserve is lent, reserve.h, puts are refused: deletes and
// jobs have the room) -> failed (a log, the manifest or a directory could not be written or synced; read-only until
// reopened, invariant 5) ; any -> closed.
//
// Lock order, outermost first:
//   flush_mutex_ | compaction_mutex_   one flush, one compaction at a time; held over I/O
//   commit_mutex_                      the writer role; held over log I/O
//   LogChain's                         (log_chain.h)
//   manifest_mutex_                    one edit at a time, and file numbers; held over manifest I/O
//   SpaceReserve's                     whether its file is there; held over I/O on it
//   state_mutex_                       the view and the engine state; never held over I/O
//
// Thread safety: any number of threads.
#ifndef AETERNUS_ENGINE_CORE_H_
#define AETERNUS_ENGINE_CORE_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "aeternus/iterator.h"
#include "aeternus/options.h"
#include "aeternus/pinned_value.h"
#include "aeternus/snapshot.h"
#include "aeternus/stats.h"
#include "aeternus/write_batch.h"
#include "compaction/merge_job.h"
#include "compaction/planner.h"
#include "engine/handle_registry.h"
#include "engine/log_chain.h"
#include "engine/obsolete_files.h"
#include "engine/point_read.h"
#include "engine/recovery.h"
#include "engine/reserve.h"
#include "engine/view.h"
#include "env/env.h"
#include "env/mutex.h"
#include "manifest/manifest.h"

namespace aeternus {

struct CoreOptions {
  size_t write_buffer_bytes = 0;
  size_t memory_budget_bytes = 0;
  TableOptions table;
  CompactionOptions compaction;
  bool create_if_missing = true;
  bool error_if_exists = false;
  bool keep_reserve = true;
  bool map_unsynced_writes = true;
  bool merge_for_scans = false;
  env::Env* env = nullptr;
};

// One batch on its way through Commit.
struct PendingCommit {
  const WriteBatch* batch = nullptr;
  bool sync = true;
  absl::Status status;  // the answer ...
  Lsn last_lsn{};       // ... and of a batch that was committed the LSN of its last operation
};

class Core : public std::enable_shared_from_this<Core> {
 public:
  using Pairs = std::vector<std::pair<std::string, std::string>>;

  static absl::StatusOr<std::shared_ptr<Core>> Open(const std::string& dir, const CoreOptions& options);
  ~Core();

  // ---- writing (core_commit.cc) ----
  // Commits a group of checked batches in order and gives each its status. One log write, and one sync if any member
  // asks for it, per stretch that fits into a memtable; each batch becomes visible when it is as durable as asked.
  void Commit(absl::Span<PendingCommit* const> group) ABSL_LOCKS_EXCLUDED(commit_mutex_);
  // Whether a batch of this size would freeze the active memtable first.
  bool WouldFreeze(size_t batch_bytes) const;
  absl::StatusOr<bool> Freeze() ABSL_LOCKS_EXCLUDED(commit_mutex_);
  // Makes a log segment ready for the next switch, so that no writer has to.
  absl::Status PrepareLog();

  // ---- reading (core_read.cc) ----
  absl::StatusOr<std::optional<std::string>> Get(std::string_view key, const ReadOptions& options);
  absl::StatusOr<bool> GetPinned(std::string_view key, const ReadOptions& options, PinnedValue* value);
  std::vector<absl::StatusOr<bool>> MultiGet(const ReadOptions& options, absl::Span<const std::string_view> keys,
                                             absl::Span<PinnedValue> values);
  absl::StatusOr<Pairs> Scan(std::string_view start, std::string_view end, const ReadOptions& options);
  absl::StatusOr<std::unique_ptr<Iterator>> NewIterator(const ReadOptions& options, IteratorOptions bounds);
  absl::StatusOr<std::unique_ptr<const Snapshot>> GetSnapshot();
  // A view together with the LSN up to which everything is in it.
  struct Moment {
    std::shared_ptr<const View> view;
    Lsn lsn;
  };
  absl::StatusOr<Moment> Now() const ABSL_LOCKS_EXCLUDED(state_mutex_);
  // The LSN up to which everything is in `view`, which the caller holds, unless another one is in force by now.
  std::optional<Lsn> LsnWithin(const View& view) const;
  // What `options` ask to read as of; tells them.
  absl::StatusOr<Moment> MomentFor(const ReadOptions& options) const;

  // ---- jobs (core_jobs.cc); each says whether it did anything ----
  absl::StatusOr<bool> FlushOldestFrozen() ABSL_LOCKS_EXCLUDED(flush_mutex_);
  absl::StatusOr<bool> MinorCompact() ABSL_LOCKS_EXCLUDED(compaction_mutex_);
  absl::StatusOr<bool> TombstoneCompact() ABSL_LOCKS_EXCLUDED(compaction_mutex_);
  absl::StatusOr<bool> MajorCompact() ABSL_LOCKS_EXCLUDED(compaction_mutex_);
  // Merges what scans have paid for (compaction/planner.h). Given up, without an error, where there is no room for it.
  absl::StatusOr<bool> ScanCompact() ABSL_LOCKS_EXCLUDED(compaction_mutex_);
  // What an iterator calls when ScanCompact may have something to do; null: nothing. Not called any more on return.
  void OnScansPaid(std::function<void()> call) ABSL_LOCKS_EXCLUDED(scans_mutex_);
  // By iterators: so many seeks visited several tables of `view`, which pays for nothing once it is out of date.
  void NoteSeeks(uint64_t count, const View& view) const ABSL_LOCKS_EXCLUDED(scans_mutex_);
  // Writes the manifest anew, as an edit does by itself once the manifest has grown.
  absl::Status CheckpointManifest() ABSL_LOCKS_EXCLUDED(manifest_mutex_);
  // While true, running and new merges end with Cancelled.
  void CancelMerges(bool cancel) { merges_cancelled_.store(cancel, std::memory_order_relaxed); }

  // ---- the whole ----
  size_t frozen_count() const { return frozen_count_.load(std::memory_order_acquire); }
  aeternus::Stats Stats() const;
  absl::Status Verify();
  // Syncs and seals the logs, releases the directory. FailedPrecondition while readers hold something. A failed engine
  // closes without a seal and returns why it failed.
  absl::Status Close();
  bool is_closed() const { return !CheckOpen().ok(); }
  // FailedPrecondition, with their counts, while snapshots, iterators or pinned values are alive.
  absl::Status CheckNoHandles() const;
  absl::Status RecordClose() ABSL_EXCLUSIVE_LOCKS_REQUIRED(commit_mutex_) ABSL_LOCKS_EXCLUDED(manifest_mutex_);
  absl::Status CheckOpen() const ABSL_LOCKS_EXCLUDED(state_mutex_);
  // OK, or why nothing can be written: closed or failed.
  absl::Status CheckWritable() const ABSL_LOCKS_EXCLUDED(state_mutex_);
  // Makes the engine read-only until reopened and returns what every later write will say.
  absl::Status Fail(const absl::Status& cause) ABSL_LOCKS_EXCLUDED(state_mutex_);

 private:
  // Reading.
  // A moment without counting and without a lock, for reads that are short: it lasts as long as a read section that was
  // entered before. The view is null once the database is closed.
  struct Glimpse {
    const View* view;
    Lsn lsn;
  };
  Glimpse Look() const;
  // Reads `key` out of what is in memory, and shows a value to `use`. kNotInMemory when it has to be Read, as of
  // `*moment`; also when `use` says that it could not do with the value.
  template <typename Use>
  Peeked Peek(std::string_view key, const ReadOptions& options, const Use& use, Moment* moment) const;
  // Loads and pins.
  absl::StatusOr<bool> ReadPinned(std::string_view key, const Moment& moment, PinnedValue* value);
  // MultiGet for up to sstable::Lookup::kMost keys.
  void GetGroup(const Moment& moment, absl::Span<const std::string_view> keys, absl::Span<PinnedValue> values,
                absl::Span<absl::StatusOr<bool>> results);

  // Puts into force what `make` makes of the view in force, null to close; every change of the view is made here. What
  // was in force is destroyed once nobody reads it.
  void ChangeView(absl::FunctionRef<std::shared_ptr<const View>(const View*)> make) ABSL_LOCKS_EXCLUDED(state_mutex_);

  struct Counters {
    std::atomic<uint64_t> commit_groups{0}, commits{0}, flushes{0}, minor_compactions{0}, tombstone_compactions{0},
        major_compactions{0}, scan_compactions{0}, compaction_bytes_read{0}, compaction_bytes_written{0};
  };
  struct DirectoryContents {
    std::vector<FileNumber> logs, tables, manifests;  // ascending
    bool has_current = false;
    bool has_current_temporary = false;
    FileNumber largest;
  };
  class OlderTables;

  Core(std::string dir, const CoreOptions& options);

  // Opening (core_open.cc), in this order.
  // `no_room`: why an attempt before this one failed, if for want of space; then the reserve is spent on this one.
  absl::Status Recover(const absl::Status& no_room);
  absl::Status LockDirectory();
  absl::StatusOr<DirectoryContents> ListFiles() const;
  absl::StatusOr<ManifestState> ReadManifest(const DirectoryContents& contents);
  absl::Status LeaveForeignManifests(const ManifestState& state, DirectoryContents* contents) const;
  absl::Status CheckTables(const ManifestState& state, const DirectoryContents& contents) const;
  absl::Status SwitchManifest(ManifestState state, const Replay& replay, const DirectoryContents& contents);
  void StartFrom(const Replay& replay, const ManifestState& state);
  void DiscardUnreferenced(const DirectoryContents& contents, const Replay& replay);

  // Writing.
  absl::Status CommitRun(absl::Span<PendingCommit* const> run) ABSL_EXCLUSIVE_LOCKS_REQUIRED(commit_mutex_);
  size_t RunLength(absl::Span<PendingCommit* const> group) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(commit_mutex_);
  // After a run was refused for want of space: writes those of its batches that free some.
  void CommitDeletes(absl::Span<PendingCommit* const> run, const absl::Status& why)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(commit_mutex_);
  absl::Status CheckRoomForPuts(absl::Span<PendingCommit* const> run) ABSL_LOCKS_EXCLUDED(state_mutex_);
  absl::StatusOr<bool> FreezeLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(commit_mutex_);
  absl::Status LogRun(absl::Span<PendingCommit* const> run, Lsn first, bool sync)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(commit_mutex_);
  void ApplyRun(absl::Span<PendingCommit* const> run, Lsn first) ABSL_EXCLUSIVE_LOCKS_REQUIRED(commit_mutex_);
  absl::Status FirstLogInUse();
  absl::StatusOr<std::unique_ptr<wal::Writer>> MakeSegment();
  void SetOutOfSpace(const absl::Status& why) ABSL_LOCKS_EXCLUDED(state_mutex_);
  // To be called after any change of view_ or failure_.
  void NoteState() ABSL_EXCLUSIVE_LOCKS_REQUIRED(state_mutex_);

  // The space reserve: lent for want of space, `why`; and kept back again after whatever may have made room.
  SpaceReserve::Loan BorrowReserve(const absl::Status& why) ABSL_LOCKS_EXCLUDED(state_mutex_);
  void RestoreReserve() ABSL_LOCKS_EXCLUDED(state_mutex_);
  // Gives back what memtables, which hold less since a flush, need no more.
  void ShrinkReserve() ABSL_LOCKS_EXCLUDED(state_mutex_);
  bool MemtablesHoldLittle() const;
  // What the memtables need of it just now; what those need that hold at most so many bytes of entries.
  SpaceReserve::Amount ReserveAmount() const;
  SpaceReserve::Amount ReserveAmountFor(size_t held_bytes) const;
  // Before `bytes` more come into the active memtable: has as much kept back as its flush may take.
  absl::Status CoverByReserve(size_t bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(commit_mutex_)
      ABSL_LOCKS_EXCLUDED(state_mutex_);
  // The log of so many bytes of entries, at most.
  static uint64_t SegmentBytes(uint64_t entry_bytes);

  // Jobs.
  absl::StatusOr<bool> TryToFlush() ABSL_LOCKS_EXCLUDED(state_mutex_);
  absl::Status TryPlan(const compaction::Plan& plan, const View& view);
  struct MergeRequest {
    compaction::MergeInputs inputs;
    compaction::MergePolicy policy;
    int64_t oldest_tombstone_time_micros = 0;
  };
  absl::StatusOr<std::optional<TableMetadata>> BuildTable(MergeRequest request);
  absl::StatusOr<MergeRequest> RequestFor(const compaction::Plan& plan, const View& view, OlderTables* older) const;
  absl::Status RunPlan(const compaction::Plan& plan, const View& view) ABSL_EXCLUSIVE_LOCKS_REQUIRED(compaction_mutex_);
  absl::StatusOr<bool> IsWorthwhile(const compaction::Plan& plan, const View& view) const;
  absl::StatusOr<FileNumber> NextNumber() ABSL_LOCKS_EXCLUDED(manifest_mutex_);
  // Adds a reservation to `edit` when file numbers run low; CommitToManifest puts it into force.
  void ReserveNumbers(VersionEdit* edit) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(manifest_mutex_);
  absl::Status CommitToManifest(const VersionEdit& edit) ABSL_EXCLUSIVE_LOCKS_REQUIRED(manifest_mutex_);
  // Commits `edit`, then shows its version, with `amend` applied, to readers.
  absl::Status CommitEdit(VersionEdit edit, absl::FunctionRef<void(View&)> amend) ABSL_LOCKS_EXCLUDED(manifest_mutex_);
  // The tables of `version`, next to that of `before`: those that go on, and the new ones opened. The `removed` ones
  // are deleted once nobody uses them any more.
  std::vector<std::shared_ptr<sstable::Table>> TablesOf(const Version& version, const View& before,
                                                        std::vector<FileNumber> removed);
  absl::Status CheckpointIfGrown() ABSL_EXCLUSIVE_LOCKS_REQUIRED(manifest_mutex_);
  absl::Status CheckpointTo(FileNumber number) ABSL_EXCLUSIVE_LOCKS_REQUIRED(manifest_mutex_);
  // The oldest log on disk behind `log`: what is in no table once the memtable of `log` is, is there or further behind.
  // There is one once LogChain::EnsureNext has returned.
  FileNumber LogBehind(FileNumber log) const;
  // Deletes the logs below `min_log`, which a durable edit has retired; whether all of them are gone. What cannot be
  // deleted is left to later.
  bool DeleteLogsBelow(FileNumber min_log);
  // The same, and makes sure that nobody has to sync them any more [GONE_OR_SYNCED].
  absl::Status RetireLogsBelow(FileNumber min_log);
  // Syncs all logs but the active one.
  absl::Status SyncOlderLogs();
  compaction::PlannerOptions planner_options() const;

  std::shared_ptr<sstable::Table> OpenTable(const TableMetadata& metadata) const;
  std::shared_ptr<ChargedMemtable> NewMemtable() const;
  std::string PathOf(std::string_view name) const { return env::JoinPath(dir_, name); }
  absl::Status ClosedError() const;
  absl::Status VerifyLogs();

  const std::string dir_;
  const CoreOptions options_;
  env::Env* const env_;
  env::FileSystem* const file_system_;
  const std::shared_ptr<MemoryResources> resources_;
  const std::shared_ptr<HandleRegistry> handles_ = std::make_shared<HandleRegistry>(resources_);
  ObsoleteFiles obsolete_;
  SpaceReserve reserve_;
  std::unique_ptr<env::FileLock> directory_lock_;
  DatabaseId database_id_;
  std::unique_ptr<Manifest> manifest_;  // set by Recover, then constant
  std::unique_ptr<LogChain> logs_;      // likewise

  mutable env::Mutex flush_mutex_;
  mutable env::Mutex compaction_mutex_;
  // Tables that a tombstone pass found nothing to drop in, while version and snapshots stay as they were.
  absl::flat_hash_set<FileNumber> fruitless_ ABSL_GUARDED_BY(compaction_mutex_);
  std::shared_ptr<const Version> fruitless_version_ ABSL_GUARDED_BY(compaction_mutex_);
  uint64_t fruitless_snapshots_ ABSL_GUARDED_BY(compaction_mutex_) = 0;

  mutable env::Mutex commit_mutex_;
  Lsn last_lsn_ ABSL_GUARDED_BY(commit_mutex_);                             // the last one assigned
  std::shared_ptr<ChargedMemtable> active_ ABSL_GUARDED_BY(commit_mutex_);  // the view's active memtable
  std::vector<wal::Frame> frames_ ABSL_GUARDED_BY(commit_mutex_);  // of the run being logged; kept for its room

  mutable env::Mutex manifest_mutex_;
  FileNumber next_number_ ABSL_GUARDED_BY(manifest_mutex_);
  FileNumber reserved_end_ ABSL_GUARDED_BY(manifest_mutex_);

  mutable env::Mutex log_files_mutex_;
  std::vector<FileNumber> log_files_ ABSL_GUARDED_BY(log_files_mutex_);  // on disk, not yet retired; ascending

  mutable env::Mutex state_mutex_;
  std::shared_ptr<const View> view_ ABSL_GUARDED_BY(state_mutex_);  // null once closed
  absl::Status failure_ ABSL_GUARDED_BY(state_mutex_);
  absl::Status out_of_space_ ABSL_GUARDED_BY(state_mutex_);

  // view_ for those in read sections (Look). On a cache line that changes as seldom as the view does.
  alignas(64) std::atomic<const View*> read_view_{nullptr};
  alignas(64) std::atomic<uint64_t> published_lsn_{0};
  alignas(64) std::atomic<bool> is_out_of_space_{false};  // whether out_of_space_ says something
  // Of what state_mutex_ guards, that which every commit asks.
  std::atomic<bool> is_writable_{false};  // neither closed nor failed
  std::atomic<size_t> frozen_count_{0};   // of the view
  std::atomic<size_t> active_bytes_{0};
  std::atomic<size_t> pledged_bytes_{0};  // the same once the commit is done that is under way
  std::atomic<bool> merges_cancelled_{false};
  static constexpr uint64_t kNeverPaid = std::numeric_limits<uint64_t>::max();
  mutable env::Mutex scans_mutex_;
  std::function<void()> on_scans_paid_ ABSL_GUARDED_BY(scans_mutex_);
  // What scans have paid since the last merge that they paid for, and at how much on_scans_paid_ is called.
  mutable std::atomic<uint64_t> seeks_{0};
  mutable std::atomic<uint64_t> seeks_wanted_{0};
  Counters counters_;
};

}  // namespace aeternus

#endif  // AETERNUS_ENGINE_CORE_H_
