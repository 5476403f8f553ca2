// Configuration of the two shells, and the options of single calls. Every option says when to touch it; bounds are
// inclusive, but for the 0 of (0, 1], NaN is refused, and a value outside is InvalidArgument naming the option, its
// value and its bounds.
#ifndef AETERNUS_ENGINE_OPTIONS_H_
#define AETERNUS_ENGINE_OPTIONS_H_

#include <cstddef>
#include <cstdint>

namespace aeternus {

namespace env {
struct Env;
}  // namespace env
class Snapshot;

// What both shells share: how tables are made and merged.
struct TableOptions {
  // Target size of a data block. Larger blocks make smaller indexes and faster scans, smaller ones faster point reads.
  // 256 B - 1 MiB.
  size_t block_size_bytes = 4096;
  // Memory spent on each key to avoid looking for keys that are not there: 10 bits let 1 % of such look-ups through.
  // 1 - 64.
  double filter_bits_per_key = 10.0;
};

// Size-tiered compaction: tables of similar size are merged together.
struct CompactionOptions {
  // A table joins a bucket while its size is within [bucket_low, bucket_high] x the bucket's running average. Closer
  // to 1: fewer, more uniform merges. low (0, 1], high 1 - 100.
  double bucket_low = 0.5;
  double bucket_high = 1.5;
  // All tables below this size share one bucket, so that many tiny flushes are merged early. 0 - 1 GiB.
  uint64_t min_table_size_bytes = 50;
  // A bucket's tables that overlap are merged, at most max_threshold at once, where min_threshold or more lie over one
  // key; those that overlap nothing, once the bucket holds max_threshold. Lower: fewer tables to read, more writing.
  // min 2 - 64, max min - 256.
  int min_threshold = 4;
  int max_threshold = 32;
  // A table is rewritten without its spent tombstones when tombstones are at least this share of its entries ...
  // (0, 1].
  double tombstone_ratio = 0.3;
  // ... and the oldest is at least this old. Raise it where deletes come in waves. 0 - 604800 s.
  int64_t tombstone_interval_seconds = 0;
  // When a filter cannot exclude that an older table holds a deleted key, look: exact, at the price of reads. Off: such
  // tombstones stay.
  bool tombstone_exact_lookup = true;
  // Whether range tombstones are dropped by tombstone passes too. Major compactions always may.
  bool drop_range_tombstones = true;
};

// The synchronous shell (engine.h). Defaults are those of the original AeternusDB.
struct EngineConfig {
  // The memtable is frozen when its entries reach this. 1 B - 256 MiB.
  size_t write_buffer_bytes = size_t{64} << 10;
  // One number for memtables, blocks, filters and indexes. What cannot be given back (memtables, pinned blocks) may
  // exceed it and is reported. 1 MiB - 1 TiB.
  size_t memory_budget_bytes = size_t{512} << 20;
  TableOptions table = {};
  CompactionOptions compaction = {};
  bool create_if_missing = true;
  bool error_if_exists = false;
  // Keeps a file, RESERVE, so that on a full disk deletes, flushes and merges still have room and the database can be
  // made smaller: some 1.5 MiB, and more while memtables hold more than 1 MiB, up to 1.25 x the write buffer. A put
  // that would make it larger is refused where there is no room for that. Off: saves that space; a full disk can then
  // only be left by making room outside.
  bool keep_reserve = true;
  // Unsynced writes reach the log by stores into mapped memory instead of a system call each: several times faster, as
  // safe against the end of the process, the same after power loss. Off: for a disk that may fail under a running
  // process which must not die of it (SIGBUS; docs/durability.md).
  bool map_unsynced_writes = true;
  // The machine to run on; null: the real one. For tests (env/testing). Outlives the engine.
  env::Env* env = nullptr;
};

// The shell with background work (db.h). Defaults are for use.
struct DbConfig {
  // Larger: fewer, larger tables and less merging, more memory and a longer recovery. 1 KiB - 256 MiB.
  size_t write_buffer_bytes = size_t{64} << 20;
  // How many full memtables may wait for their flush before writers wait. Raise it for bursts. 1 - 64.
  int max_frozen_memtables = 2;
  // As in EngineConfig. Give it what the machine can spare: it is the cache.
  size_t memory_budget_bytes = size_t{512} << 20;
  // Threads for compactions; flushes have one of their own. 1 - 32.
  int background_threads = 2;
  TableOptions table = {};
  CompactionOptions compaction{.min_table_size_bytes = uint64_t{1} << 20};
  bool create_if_missing = true;
  bool error_if_exists = false;
  bool keep_reserve = true;         // as in EngineConfig
  bool map_unsynced_writes = true;  // likewise
  // Tables that scans have to merge again and again are merged for good, once that costs no more
  // (compaction/planner.h). Off: where scans are few, or writing to the disk is dearer than their time.
  bool merge_for_scans = true;
  env::Env* env = nullptr;
};

struct WriteOptions {
  // true: acknowledged means on disk (it and everything before it survive power loss). false: acknowledged means handed
  // to the operating system; it survives the process, and after power loss some of the latest such writes may be gone,
  // never one from the middle.
  bool sync = true;
  // Where to put the LSN at which the write was committed; null: nowhere. Operations of a batch have consecutive LSNs,
  // and this is the last of them. Whoever reads at it or later sees the write (ReadOptions::read_lsn, Snapshot::lsn),
  // and an unsynced write is on disk once Stats().synced_lsn has reached it. An error and an empty batch leave it
  // alone.
  uint64_t* commit_lsn = nullptr;
};

struct ReadOptions {
  // Read as of this snapshot, of the same database and not yet released; null: as of now.
  const Snapshot* snapshot = nullptr;
  // Where to put the LSN as of which was read; null: nowhere. The read saw exactly the writes up to it: those that were
  // acknowledged before it began, and none in part. An error leaves it without meaning. An iterator knows its own.
  uint64_t* read_lsn = nullptr;
};

}  // namespace aeternus

#endif  // AETERNUS_ENGINE_OPTIONS_H_
