// The range tombstones of one memtable: added one at a time, asked for at any time.
//
// Fragmenting all of them again after each addition would be quadratic. Additions go into a short unsorted tail; a full
// tail becomes a run of fragments, and runs are merged like the digits of a binary counter, so that each tombstone is
// part of O(log n) merges and a query searches O(log n) runs: O(log^2 n).
// (Tombstones that overlap one another are repeated in each fragment they cover; that is the size of the answer.)
//
// Thread safety: Add by one thread at a time; everything else by any number beside it. Readers hold a lock only while
// they copy a pointer, and none at all while there are no tombstones.
#ifndef AETERNUS_MEMTABLE_RANGE_TOMBSTONE_SET_H_
#define AETERNUS_MEMTABLE_RANGE_TOMBSTONE_SET_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "base/entry.h"
#include "base/types.h"
#include "env/mutex.h"
#include "iterator/fragmented_tombstones.h"

namespace aeternus {

class RangeTombstoneSet {
 public:
  static constexpr size_t kTailSize = 16;

  RangeTombstoneSet();
  ~RangeTombstoneSet();

  void Add(RangeTombstone tombstone);

  bool empty() const { return count_.load(std::memory_order_acquire) == 0; }
  // The largest LSN <= snapshot of one that covers `key`; kMinLsn when there is none.
  Lsn MaxCovering(std::string_view key, Lsn snapshot) const;
  // All in one, never null; kept until the next Add.
  std::shared_ptr<const FragmentedTombstones> Merged() const;
  // The runs, and the tail as one more; never null, never empty ones.
  std::vector<std::shared_ptr<const FragmentedTombstones>> Layers() const;

  size_t memory_bytes() const { return memory_bytes_.load(std::memory_order_relaxed); }

 private:
  struct Run {
    size_t tombstone_count;
    std::shared_ptr<const FragmentedTombstones> fragments;
  };
  // Runs that never change, and a tail that only grows.
  struct Generation;

  std::shared_ptr<const Generation> Current() const;
  // Ends the life of a full tail.
  std::shared_ptr<Generation> Fold(const Generation& full) const;

  std::atomic<uint64_t> count_{0};
  std::atomic<size_t> memory_bytes_{0};
  mutable env::Mutex mu_;
  std::shared_ptr<Generation> current_ ABSL_GUARDED_BY(mu_);
  mutable std::shared_ptr<const FragmentedTombstones> merged_ ABSL_GUARDED_BY(mu_);  // of the first merged_count_
  mutable uint64_t merged_count_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace aeternus

#endif  // AETERNUS_MEMTABLE_RANGE_TOMBSTONE_SET_H_
