// What a database tells about itself.
#ifndef AETERNUS_ENGINE_STATS_H_
#define AETERNUS_ENGINE_STATS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aeternus {

struct TableStats {
  uint64_t number = 0;
  uint64_t size_bytes = 0;
  uint64_t put_count = 0;
  uint64_t delete_count = 0;
  uint64_t range_tombstone_count = 0;
  uint64_t min_lsn = 0;
  uint64_t max_lsn = 0;
  std::string smallest_key;
  std::optional<std::string> largest_key;  // absent: unbounded above
  bool largest_is_exclusive = false;
};

// See docs/architecture.md: healthy -> throttled -> out of space (reversible) -> failed (until reopened).
enum class EngineState { kHealthy, kThrottled, kOutOfSpace, kFailed, kClosed };
std::string_view EngineStateName(EngineState state);

struct Stats {
  EngineState state = EngineState::kHealthy;
  std::string state_reason;  // why it is not healthy; empty when it is

  uint64_t last_lsn = 0;
  uint64_t synced_lsn = 0;  // everything up to it survives power loss
  size_t frozen_memtables = 0;
  uint64_t active_memtable_bytes = 0;  // encoded entries
  uint64_t active_memtable_entries = 0;
  size_t log_files = 0;

  size_t table_count = 0;
  uint64_t table_bytes = 0;
  std::vector<TableStats> tables;                   // by size, ascending
  std::vector<std::vector<uint64_t>> size_buckets;  // table numbers, as size-tiered compaction groups them

  // The memory budget: one number and its parts.
  size_t memory_limit_bytes = 0;
  size_t memory_used_bytes = 0;
  size_t memtable_memory_bytes = 0;
  size_t frame_memory_bytes = 0;         // data blocks, filters, indexes
  size_t filter_index_memory_bytes = 0;  // the part of it that is filters and indexes
  size_t tombstone_memory_bytes = 0;     // range tombstones of open tables
  size_t pinned_memory_bytes = 0;        // the part of the frames that readers hold now

  uint64_t cache_hits = 0;
  uint64_t cache_misses = 0;

  // Since open.
  uint64_t commit_groups = 0;  // log writes; commits / groups is what group commit gains
  uint64_t commits = 0;        // batches
  uint64_t log_syncs = 0;
  uint64_t log_bytes_written = 0;
  uint64_t flushes = 0;
  uint64_t minor_compactions = 0;
  uint64_t tombstone_compactions = 0;
  uint64_t major_compactions = 0;
  uint64_t scan_compactions = 0;
  uint64_t compaction_bytes_read = 0;
  uint64_t compaction_bytes_written = 0;
  uint64_t writer_waits = 0;  // writers that had to wait for a flush
  uint64_t writer_wait_micros = 0;
  std::string last_writer_wait_reason;
  std::string background_error;  // of the last flush or compaction that failed and was not mended since; or empty

  size_t live_snapshots = 0;
  size_t live_iterators = 0;
  uint64_t reserve_bytes = 0;  // kept back for a full disk (EngineConfig::keep_reserve); 0: in use, or no room for it
  size_t undeleted_files = 0;  // retired files that readers still use or that could not be deleted
};

}  // namespace aeternus

#endif  // AETERNUS_ENGINE_STATS_H_
