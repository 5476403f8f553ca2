// The range tombstones of one memtable: added one at a time, asked for at any time.
//
// Point reads ask a map of them that is kept up to date (tombstone_map.h), in O(log n). Iterators and the flush want
// fragments, and these are made by whoever asks for them, out of what was added since somebody asked last: that becomes
// a run, and runs are merged like the digits of a binary counter, so that each tombstone is part of O(log n) merges
// however often iterators are made. The writer merges nothing.
// (Tombstones that overlap one another are repeated in each fragment they cover; that is the size of the answer.)
//
// What it costs beside the map: 56 bytes for each tombstone, and its fragments once somebody has asked for them.
//
// Thread safety: Add by one thread at a time; everything else by any number beside it. MaxCovering takes no lock; who
// asks for fragments waits for others that do. What TombstoneMap says about LSNs holds here, too.
#ifndef AETERNUS_MEMTABLE_RANGE_TOMBSTONE_SET_H_
#define AETERNUS_MEMTABLE_RANGE_TOMBSTONE_SET_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "base/entry.h"
#include "base/types.h"
#include "env/mutex.h"
#include "iterator/fragmented_tombstones.h"
#include "memtable/tombstone_map.h"

namespace aeternus {

class RangeTombstoneSet {
 public:
  // The youngest tombstones, fewer than this, are fragmented anew each time there are more of them.
  static constexpr size_t kTailSize = 16;

  RangeTombstoneSet();
  ~RangeTombstoneSet();

  // Over [start, end); absent: unbounded.
  void Add(std::string_view start, std::optional<std::string_view> end, Lsn lsn);
  void Add(const RangeTombstone& tombstone) { Add(tombstone.start, tombstone.end, tombstone.lsn); }

  bool empty() const { return !is_used_.load(std::memory_order_acquire); }
  // The largest LSN <= snapshot of one that covers `key`; kMinLsn when there is none.
  Lsn MaxCovering(std::string_view key, Lsn snapshot) const {
    return empty() ? kMinLsn : map_.MaxCovering(key, snapshot);
  }
  // All in one, never null; kept until the next Add.
  std::shared_ptr<const FragmentedTombstones> Merged() const;
  // The runs, and the tail as one more; never null, never empty ones.
  std::vector<std::shared_ptr<const FragmentedTombstones>> Layers() const;

  size_t memory_bytes() const {
    return map_.memory_bytes() + log_bytes_.load(std::memory_order_relaxed) +
           fragment_bytes_.load(std::memory_order_relaxed);
  }

 private:
  using Fragments = std::shared_ptr<const FragmentedTombstones>;
  struct Run {
    size_t tombstone_count;
    Fragments fragments;
  };
  struct LogEntry {
    TombstoneMap::Bounds bounds;
    Lsn lsn;
  };
  // What was added, in order; blocks follow one another.
  struct LogBlock;

  // Makes runs of what was added since the last call, and a tail of the rest.
  void Fold() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // The tombstones [begin, end) of the log. `*block` holds the one before `begin`, null if there is none, and then the
  // last of them.
  std::vector<RangeTombstone> Logged(uint64_t begin, uint64_t end, const LogBlock** block) const;
  std::vector<Fragments> LayersLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  TombstoneMap map_;
  std::atomic<bool> is_used_{false};
  std::unique_ptr<LogBlock> log_;    // made by the first Add
  LogBlock* log_end_ = nullptr;      // of the writer
  std::atomic<uint64_t> logged_{0};  // entries below it do not change any more; stored with release after the entry
  std::atomic<size_t> log_bytes_{0};

  mutable std::atomic<size_t> fragment_bytes_{0};
  mutable env::Mutex mu_;
  mutable std::vector<Run> runs_ ABSL_GUARDED_BY(mu_);  // each larger than the next; of the first folded_
  mutable uint64_t folded_ ABSL_GUARDED_BY(mu_) = 0;    // a multiple of kTailSize
  mutable const LogBlock* folded_block_ ABSL_GUARDED_BY(mu_) = nullptr;  // of the last folded one
  mutable Fragments tail_ ABSL_GUARDED_BY(mu_);                          // of [folded_, tail_end_)
  mutable uint64_t tail_end_ ABSL_GUARDED_BY(mu_) = 0;
  mutable Fragments merged_ ABSL_GUARDED_BY(mu_);  // of the first merged_count_
  mutable uint64_t merged_count_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace aeternus

#endif  // AETERNUS_MEMTABLE_RANGE_TOMBSTONE_SET_H_
