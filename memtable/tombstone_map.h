// Which range tombstones of a memtable cover a key, asked while they are added.
//
// The keys at which tombstones begin and end are boundaries, in a tree as that of the entries (entry_tree.h). Each
// stands for what lies from it up to the next one: its versions are the tombstones that cover that, newest first, and a
// boundary that cuts in two what another one stood for shares that one's. So a question is one search, as of an entry,
// and an addition two, or none where tombstones come in order, plus a step for each boundary that the new tombstone
// covers: as much as the answer grows.
//
// What it costs: some 180 bytes for a tombstone with bounds of 16 bytes that overlaps no other, and 40 and the key for
// each boundary that one covers inside.
//
// Thread safety: Add by one thread at a time, MaxCovering by any number beside it, without a lock, who ask at a
// snapshot below the LSN that is being added: then it does not matter which half of an addition has been seen.
#ifndef AETERNUS_MEMTABLE_TOMBSTONE_MAP_H_
#define AETERNUS_MEMTABLE_TOMBSTONE_MAP_H_

#include <atomic>
#include <cstddef>
#include <optional>
#include <string_view>

#include "base/types.h"
#include "memtable/arena.h"
#include "memtable/entry_tree.h"

namespace aeternus {

class TombstoneMap {
 public:
  // The bounds of a tombstone in memory of the map.
  struct Bounds {
    std::string_view start;
    std::optional<std::string_view> end;
  };

  TombstoneMap() = default;
  TombstoneMap(const TombstoneMap&) = delete;
  TombstoneMap& operator=(const TombstoneMap&) = delete;

  // Over [start, end); absent: unbounded. Not empty: start < end. LSNs ascend.
  Bounds Add(std::string_view start, std::optional<std::string_view> end, Lsn lsn);
  // The largest LSN <= snapshot of one that covers `key`; kMinLsn when there is none.
  Lsn MaxCovering(std::string_view key, Lsn snapshot) const;
  // Heap bytes held.
  size_t memory_bytes() const { return arena_.memory_bytes(); }

 private:
  using Version = EntryTree::Version;

  static bool IsAt(std::string_view key, const std::optional<Version>& boundary);
  // Makes a boundary that tombstones with `lsn` and those from `older` on cover; kMinLsn: none does. Its key.
  std::string_view Cut(std::string_view key, Lsn lsn, std::optional<Version> older);

  Arena arena_;
  std::optional<EntryTree> boundaries_;          // from the first Add on
  std::atomic<const EntryTree*> tree_{nullptr};  // the same, for readers
};

}  // namespace aeternus

#endif  // AETERNUS_MEMTABLE_TOMBSTONE_MAP_H_
