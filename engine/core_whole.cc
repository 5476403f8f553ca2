// The database as a whole: statistics, verification, closing.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/planted_bug.h"
#include "base/status.h"
#include "compaction/planner.h"
#include "engine/core.h"
#include "engine/file_names.h"
#include "wal/reader.h"

namespace aeternus {
namespace {

TableStats StatsOf(const TableMetadata& table) {
  return {.number = table.number.value,
          .size_bytes = table.size_bytes,
          .put_count = table.put_count,
          .delete_count = table.delete_count,
          .range_tombstone_count = table.range_tombstone_count,
          .min_lsn = table.min_lsn().value,
          .max_lsn = table.max_lsn().value,
          .smallest_key = table.smallest,
          .largest_key = table.largest,
          .largest_is_exclusive = table.largest_is_exclusive};
}

void AddTables(const View& view, const compaction::PlannerOptions& options, Stats* stats) {
  stats->table_count = view.version->tables().size();
  stats->table_bytes = view.version->total_bytes();
  for (const auto& bucket : compaction::SizeBuckets(*view.version, {}, options)) {
    std::vector<uint64_t> numbers;
    for (const auto& table : bucket) {
      numbers.push_back(table->number.value);
      stats->tables.push_back(StatsOf(*table));
    }
    stats->size_buckets.push_back(std::move(numbers));
  }
  for (const auto& table : view.tables) stats->tombstone_memory_bytes += table->tombstone_memory_bytes();
}

void AddMemory(const View& view, Stats* stats) {
  const MemoryResources& resources = *view.resources;
  const FrameCache::Stats cache = resources.cache.stats();
  stats->memory_limit_bytes = resources.budget.limit_bytes();
  stats->memory_used_bytes = resources.budget.used_bytes();
  stats->memtable_memory_bytes = view.active->table().memory_bytes();
  for (const auto& frozen : view.frozen) stats->memtable_memory_bytes += frozen.memtable->table().memory_bytes();
  stats->frame_memory_bytes = cache.frame_bytes;
  stats->filter_index_memory_bytes = cache.metadata_bytes;
  stats->pinned_memory_bytes = cache.pinned_bytes;
  stats->cache_hits = cache.hits;
  stats->cache_misses = cache.misses;
}

}  // namespace

std::string_view EngineStateName(EngineState state) {
  switch (state) {
    case EngineState::kHealthy:
      return "healthy";
    case EngineState::kThrottled:
      return "throttled";
    case EngineState::kOutOfSpace:
      return "out of space";
    case EngineState::kFailed:
      return "failed";
    case EngineState::kClosed:
      return "closed";
  }
  return "unknown";
}

Stats Core::Stats() const {
  aeternus::Stats stats;
  std::shared_ptr<const View> view;
  {
    env::MutexLock lock(&state_mutex_);
    view = view_;
    if (view == nullptr) stats.state = EngineState::kClosed;
    const absl::Status& reason = !failure_.ok() ? failure_ : out_of_space_;
    if (view != nullptr && !reason.ok()) {
      stats.state = !failure_.ok() ? EngineState::kFailed : EngineState::kOutOfSpace;
      stats.state_reason = std::string(reason.message());
    }
  }
  stats.commit_groups = counters_.commit_groups;
  stats.commits = counters_.commits;
  stats.flushes = counters_.flushes;
  stats.minor_compactions = counters_.minor_compactions;
  stats.scan_compactions = counters_.scan_compactions;
  stats.tombstone_compactions = counters_.tombstone_compactions;
  stats.major_compactions = counters_.major_compactions;
  stats.compaction_bytes_read = counters_.compaction_bytes_read;
  stats.compaction_bytes_written = counters_.compaction_bytes_written;
  stats.live_snapshots = handles_->snapshots();
  stats.live_iterators = handles_->iterators();
  stats.undeleted_files = obsolete_.pending();
  stats.reserve_bytes = reserve_.size_bytes();
  if (view == nullptr) return stats;

  stats.last_lsn = published_lsn_.load(std::memory_order_acquire);
  stats.synced_lsn = logs_->synced_lsn().value;
  stats.log_syncs = logs_->sync_count();
  stats.log_bytes_written = logs_->bytes_appended();
  stats.frozen_memtables = view->frozen.size();
  stats.active_memtable_bytes = view->active->table().entry_bytes();
  stats.active_memtable_entries = view->active->table().entry_count();
  {
    env::MutexLock lock(&log_files_mutex_);
    stats.log_files = log_files_.size();
  }
  AddTables(*view, planner_options(), &stats);
  AddMemory(*view, &stats);
  return stats;
}

absl::Status Core::Verify() {
  AETERNUS_ASSIGN_OR_RETURN(const Moment now, Now());
  {
    // No edit may fall between what is in memory and what is read back.
    env::MutexLock lock(&manifest_mutex_);
    AETERNUS_ASSIGN_OR_RETURN(const std::optional<ManifestState> on_disk, Manifest::Read(file_system_, dir_));
    const ManifestState expected = manifest_->state();
    // An edit of which it is not known whether it was written is in doubt, not damage.
    const EditNumber most(expected.last_edit.value + (CheckWritable().ok() ? 0 : 1));
    if (!on_disk.has_value() || on_disk->last_edit < expected.last_edit || on_disk->last_edit > most) {
      return CorruptionError(PathOf(Manifest::FileName(expected.manifest_number)), 0, "the manifest ends at edit ",
                             on_disk.has_value() ? on_disk->last_edit.value : 0, ", expected edit ",
                             expected.last_edit.value);
    }
  }
  AETERNUS_RETURN_IF_ERROR(VerifyLogs());
  const auto tables = now.view->version->tables();
  for (size_t i = 0; i < tables.size(); ++i) {
    AETERNUS_RETURN_IF_ERROR(now.view->tables[i]->Verify(tables[i]->checksum));
  }
  return absl::OkStatus();
}

// Every frame of every live log up to where it is known to end.
absl::Status Core::VerifyLogs() {
  env::MutexLock flush(&flush_mutex_);  // a flush would delete what is being read
  std::vector<std::pair<FileNumber, uint64_t>> logs;
  AETERNUS_ASSIGN_OR_RETURN(const Moment now, Now());
  for (const auto& frozen : now.view->frozen) logs.emplace_back(frozen.log, frozen.log_end_offset);
  if (const std::optional<LogChain::Position> active = logs_->active_position()) {
    logs.emplace_back(active->number, active->end_offset);
  }
  for (const auto& [number, end_offset] : logs) {
    AETERNUS_ASSIGN_OR_RETURN(const auto file, file_system_->NewRandomAccessFile(PathOf(LogName(number))));
    AETERNUS_RETURN_IF_ERROR(wal::ReadIdentity(*file, FileKind::kLog).status());
    wal::Reader reader(file.get(), database_id_, number);
    while (reader.offset() < end_offset) {
      AETERNUS_ASSIGN_OR_RETURN(const std::optional<wal::Frame> frame, reader.Next());
      if (!frame.has_value()) {
        return CorruptionError(reader.path(), reader.offset(), "no valid frame; the log reaches to offset ",
                               end_offset);
      }
    }
  }
  return absl::OkStatus();
}

absl::Status Core::CheckNoHandles() const {
  const std::string alive = handles_->Describe();
  if (alive.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("the database in ", dir_, " cannot be closed: ", alive, " still alive"));
}

// A seal goes with its log: a log that is lost from its link on looks as if it had never been used. So the manifest
// says, too, how far the logs reach [CLOSE_PROOF], unless it says so already: by its cut, or because all of it is in
// tables.
absl::Status Core::RecordClose() {
  const LogLink end = logs_->end();
  env::MutexLock lock(&manifest_mutex_);
  const ManifestState state = manifest_->state();
  const Lsn proven = std::max(state.flushed_lsn, state.cut.value_or(LogCut()).last_lsn);
  if (end.last_lsn <= proven) return absl::OkStatus();
  VersionEdit edit;
  edit.close = CleanClose{.log = end.predecessor, .last_lsn = end.last_lsn};
  return CommitToManifest(edit);
}

absl::Status Core::Close() {
  env::MutexLock flush(&flush_mutex_);
  env::MutexLock compaction(&compaction_mutex_);
  env::MutexLock commit(&commit_mutex_);
  absl::Status failure;
  {
    env::MutexLock lock(&state_mutex_);
    if (view_ == nullptr) return absl::OkStatus();
    AETERNUS_RETURN_IF_ERROR(CheckNoHandles());
    failure = failure_;
  }
  // A failed engine proves nothing, so it writes neither seal nor edit [FAILED_NO_SEAL].
  if (failure.ok() || IsPlanted(PlantedBug::kFailedEngineSeals)) {
    const auto seal_and_record = [this] {
      commit_mutex_.AssertHeld();
      const absl::Status sealed = logs_->Close();
      return sealed.ok() ? RecordClose() : sealed;
    };
    failure.Update(WithReserve(seal_and_record, [this](const absl::Status& why) { return BorrowReserve(why); }));
  }
  ChangeView([](const View*) { return nullptr; });
  active_.reset();
  obsolete_.Collect();
  directory_lock_.reset();
  return failure;
}

}  // namespace aeternus
