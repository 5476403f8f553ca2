// Flush and compaction: a merge into a new table, then one manifest edit that puts it into force. No lock that readers
// or writers need is held while merging.
#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/hash.h"
#include "base/planted_bug.h"
#include "base/status.h"
#include "engine/core.h"
#include "engine/file_names.h"
#include "env/sync_point.h"

namespace aeternus {
namespace {

TableMetadata MetadataOf(FileNumber number, const sstable::TableSummary& summary) {
  return {.number = number,
          .size_bytes = summary.size_bytes,
          .checksum = summary.checksum,
          .put_count = summary.put_count,
          .delete_count = summary.delete_count,
          .range_tombstone_count = summary.range_tombstone_count,
          .min_point_lsn = summary.min_point_lsn,
          .max_point_lsn = summary.max_point_lsn,
          .min_range_lsn = summary.min_range_lsn,
          .max_range_lsn = summary.max_range_lsn,
          .smallest = summary.smallest,
          .largest = summary.largest,
          .largest_is_exclusive = summary.largest_is_exclusive,
          .creation_time_micros = summary.creation_time_micros,
          .oldest_tombstone_time_micros = summary.oldest_tombstone_time_micros};
}

// The numbers of a plan's inputs: a major compaction has all tables for inputs, and each is looked for.
class InputSet {
 public:
  explicit InputSet(const compaction::Plan& plan) {
    for (const auto& input : plan.inputs) numbers_.insert(input->number);
  }
  bool contains(FileNumber number) const { return numbers_.contains(number); }

 private:
  absl::flat_hash_set<FileNumber> numbers_;
};

}  // namespace

// The tables outside a compaction's inputs: what a tombstone of the inputs may still have to hide.
class Core::OlderTables final : public compaction::OlderVersions {
 public:
  // `exact`: when a filter cannot exclude a key, look for it; otherwise take "maybe" for "yes".
  OlderTables(const View& view, const compaction::Plan& plan, bool exact) : view_(view), exact_(exact) {
    const InputSet inputs(plan);
    const auto tables = view.version->tables();
    for (size_t i = 0; i < tables.size(); ++i) {
      if (!inputs.contains(tables[i]->number)) others_.push_back(i);
    }
  }

  absl::StatusOr<bool> HoldKey(std::string_view key, Lsn below) override {
    const uint64_t hash = StableHash(key);
    return AnyOlder(below, [&](const TableMetadata& metadata, sstable::Table& table) -> absl::StatusOr<bool> {
      if (!metadata.has_points() || !metadata.BoundsContain(key)) return false;
      AETERNUS_ASSIGN_OR_RETURN(const bool maybe, table.MayContain(hash));
      if (!maybe || !exact_) return maybe;
      return table.HoldsVersionBelow(key, hash, below);
    });
  }

  absl::StatusOr<bool> HoldKeyInRange(std::string_view start, const std::optional<std::string>& end,
                                      Lsn below) override {
    return AnyOlder(below, [&](const TableMetadata& metadata, sstable::Table& table) -> absl::StatusOr<bool> {
      if (!metadata.has_points() || !metadata.BoundsOverlap(start, end)) return false;
      return table.HoldsKeyInRangeBelow(start, end, below);
    });
  }

 private:
  using Question = absl::FunctionRef<absl::StatusOr<bool>(const TableMetadata&, sstable::Table&)>;

  // A table can hold something older than `below` iff its min LSN is below it; its number says nothing.
  absl::StatusOr<bool> AnyOlder(Lsn below, Question question) const {
    if (IsPlanted(PlantedBug::kTombstoneDroppedEarly)) return false;
    const auto tables = view_.version->tables();
    for (const size_t i : others_) {
      if (tables[i]->min_lsn() >= below) continue;
      AETERNUS_ASSIGN_OR_RETURN(const bool holds, question(*tables[i], *view_.tables[i]));
      if (holds) return true;
    }
    return false;
  }

