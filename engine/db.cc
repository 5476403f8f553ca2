#include "aeternus/db.h"

#include <algorithm>

#include "base/status.h"
#include "engine/background.h"
#include "engine/batch_format.h"
#include "engine/commit_queue.h"
#include "engine/config_check.h"
#include "engine/core.h"

namespace aeternus {
namespace {

constexpr size_t kMaxGroupBytes = size_t{1} << 20;

CoreOptions OptionsOf(const DbConfig& config) {
  return {.write_buffer_bytes = config.write_buffer_bytes,
          .memory_budget_bytes = config.memory_budget_bytes,
          .table = config.table,
          .compaction = config.compaction,
          .create_if_missing = config.create_if_missing,
          .error_if_exists = config.error_if_exists,
          .keep_reserve = config.keep_reserve,
          .map_unsynced_writes = config.map_unsynced_writes,
          .merge_for_scans = config.merge_for_scans,
          .env = config.env};
}

// An empty batch for one operation: this thread's own, whose room is kept for the next one unless it is large.
class ScratchBatch {
 public:
  ScratchBatch() : batch_(&OfThisThread()) {}
  ~ScratchBatch() {
    if (batch_->size_bytes() > kMaxKeptBytes) {
      *batch_ = WriteBatch();
    } else {
      batch_->Clear();
    }
  }
  ScratchBatch(const ScratchBatch&) = delete;
  ScratchBatch& operator=(const ScratchBatch&) = delete;
  WriteBatch& operator*() const { return *batch_; }
  WriteBatch* operator->() const { return batch_; }

 private:
  static constexpr size_t kMaxKeptBytes = size_t{64} << 10;
  static WriteBatch& OfThisThread() {
    thread_local WriteBatch batch;
    return batch;
  }
  WriteBatch* const batch_;
};

}  // namespace

class Db::Impl {
 public:
  Impl(std::shared_ptr<Core> opened, const DbConfig& config)
      : core(std::move(opened)),
        background(core, config.env != nullptr ? config.env : env::Env::Posix(), config.background_threads,
                   config.max_frozen_memtables),
        // A group no larger than a memtable freezes one at most, which bounds how many can wait for their flush.
        queue(std::min(kMaxGroupBytes, config.write_buffer_bytes),
              [this](absl::Span<PendingCommit* const> group) { CommitGroup(group); }) {}

  // A batch of at least one operation, each of them checked.
  absl::Status Commit(const WriteBatch& batch, const WriteOptions& options) {
    Lsn last_lsn;
    AETERNUS_RETURN_IF_ERROR(queue.Commit(batch, options.sync, &last_lsn));
    if (options.commit_lsn != nullptr) *options.commit_lsn = last_lsn.value;
    return absl::OkStatus();
  }

  const std::shared_ptr<Core> core;
  Background background;
  CommitQueue queue;

 private:
  void CommitGroup(absl::Span<PendingCommit* const> group) {
    size_t bytes = 0;
    for (const PendingCommit* commit : group) bytes += commit->batch->size_bytes();
    if (const absl::Status room = background.WaitForRoom(bytes); !room.ok()) {
      for (PendingCommit* commit : group) commit->status = room;
      return;
    }
    core->Commit(group);
    background.Wake();
  }
};

Db::Db(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Db::~Db() = default;

absl::StatusOr<std::unique_ptr<Db>> Db::Open(const std::string& dir, const DbConfig& config) {
  AETERNUS_RETURN_IF_ERROR(CheckConfig(config));
  AETERNUS_ASSIGN_OR_RETURN(std::shared_ptr<Core> core, Core::Open(dir, OptionsOf(config)));
  return std::unique_ptr<Db>(new Db(std::make_unique<Impl>(std::move(core), config)));
}

absl::Status Db::Close() {
  if (impl_->core->is_closed()) return absl::OkStatus();
  AETERNUS_RETURN_IF_ERROR(impl_->core->CheckNoHandles());
  impl_->background.Stop();
  const absl::Status status = impl_->core->Close();
  if (!impl_->core->is_closed()) impl_->background.Start();  // a reader came in between
  return status;
}

absl::Status Db::Put(std::string_view key, std::string_view value, const WriteOptions& options) {
  AETERNUS_RETURN_IF_ERROR(CheckOperation({.kind = EntryKind::kPut, .key = key, .value = value}));
  const ScratchBatch batch;
  batch->Put(key, value);
  return impl_->Commit(*batch, options);
}

absl::Status Db::Delete(std::string_view key, const WriteOptions& options) {
  AETERNUS_RETURN_IF_ERROR(CheckOperation({.kind = EntryKind::kDelete, .key = key}));
  const ScratchBatch batch;
  batch->Delete(key);
  return impl_->Commit(*batch, options);
}

absl::Status Db::DeleteRange(std::string_view start, std::string_view end, const WriteOptions& options) {
  AETERNUS_RETURN_IF_ERROR(CheckOperation({.kind = EntryKind::kRangeDelete, .key = start, .end = end}));
  const ScratchBatch batch;
  batch->DeleteRange(start, end);
  return impl_->Commit(*batch, options);
}

absl::Status Db::Write(const WriteBatch& batch, const WriteOptions& options) {
  if (batch.empty()) return impl_->core->CheckWritable();
  AETERNUS_RETURN_IF_ERROR(CheckBatch(batch));
  return impl_->Commit(batch, options);
}

absl::StatusOr<std::optional<std::string>> Db::Get(std::string_view key, const ReadOptions& options) {
  return impl_->core->Get(key, options);
}

absl::StatusOr<bool> Db::Get(const ReadOptions& options, std::string_view key, PinnedValue* value) {
  return impl_->core->GetPinned(key, options, value);
}

std::vector<absl::StatusOr<bool>> Db::MultiGet(const ReadOptions& options, absl::Span<const std::string_view> keys,
                                               absl::Span<PinnedValue> values) {
  return impl_->core->MultiGet(options, keys, values);
}

absl::StatusOr<std::vector<std::pair<std::string, std::string>>> Db::Scan(std::string_view start, std::string_view end,
                                                                          const ReadOptions& options) {
  return impl_->core->Scan(start, end, options);
}

absl::StatusOr<std::unique_ptr<Iterator>> Db::NewIterator(const ReadOptions& options, IteratorOptions bounds) {
  return impl_->core->NewIterator(options, std::move(bounds));
}

absl::StatusOr<std::unique_ptr<const Snapshot>> Db::GetSnapshot() { return impl_->core->GetSnapshot(); }

absl::Status Db::Flush() {
  AETERNUS_RETURN_IF_ERROR(impl_->core->Freeze().status());
  return impl_->background.WaitForFlushes();
}

absl::Status Db::WaitForBackgroundWork() {
  AETERNUS_RETURN_IF_ERROR(impl_->core->CheckOpen());
  return impl_->background.WaitUntilIdle();
}

absl::StatusOr<bool> Db::MajorCompact() { return impl_->core->MajorCompact(); }

absl::StatusOr<aeternus::Stats> Db::Stats() {
  AETERNUS_RETURN_IF_ERROR(impl_->core->CheckOpen());
  aeternus::Stats stats = impl_->core->Stats();
  impl_->background.AddTo(&stats);
  return stats;
}

absl::Status Db::Verify() { return impl_->core->Verify(); }

}  // namespace aeternus
