// The write path: log, sync, apply, publish, in this order. What is visible is as durable as its writer asked for.
#include <algorithm>
#include <bit>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/entry.h"
#include "base/planted_bug.h"
#include "base/status.h"
#include "engine/batch_format.h"
#include "engine/core.h"
#include "env/sync_point.h"
#include "wal/frame.h"

namespace aeternus {
namespace {

static_assert(kMaxBatchSizeBytes == wal::kMaxPayloadSizeBytes, "a batch is the payload of one frame");

// Memtables that hold no more than this are little: for them only little space is kept back, and no memory is kept
// ready. Most databases are small, or not being written just now.
constexpr size_t kLittleBytes = size_t{1} << 20;

size_t BatchBytes(const PendingCommit& commit) { return commit.batch->size_bytes(); }

// Has the place of the first key loaded while its frame is written.
void ExpectFirstKey(const WriteBatch& batch, Memtable* memtable) {
  ForEachOperation(batch, [&](const BatchOperation& operation) {
    if (operation.kind != EntryKind::kRangeDelete) memtable->Expect(operation.key);
    return false;
  });
}

bool HoldsPut(const WriteBatch& batch) {
  bool holds_put = false;
  ForEachOperation(batch, [&](const BatchOperation& operation) {
    holds_put = operation.kind == EntryKind::kPut;
    return !holds_put;
  });
  return holds_put;
}

}  // namespace

bool Core::WouldFreeze(size_t batch_bytes) const {
  const size_t active = active_bytes_.load(std::memory_order_relaxed);
  return active > 0 && active + batch_bytes > options_.write_buffer_bytes;
}

void Core::Commit(absl::Span<PendingCommit* const> group) {
  env::MutexLock lock(&commit_mutex_);
  while (!group.empty()) {
    const size_t n = RunLength(group);
    const absl::Span<PendingCommit* const> run = group.first(n);
    const absl::Status status = CommitRun(run);
    for (PendingCommit* commit : run) commit->status = status;
    if (absl::IsResourceExhausted(status)) CommitDeletes(run, status);
    group.remove_prefix(n);
  }
}

void Core::CommitDeletes(absl::Span<PendingCommit* const> run, const absl::Status& why) {
  std::vector<PendingCommit*> deletes;
  for (PendingCommit* commit : run) {
    if (!HoldsPut(*commit->batch)) deletes.push_back(commit);
  }
  if (deletes.empty()) return;
  {
    const SpaceReserve::Loan loan = BorrowReserve(why);
    if (!loan && deletes.size() == run.size()) return;  // nothing has changed since it was refused
    const absl::Status status = CommitRun(deletes);
    for (PendingCommit* commit : deletes) commit->status = status;
  }
  RestoreReserve();
}

absl::Status Core::CheckRoomForPuts(absl::Span<PendingCommit* const> run) {
  if (!reserve_.is_lent()) return absl::OkStatus();
  if (std::none_of(run.begin(), run.end(), [](const auto* commit) { return HoldsPut(*commit->batch); })) {
    return absl::OkStatus();
  }
  RestoreReserve();
  if (!reserve_.is_lent()) return absl::OkStatus();
  env::MutexLock lock(&state_mutex_);
  return absl::ResourceExhaustedError(absl::StrCat("the disk of the database in ", dir_, " is full (",
                                                   out_of_space_.message(),
                                                   "): nothing but deletes is written until there is room for ",
                                                   ReserveAmount().bytes, " bytes to be kept back again"));
}

SpaceReserve::Loan Core::BorrowReserve(const absl::Status& why) {
  SpaceReserve::Loan loan = reserve_.Borrow();
  if (!loan) return loan;
  SetOutOfSpace(why);
  obsolete_.Collect();  // what the attempt that failed has left
  return loan;
}

void Core::RestoreReserve() {
  if (!options_.keep_reserve) return;
  if (reserve_.is_lent()) obsolete_.Collect();  // a reader may have let go of a file
  if (reserve_.Restore(ReserveAmount())) SetOutOfSpace(absl::OkStatus());
}

// Beside commits, of which one may be under way that has asked what is covered and is not counted yet. It pledges first
// and then asks, here the cover is lowered first and then the pledge is asked for: one of both sees the other. Whoever
// needs more once the cover is lower resizes the reserve, which then stays as it is.
void Core::ShrinkReserve() {
  const uint64_t lowered_to_bytes = ReserveAmount().covered_bytes;
  env::SyncPoint("reserve:lower");
  if (!reserve_.LowerCover(lowered_to_bytes)) return;
  const size_t pledged_bytes = pledged_bytes_.load(std::memory_order_seq_cst);
  // What was pledged may have been frozen before the cover was lowered: then the view knows.
  SpaceReserve::Amount amount = ReserveAmount();
  if (amount.covered_bytes < pledged_bytes) amount = ReserveAmountFor(std::bit_ceil(pledged_bytes));
  env::SyncPoint("reserve:shrink");
  reserve_.GiveBack(lowered_to_bytes, amount);
}

bool Core::MemtablesHoldLittle() const {
  return frozen_count() == 0 && active_bytes_.load(std::memory_order_relaxed) <= kLittleBytes;
}

SpaceReserve::Amount Core::ReserveAmount() const {
  const size_t held_bytes =
      frozen_count() > 0 ? options_.write_buffer_bytes : active_bytes_.load(std::memory_order_relaxed);
  return ReserveAmountFor(std::max(std::bit_ceil(held_bytes), kLittleBytes));
}

// Enough for a log segment or the table of such memtables, for the snapshot that an Open writes, and for what little is
// written beside them.
SpaceReserve::Amount Core::ReserveAmountFor(size_t held_bytes) const {
  const size_t covered_bytes = std::min(held_bytes, options_.write_buffer_bytes);
  constexpr uint64_t kMostForEditsBytes = 256 << 10;
  const uint64_t segment_bytes = SegmentBytes(covered_bytes);
  return {.bytes = segment_bytes + std::min(segment_bytes, kMostForEditsBytes) + 2 * manifest_->snapshot_size_bytes(),
          .covered_bytes = covered_bytes};
}

absl::Status Core::CoverByReserve(size_t bytes) {
  const size_t held_bytes = active_bytes_.load(std::memory_order_relaxed) + bytes;
  pledged_bytes_.store(held_bytes, std::memory_order_seq_cst);
  const uint64_t covered = reserve_.covered_bytes();
  if (covered == 0 || covered >= options_.write_buffer_bytes) return absl::OkStatus();
  if (held_bytes <= covered) return absl::OkStatus();
  const SpaceReserve::Amount amount = ReserveAmountFor(std::bit_ceil(held_bytes));
  if (reserve_.Resize(amount)) return absl::OkStatus();
  absl::Status status = absl::ResourceExhaustedError(
      absl::StrCat("the disk of the database in ", dir_, " is too full to keep back the ", amount.bytes,
                   " bytes that flushing what it holds may take (keep_reserve)"));
  SetOutOfSpace(status);
  return status;
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
  AETERNUS_RETURN_IF_ERROR(CheckRoomForPuts(run));
  if (WouldFreeze(BatchBytes(*run[0]))) AETERNUS_RETURN_IF_ERROR(FreezeLocked().status());

  uint64_t operations = 0;
  size_t bytes = 0;
  bool sync = false;
  for (const PendingCommit* commit : run) {
    bytes += BatchBytes(*commit);
    operations += commit->batch->count();
    sync |= commit->sync;
  }
  if (last_lsn_.value + operations > kMaxLsn.value) {
    return absl::ResourceExhaustedError("the database has used up its 2^56 log sequence numbers");
  }
  AETERNUS_RETURN_IF_ERROR(CoverByReserve(bytes));
  const Lsn first(last_lsn_.value + 1);
  ExpectFirstKey(*run[0]->batch, &active_->table());
  AETERNUS_RETURN_IF_ERROR(LogRun(run, first, sync));
  last_lsn_ = Lsn(last_lsn_.value + operations);
  if (sync && !IsPlanted(PlantedBug::kAcknowledgedBeforeSync)) {
    absl::Status status = logs_->SyncAll();
    if (!status.ok() && IsPlanted(PlantedBug::kFailedSyncRetried)) status = logs_->SyncAll();
    if (!status.ok()) return Fail(status);
  }
  if (IsPlanted(PlantedBug::kPublishedBeforeApplied)) published_lsn_.store(last_lsn_.value, std::memory_order_release);
  ApplyRun(run, first);
  env::SyncPoint("commit:applied");
  published_lsn_.store(last_lsn_.value, std::memory_order_release);
  counters_.commit_groups.fetch_add(1, std::memory_order_relaxed);
  counters_.commits.fetch_add(run.size(), std::memory_order_relaxed);
  return absl::OkStatus();
}

absl::Status Core::LogRun(absl::Span<PendingCommit* const> run, Lsn first, bool sync) {
  AETERNUS_RETURN_IF_ERROR(FirstLogInUse());
  frames_.clear();
  for (const PendingCommit* commit : run) {
    frames_.push_back({.type = wal::FrameType::kBatch,
                       .first_lsn = first,
                       .lsn_count = commit->batch->count(),
                       .synced_lsn = logs_->synced_lsn(),
                       .payload = BatchAccess::Operations(*commit->batch)});
    first = Lsn(first.value + commit->batch->count());
  }
  bool wrote = false;
  const bool is_mapped = !sync && options_.map_unsynced_writes;
  const auto next = is_mapped ? env::LogFile::Next::kMore : env::LogFile::Next::kSync;
  const absl::Status status = logs_->Append(frames_, next, &wrote);
  if (status.ok()) {
    if (is_out_of_space_.load(std::memory_order_relaxed) && !reserve_.is_lent()) SetOutOfSpace(absl::OkStatus());
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
    ForEachOperation(*commit->batch, [&](const BatchOperation& operation) {
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
      ++lsn.value;
      return true;
    });
    commit->last_lsn = Lsn(lsn.value - 1);
  }
  active_bytes_.store(memtable.entry_bytes(), std::memory_order_relaxed);
  active_->Recharge();
}

absl::StatusOr<bool> Core::Freeze() {
  env::MutexLock lock(&commit_mutex_);
  AETERNUS_RETURN_IF_ERROR(CheckWritable());
  const absl::StatusOr<bool> frozen = FreezeLocked();
  if (!absl::IsResourceExhausted(frozen.status())) return frozen;
  const SpaceReserve::Loan loan = BorrowReserve(frozen.status());
  return loan ? FreezeLocked() : frozen;
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
  std::shared_ptr<ChargedMemtable> fresh = NewMemtable();
  const FrozenMemtable frozen{active_, log.number, log.end_offset};
  ChangeView([&](const View* current) {
    auto view = std::make_shared<View>(*current);
    view->frozen.push_back(frozen);
    view->active = fresh;
    return view;
  });
  active_ = std::move(fresh);
  active_bytes_.store(0, std::memory_order_relaxed);
  pledged_bytes_.store(0, std::memory_order_release);
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
  if (IsPlanted(PlantedBug::kFailureForgotten)) return env::AsFinal(cause);
  env::MutexLock lock(&state_mutex_);
  if (failure_.ok()) {
    failure_ =
        absl::InternalError(absl::StrCat("the database in ", dir_, " is read-only because of an earlier failure (",
                                         cause.message(), "); reopen it to recover what was acknowledged"));
    NoteState();
    return env::AsFinal(cause);
  }
  return failure_;
}

void Core::NoteState() {
  is_writable_.store(view_ != nullptr && failure_.ok(), std::memory_order_release);
  frozen_count_.store(view_ == nullptr ? 0 : view_->frozen.size(), std::memory_order_release);
}

absl::Status Core::ClosedError() const {
  return absl::FailedPreconditionError(absl::StrCat("the database in ", dir_, " is closed"));
}

absl::Status Core::CheckOpen() const {
  env::MutexLock lock(&state_mutex_);
  return view_ == nullptr ? ClosedError() : absl::OkStatus();
}

absl::Status Core::CheckWritable() const {
  if (is_writable_.load(std::memory_order_acquire)) return absl::OkStatus();
  env::MutexLock lock(&state_mutex_);
  return view_ == nullptr ? ClosedError() : failure_;
}

}  // namespace aeternus
