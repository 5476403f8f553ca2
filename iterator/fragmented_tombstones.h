// Range tombstones cut at each other's ends into fragments that do not overlap, each with the LSNs that cover it, so
// that "which tombstone covers this key" is one binary search, however many there are.
//
// Thread safety: immutable once built.
#ifndef AETERNUS_ITERATOR_FRAGMENTED_TOMBSTONES_H_
#define AETERNUS_ITERATOR_FRAGMENTED_TOMBSTONES_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/types/span.h"
#include "base/entry.h"

namespace aeternus {

class FragmentedTombstones {
 public:
  struct Fragment {
    std::string start;
    std::optional<std::string> end;  // absent: unbounded; only the last fragment
    std::vector<Lsn> lsns;           // descending, no duplicates, never empty
  };

  FragmentedTombstones() = default;  // none
  // In any order; empty ranges (start >= end) are dropped.
  static FragmentedTombstones Build(std::vector<RangeTombstone> tombstones);
  // The union of several.
  static FragmentedTombstones Merge(absl::Span<const FragmentedTombstones* const> parts);

  bool empty() const { return fragments_.empty(); }
  absl::Span<const Fragment> fragments() const { return fragments_; }
  Lsn max_lsn() const { return max_lsn_; }  // of all; kMinLsn when there are none

  // The fragment that contains `key`, or nullptr. O(log n).
  const Fragment* Find(std::string_view key) const;
  // The first fragment whose end lies behind `key` (it contains `key` or begins behind it), or nullptr. O(log n).
  const Fragment* FindAtOrAfter(std::string_view key) const;
  // The largest LSN <= snapshot of a tombstone that covers `key`; kMinLsn when there is none. O(log n).
  Lsn MaxCovering(std::string_view key, Lsn snapshot) const;
  // Largest LSN <= snapshot within one fragment; kMinLsn when there is none.
  static Lsn MaxVisible(const Fragment& fragment, Lsn snapshot);

  // Heap bytes held, for the memory budget.
  size_t memory_bytes() const;
  // Every (fragment, LSN) as a tombstone of its own, by start, then LSN descending.
  std::vector<RangeTombstone> ToTombstones() const;

 private:
  explicit FragmentedTombstones(std::vector<Fragment> fragments);

  std::vector<Fragment> fragments_;
  Lsn max_lsn_;
};

// Searches for what covers a key, made since the process began, and what they compared keys with (of a tree, its
// nodes): for tests that hold the number of comparisons against the number of tombstones. Relaxed counters; compiled
// out in release (always 0).
struct TombstoneSearchCounters {
  uint64_t searches = 0;
  uint64_t fragments_compared = 0;
};
TombstoneSearchCounters ReadTombstoneSearchCounters();
// Counts one. Find and FindAtOrAfter do so; this is for those who search elsewhere.
#ifdef NDEBUG
inline void CountTombstoneSearch(uint64_t /*compared*/) {}
#else
void CountTombstoneSearch(uint64_t compared);
#endif

}  // namespace aeternus

#endif  // AETERNUS_ITERATOR_FRAGMENTED_TOMBSTONES_H_