  const View& view_;
  std::vector<size_t> others_;  // places in the view of the tables outside the inputs
  const bool exact_;
};

// ---- tables and edits ----

absl::StatusOr<std::optional<TableMetadata>> Core::BuildTable(MergeRequest request) {
  AETERNUS_ASSIGN_OR_RETURN(const FileNumber number, NextNumber());
  const compaction::MergeOutput output{
      .file_system = file_system_,
      .path = PathOf(TableName(number)),
      .identity = {.kind = FileKind::kTable,
                   .database_id = database_id_,
                   .number = number,
                   .edit = manifest_->durable_edit()},
      .builder = {.block_size_bytes = options_.table.block_size_bytes,
                  .filter_bits_per_key = options_.table.filter_bits_per_key,
                  .creation_time_micros = env_->clock->WallMicros(),
                  .oldest_tombstone_time_micros = request.oldest_tombstone_time_micros}};
  AETERNUS_ASSIGN_OR_RETURN(const compaction::MergeResult result,
                            compaction::Merge(std::move(request.inputs), request.policy, output,
                                              [this] { return merges_cancelled_.load(std::memory_order_relaxed); }));
  if (!result.table.has_value()) return std::nullopt;
  if (const absl::Status status = file_system_->SyncDirectory(dir_); !status.ok()) return Fail(status);
  return MetadataOf(number, *result.table);
}

absl::Status Core::CommitEdit(VersionEdit edit, absl::FunctionRef<void(View&)> amend) {
  env::MutexLock lock(&manifest_mutex_);
  ReserveNumbers(&edit);
  if (const absl::Status status = CommitToManifest(edit); !status.ok()) {
    // Nothing was written, so nothing names the new table. After a final error the edit may be in the file: the table
    // stays, and the next Open decides.
    if (CheckWritable().ok()) {
      for (const TableMetadata& table : edit.added_tables) obsolete_.Add(PathOf(TableName(table.number)));
    }
    return status;
  }
  const std::shared_ptr<const Version> version = manifest_->state().version;
  std::shared_ptr<const View> before;
  {
    env::MutexLock state(&state_mutex_);
    before = view_;
  }
  std::vector<std::shared_ptr<sstable::Table>> tables = TablesOf(*version, *before, edit.removed_tables);
  ChangeView([&](const View* current) {
    auto view = std::make_shared<View>(*current);  // with what was frozen meanwhile
    view->version = version;
    view->tables = std::move(tables);
    amend(*view);
    return view;
  });
  return CheckpointIfGrown();
}

// One pass, because tables keep their order from one version to the next.
std::vector<std::shared_ptr<sstable::Table>> Core::TablesOf(const Version& version, const View& before,
                                                            std::vector<FileNumber> removed) {
  std::sort(removed.begin(), removed.end());
  auto old = before.tables.begin();
  const auto retire_until = [&](auto goes_on) {
    for (; old != before.tables.end() && !goes_on((*old)->number()); ++old) {
      obsolete_.Add((*old)->path(), std::weak_ptr<const void>(*old));
    }
  };
  std::vector<std::shared_ptr<sstable::Table>> tables;
  tables.reserve(version.tables().size());
  for (const auto& metadata : version.tables()) {
    retire_until([&](FileNumber number) { return !std::binary_search(removed.begin(), removed.end(), number); });
    const bool goes_on = old != before.tables.end() && (*old)->number() == metadata->number;
    tables.push_back(goes_on ? *old++ : OpenTable(*metadata));
  }
  retire_until([](FileNumber) { return false; });
  return tables;
}

absl::Status Core::CommitToManifest(const VersionEdit& edit) {
  const absl::Status status = manifest_->Commit(edit);
  if (status.ok()) {
    if (edit.reserved_numbers_end.has_value()) reserved_end_ = *edit.reserved_numbers_end;
    return status;
  }
  // Refused, or no room for it: nothing was written. Everything else is final.
  if (absl::IsFailedPrecondition(status)) return status;
  if (absl::IsResourceExhausted(status)) {
    SetOutOfSpace(status);
    return status;
  }
  return Fail(status);
}

absl::Status Core::CheckpointManifest() {
  AETERNUS_RETURN_IF_ERROR(CheckWritable());
  AETERNUS_ASSIGN_OR_RETURN(const FileNumber number, NextNumber());
  {
    env::MutexLock lock(&manifest_mutex_);
    AETERNUS_RETURN_IF_ERROR(CheckpointTo(number));
  }
  obsolete_.Collect();
  return absl::OkStatus();
}

absl::Status Core::CheckpointIfGrown() {
  constexpr uint64_t kSlackBytes = 256 << 10;
  if (manifest_->size_bytes() < kSlackBytes + 8 * manifest_->snapshot_size_bytes()) return absl::OkStatus();
  const FileNumber number = next_number_;  // at least half of the reserved numbers are left here
  ++next_number_.value;
  return CheckpointTo(number);
}

absl::Status Core::CheckpointTo(FileNumber number) {
  const FileNumber old = manifest_->state().manifest_number;
  if (const absl::Status status = manifest_->Checkpoint(number); !status.ok()) {
    if (!absl::IsResourceExhausted(status)) return Fail(status);
    obsolete_.Add(PathOf(Manifest::FileName(number)));  // the present manifest goes on
    return absl::OkStatus();
  }
  obsolete_.Add(PathOf(Manifest::FileName(old)));
  return absl::OkStatus();
}

// Asked of the files and not of the view, because a log that a writer is just ending or beginning belongs to no
// memtable there that is frozen already or still active.
FileNumber Core::LogBehind(FileNumber log) const {
  env::MutexLock lock(&log_files_mutex_);
  return *std::upper_bound(log_files_.begin(), log_files_.end(), log);
}

bool Core::DeleteLogsBelow(FileNumber min_log) {
  std::vector<FileNumber> retired;
  {
    env::MutexLock lock(&log_files_mutex_);
    const auto end = std::lower_bound(log_files_.begin(), log_files_.end(), min_log);
    retired.assign(log_files_.begin(), end);
    log_files_.erase(log_files_.begin(), end);
  }
  bool are_gone = true;
  for (const FileNumber log : retired) {
    const absl::Status status = file_system_->DeleteFile(PathOf(LogName(log)));
    if (status.ok() || absl::IsNotFound(status)) continue;
    are_gone = false;
    obsolete_.Add(PathOf(LogName(log)));
  }
  return are_gone;
}

absl::Status Core::RetireLogsBelow(FileNumber min_log) {
  const bool are_gone = DeleteLogsBelow(min_log);
  obsolete_.Collect();
  if (!logs_->OwesSyncBelow(min_log)) return absl::OkStatus();
  if (!are_gone) return SyncOlderLogs();
  if (const absl::Status status = file_system_->SyncDirectory(dir_); !status.ok()) return Fail(status);
  logs_->Drop(min_log);
  return absl::OkStatus();
}

// ---- flush ----

absl::StatusOr<bool> Core::FlushOldestFrozen() {
  env::MutexLock flush(&flush_mutex_);
  AETERNUS_RETURN_IF_ERROR(CheckWritable());
  const absl::StatusOr<bool> flushed =
      WithReserve([this] { return TryToFlush(); }, [this](const absl::Status& why) { return BorrowReserve(why); });
  RestoreReserve();
  ShrinkReserve();
  // Under steady writing the next memtable holds more than that by now.
  if (MemtablesHoldLittle()) resources_->spare_blocks.Clear();
  return flushed;
}

absl::StatusOr<bool> Core::TryToFlush() {
  AETERNUS_ASSIGN_OR_RETURN(Moment now, Now());
  if (now.view->frozen.empty()) return false;
  env::SyncPoint("flush:begin");
  const FrozenMemtable oldest = now.view->frozen.front();
  const Memtable& memtable = oldest.memtable->table();

  // Before the table, so that a full disk is met while there is no table to be left behind.
  AETERNUS_RETURN_IF_ERROR(logs_->EnsureNext().status());
  MergeRequest request;
  request.inputs.sources.push_back(memtable.NewHistoryIterator());
  request.inputs.tombstones.push_back(memtable.range_tombstones());
  request.inputs.expected_points = memtable.point_count();
  request.inputs.description = absl::StrCat("the memtable of ", LogName(oldest.log));
  if (!IsPlanted(PlantedBug::kFlushIgnoresSnapshots)) request.policy.snapshots = handles_->LiveSnapshots();
  AETERNUS_ASSIGN_OR_RETURN(const std::optional<TableMetadata> table, BuildTable(std::move(request)));

  VersionEdit edit;
  if (table.has_value()) edit.added_tables.push_back(*table);
  edit.flushed_lsn = memtable.last_lsn();
  const FileNumber min_log = LogBehind(oldest.log);
  edit.min_log = min_log;
  if (IsPlanted(PlantedBug::kLogsDeletedBeforeEdit)) DeleteLogsBelow(min_log);
  AETERNUS_RETURN_IF_ERROR(CommitEdit(std::move(edit), [](View& view) { view.frozen.erase(view.frozen.begin()); }));
  counters_.flushes.fetch_add(1, std::memory_order_relaxed);
  now.view.reset();
  AETERNUS_RETURN_IF_ERROR(RetireLogsBelow(min_log));
  return true;
}

// ---- compaction ----

compaction::PlannerOptions Core::planner_options() const {
  const CompactionOptions& c = options_.compaction;
  return {.bucket_low = c.bucket_low,
          .bucket_high = c.bucket_high,
          .min_table_size_bytes = c.min_table_size_bytes,
          .min_threshold = c.min_threshold,
          .max_threshold = c.max_threshold,
          .tombstone_ratio = c.tombstone_ratio,
          .tombstone_interval_micros = c.tombstone_interval_seconds * 1'000'000};
}

absl::StatusOr<Core::MergeRequest> Core::RequestFor(const compaction::Plan& plan, const View& view,
                                                    OlderTables* older) const {
  MergeRequest request;
  std::vector<std::string> names;
  const InputSet inputs(plan);
  const auto tables = view.version->tables();
  for (size_t i = 0; i < tables.size(); ++i) {
    if (!inputs.contains(tables[i]->number)) continue;
    names.push_back(TableName(tables[i]->number));
    if (tables[i]->has_points()) request.inputs.sources.push_back(view.tables[i]->NewStream());
    if (tables[i]->has_range_tombstones()) {
      AETERNUS_ASSIGN_OR_RETURN(auto tombstones, view.tables[i]->RangeTombstones());
      request.inputs.tombstones.push_back(std::move(tombstones));
    }
    request.inputs.expected_points += tables[i]->put_count + tables[i]->delete_count;
    const int64_t oldest = tables[i]->oldest_tombstone_time_micros;
    int64_t& oldest_of_all = request.oldest_tombstone_time_micros;
    if (oldest != 0 && (oldest_of_all == 0 || oldest < oldest_of_all)) oldest_of_all = oldest;
  }
  request.inputs.description = absl::StrJoin(names, ", ");
  if (!IsPlanted(PlantedBug::kCompactionIgnoresSnapshots)) request.policy.snapshots = handles_->LiveSnapshots();
  if (plan.kind == compaction::Kind::kTombstone || plan.kind == compaction::Kind::kMajor) {
    request.policy.older_versions = older;
  }
  request.policy.drop_range_tombstones =
      plan.kind == compaction::Kind::kMajor || options_.compaction.drop_range_tombstones;
  return request;
}

absl::Status Core::RunPlan(const compaction::Plan& plan, const View& view) {
  const absl::Status status =
      WithReserve([&] { return TryPlan(plan, view); }, [this](const absl::Status& why) { return BorrowReserve(why); });
  if (!status.ok()) RestoreReserve();
  return status;
}

absl::Status Core::TryPlan(const compaction::Plan& plan, const View& view) {
  OlderTables older(view, plan, options_.compaction.tombstone_exact_lookup);
  AETERNUS_ASSIGN_OR_RETURN(MergeRequest request, RequestFor(plan, view, &older));
  env::SyncPoint("compaction:begin");
  AETERNUS_ASSIGN_OR_RETURN(const std::optional<TableMetadata> table, BuildTable(std::move(request)));
  VersionEdit edit;
  for (const auto& input : plan.inputs) {
    edit.removed_tables.push_back(input->number);
    if (!IsPlanted(PlantedBug::kInputsDeletedBeforeEdit)) continue;
    AETERNUS_RETURN_IF_ERROR(file_system_->DeleteFile(PathOf(TableName(input->number))));
  }
  if (table.has_value()) {
    edit.added_tables.push_back(*table);
    counters_.compaction_bytes_written.fetch_add(table->size_bytes, std::memory_order_relaxed);
  }
  counters_.compaction_bytes_read.fetch_add(plan.input_bytes(), std::memory_order_relaxed);
  return CommitEdit(std::move(edit), [](View&) {});
}

absl::StatusOr<bool> Core::MinorCompact() {
  env::MutexLock compaction(&compaction_mutex_);
  AETERNUS_RETURN_IF_ERROR(CheckWritable());
  AETERNUS_ASSIGN_OR_RETURN(Moment now, Now());
  const std::optional<compaction::Plan> plan = compaction::PlanMinor(*now.view->version, {}, planner_options());
  if (!plan.has_value()) return false;
  AETERNUS_RETURN_IF_ERROR(RunPlan(*plan, *now.view));
  counters_.minor_compactions.fetch_add(1, std::memory_order_relaxed);
  now.view.reset();
  obsolete_.Collect();
  RestoreReserve();
  return true;
}

absl::StatusOr<bool> Core::MajorCompact() {
  env::MutexLock compaction(&compaction_mutex_);
  AETERNUS_RETURN_IF_ERROR(CheckWritable());
  AETERNUS_ASSIGN_OR_RETURN(Moment now, Now());
  const std::optional<compaction::Plan> plan = compaction::PlanMajor(*now.view->version, {});
  if (!plan.has_value()) return false;
  AETERNUS_RETURN_IF_ERROR(RunPlan(*plan, *now.view));
  counters_.major_compactions.fetch_add(1, std::memory_order_relaxed);
  now.view.reset();
  obsolete_.Collect();
  RestoreReserve();
  return true;
}

absl::StatusOr<bool> Core::ScanCompact() {
  env::MutexLock compaction(&compaction_mutex_);
  AETERNUS_RETURN_IF_ERROR(CheckWritable());
  AETERNUS_ASSIGN_OR_RETURN(Moment now, Now());
  const Version& version = *now.view->version;
  const auto wait_for = [this](const compaction::ScanPlan& plan) {
    seeks_wanted_.store(plan.next_seeks.value_or(kNeverPaid), std::memory_order_relaxed);
    return false;
  };
  const compaction::ScanPlan found = compaction::PlanScan(version, {}, seeks_.load(std::memory_order_relaxed));
  if (!found.plan.has_value()) return wait_for(found);
  seeks_.store(0, std::memory_order_relaxed);
  const absl::Status status = TryPlan(*found.plan, *now.view);
  // Nobody needs it enough for what is kept back.
  if (absl::IsResourceExhausted(status)) return wait_for(compaction::PlanScan(version, {}, 0));
  AETERNUS_RETURN_IF_ERROR(status);
  counters_.scan_compactions.fetch_add(1, std::memory_order_relaxed);
  now.view.reset();
  obsolete_.Collect();
  RestoreReserve();
  return true;
}

void Core::OnScansPaid(std::function<void()> call) {
  env::MutexLock lock(&scans_mutex_);
  on_scans_paid_ = std::move(call);
}

void Core::NoteSeeks(uint64_t count, const View& view) const {
  if (!options_.merge_for_scans || read_view_.load(std::memory_order_relaxed) != &view) return;
  const uint64_t seeks = seeks_.fetch_add(count, std::memory_order_relaxed) + count;
  if (seeks < seeks_wanted_.load(std::memory_order_relaxed)) return;
  // By one of the threads that come here at once.
  if (seeks_wanted_.exchange(kNeverPaid, std::memory_order_relaxed) == kNeverPaid) return;
  env::MutexLock lock(&scans_mutex_);
  if (on_scans_paid_ != nullptr) on_scans_paid_();
}

absl::StatusOr<bool> Core::IsWorthwhile(const compaction::Plan& plan, const View& view) const {
  OlderTables older(view, plan, options_.compaction.tombstone_exact_lookup);
  AETERNUS_ASSIGN_OR_RETURN(MergeRequest request, RequestFor(plan, view, &older));
  return compaction::WouldDropAnything(std::move(request.inputs), request.policy);
}

absl::StatusOr<bool> Core::TombstoneCompact() {
  env::MutexLock compaction(&compaction_mutex_);
  AETERNUS_RETURN_IF_ERROR(CheckWritable());
  AETERNUS_ASSIGN_OR_RETURN(Moment now, Now());
  const uint64_t snapshots = handles_->snapshot_changes();
  if (fruitless_version_ != now.view->version || fruitless_snapshots_ != snapshots) {
    fruitless_.clear();
    fruitless_version_ = now.view->version;
    fruitless_snapshots_ = snapshots;
  }
  for (const compaction::Plan& plan :
       compaction::PlanTombstone(*now.view->version, {}, env_->clock->WallMicros(), planner_options())) {
    const FileNumber candidate = plan.inputs[0]->number;
    if (fruitless_.contains(candidate)) continue;
    AETERNUS_ASSIGN_OR_RETURN(const bool worthwhile, IsWorthwhile(plan, *now.view));
    if (!worthwhile) {
      fruitless_.insert(candidate);
      continue;
    }
    AETERNUS_RETURN_IF_ERROR(RunPlan(plan, *now.view));
    counters_.tombstone_compactions.fetch_add(1, std::memory_order_relaxed);
    now.view.reset();
    obsolete_.Collect();
    RestoreReserve();
    return true;
  }
  return false;
}

}  // namespace aeternus
