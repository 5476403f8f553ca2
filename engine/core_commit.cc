// The write path: log, sync, apply, publish, in this order. What is visible is as durable as its writer asked for.
#include <utility>
#include <vector>

#include "base/status.h"
#include "engine/batch_format.h"
#include "engine/core.h"
#include "env/sync_point.h"

namespace aeternus {
namespace {

size_t BatchBytes(const PendingCommit& commit) { return commit.batch->size_bytes(); }

}  // namespace

bool Core::WouldFreeze(size_t batch_bytes) const {
  const size_t active = active_bytes_.load(std::memory_order_relaxed);
  return active > 0 && active + batch_bytes > options_.write_buffer_bytes;
}

void Core::Commit(absl::Span<PendingCommit* const> group) {
  env::MutexLock lock(&commit_mutex_);
  while (!group.empty()) {
    const size_t n = RunLength(group);
    const absl::Status status = CommitRun(group.first(n));
    for (PendingCommit* commit : group.first(n)) commit->status = status;
    group.remove_prefix(n);
  }
}

// The batches at the head of the group that go into one memtable together: as many as fit, and at least one.
size_t Core::RunLength(absl::Span<PendingCommit* const> group) const {
  size_t bytes = BatchBytes(*group[0]);
  size_t n = 1;
  const size_t base = WouldFreeze(bytes) ? 0 : active_bytes_.load(std::memory_order_relaxed);
  while (n < group.size() && base + bytes + BatchBytes(*group[n]) <= options_.write_buffer_bytes) {
    bytes += BatchBytes(*group[n]);
    ++n;
  }
  return n;
}

absl::Status Core::CommitRun(absl::Span<PendingCommit* const> run) {
  AETERNUS_RETURN_IF_ERROR(CheckWritable());
  if (WouldFreeze(BatchBytes(*run[0]))) AETERNUS_RETURN_IF_ERROR(FreezeLocked().status());

  uint64_t operations = 0;
  bool sync = false;
  for (const PendingCommit* commit : run) {
    operations += commit->batch->count();
    sync |= commit->sync;
  }
  if (last_lsn_.value + operations > kMaxLsn.value) {
    return absl::ResourceExhaustedError("the database has used up its 2^56 log sequence numbers");
  }
  const Lsn first(last_lsn_.value + 1);
  AETERNUS_RETURN_IF_ERROR(LogRun(run, first));
  last_lsn_ = Lsn(last_lsn_.value + operations);
  if (sync) {
    if (const absl::Status status = logs_->SyncAll(); !status.ok()) return Fail(status);
  }
  ApplyRun(run, first);
  env::SyncPoint("commit:applied");
  published_lsn_.store(last_lsn_.value, std::memory_order_release);
  counters_.commit_groups.fetch_add(1, std::memory_order_relaxed);
  counters_.commits.fetch_add(run.size(), std::memory_order_relaxed);
  return absl::OkStatus();
}

absl::Status Core::LogRun(absl::Span<PendingCommit* const> run, Lsn first) {
  AETERNUS_RETURN_IF_ERROR(FirstLogInUse());
  std::vector<wal::Frame> frames;
  frames.reserve(run.size());
  for (const PendingCommit* commit : run) {
    frames.push_back({.type = wal::FrameType::kBatch,
                      .first_lsn = first,
                      .lsn_count = commit->batch->count(),
                      .synced_lsn = logs_->synced_lsn(),
                      .payload = BatchAccess::Operations(*commit->batch)});
    first = Lsn(first.value + commit->batch->count());
  }
  bool wrote = false;
  const absl::Status status = logs_->Append(frames, &wrote);
  if (status.ok()) {
    if (is_out_of_space_.load(std::memory_order_relaxed)) SetOutOfSpace(absl::OkStatus());
    return status;
  }
  // What reached the file is unknown: its LSNs may be found by a recovery, so nothing may follow them.
  if (wrote) return Fail(status);
  if (absl::IsResourceExhausted(status)) SetOutOfSpace(status);
  return status;
}

// A database that was never written has no log that its manifest knows; the first one must be known before its first
// frame.
absl::Status Core::FirstLogInUse() {
  if (logs_->has_active() || manifest_->state().min_log.value != 0) return absl::OkStatus();
  const absl::StatusOr<FileNumber> first = logs_->EnsureNext();
  if (!first.ok()) {
    if (absl::IsResourceExhausted(first.status())) SetOutOfSpace(first.status());
    return first.status();
  }
  VersionEdit edit;
  edit.min_log = *first;
  return CommitEdit(std::move(edit), [](View&) {});
}

void Core::ApplyRun(absl::Span<PendingCommit* const> run, Lsn first) {
  Memtable& memtable = active_->table();
  Lsn lsn = first;
  for (PendingCommit* commit : run) {
    BatchReader reader(BatchAccess::Operations(*commit->batch));
    for (uint32_t i = 0; i < commit->batch->count(); ++i, ++lsn.value) {
      const BatchOperation operation = **reader.Next();  // checked before it was logged
      env::SyncPoint("commit:apply");
      switch (operation.kind) {
        case EntryKind::kPut:
          memtable.Put(operation.key, lsn, operation.value);
          break;
        case EntryKind::kDelete:
          memtable.Delete(operation.key, lsn);
          break;
        default:
          memtable.DeleteRange(operation.key, operation.end, lsn);
      }
    }
    commit->last_lsn = Lsn(lsn.value - 1);
  }
  active_bytes_.store(memtable.entry_bytes(), std::memory_order_relaxed);
  active_->Recharge();
}

absl::StatusOr<bool> Core::Freeze() {
  env::MutexLock lock(&commit_mutex_);
  AETERNUS_RETURN_IF_ERROR(CheckWritable());
  return FreezeLocked();
}

absl::StatusOr<bool> Core::FreezeLocked() {
  if (active_->table().empty()) return false;
  const LogChain::Position log = logs_->active_position().value();  // entries in memory have a log
  bool wrote = false;
  if (const absl::Status status = logs_->Seal(&wrote); !status.ok()) {
    if (wrote) return Fail(status);
    if (absl::IsResourceExhausted(status)) SetOutOfSpace(status);
    return status;
  }
  env::SyncPoint("commit:frozen");
  std::shared_ptr<ChargedMemtable> fresh = NewMemtable(active_->table().common_key_prefix());
  env::MutexLock lock(&state_mutex_);
  auto view = std::make_shared<View>(*view_);
  view->frozen.push_back({active_, log.number, log.end_offset});
  view->active = fresh;
  view_ = std::move(view);
  active_ = std::move(fresh);
  active_bytes_.store(0, std::memory_order_relaxed);
  return true;
}

absl::Status Core::PrepareLog() {
  AETERNUS_RETURN_IF_ERROR(CheckWritable());
  return logs_->PrepareNext();
}

absl::Status Core::SyncOlderLogs() {
  AETERNUS_RETURN_IF_ERROR(CheckWritable());
  if (const absl::Status status = logs_->SyncOlder(); !status.ok()) return Fail(status);
  return absl::OkStatus();
}

void Core::SetOutOfSpace(const absl::Status& why) {
  env::MutexLock lock(&state_mutex_);
  out_of_space_ = why;
  is_out_of_space_.store(!why.ok(), std::memory_order_relaxed);
}

absl::Status Core::Fail(const absl::Status& cause) {
  env::MutexLock lock(&state_mutex_);
  if (failure_.ok()) {
    failure_ =
        absl::InternalError(absl::StrCat("the database in ", dir_, " is read-only because of an earlier failure (",
                                         cause.message(), "); reopen it to recover what was acknowledged"));
    return cause;
  }
  return failure_;
}

absl::Status Core::ClosedError() const {
  return absl::FailedPreconditionError(absl::StrCat("the database in ", dir_, " is closed"));
}

absl::Status Core::CheckOpen() const {
  env::MutexLock lock(&state_mutex_);
  return view_ == nullptr ? ClosedError() : absl::OkStatus();
}

absl::Status Core::CheckWritable() const {
  env::MutexLock lock(&state_mutex_);
  return view_ == nullptr ? ClosedError() : failure_;
}

}  // namespace aeternus
