// Which range tombstones of a memtable cover a key, asked while they are added.
//
// The keys at which tombstones begin and end are boundaries, in a skip list. Each knows the tombstones that cover what
// lies from it up to the next one. So a question is one search, and an addition two, plus a step for each boundary that
// the new tombstone covers: as much as the answer grows. Links carry eight bytes of the key that they lead to, those
// behind the prefix that all keys shared when the list was last made, so that most steps of a search look at no other
// key than those they pass. Each time there are twice as many, the words of one boundary in sixteen are put into an
// array, whose binary search stays in the processor's caches and leaves three or four boundaries to be looked at.
//
// The tombstones over a boundary are a list that never changes: a new one is put in front, and boundaries share what is
// behind. An old snapshot finds its place in it in O(log n) (jump_list.h).
//
// What it costs: some 170 bytes for a tombstone with bounds of 16 bytes that overlaps no other, and 32 for each
// boundary that one covers inside.
//
// Thread safety: Add by one thread at a time, MaxCovering by any number beside it, without a lock. While they run, LSNs
// ascend, and who asks does so at a snapshot below those that are being added: then it does not matter which half of an
// addition has been seen.
#ifndef AETERNUS_MEMTABLE_TOMBSTONE_MAP_H_
#define AETERNUS_MEMTABLE_TOMBSTONE_MAP_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/types.h"
#include "memtable/arena.h"

namespace aeternus {

class TombstoneMap {
 public:
  // The bounds of a tombstone in memory of the map.
  struct Bounds {
    std::string_view start;
    std::optional<std::string_view> end;
  };

  TombstoneMap();
  ~TombstoneMap();
  TombstoneMap(const TombstoneMap&) = delete;
  TombstoneMap& operator=(const TombstoneMap&) = delete;

  // Over [start, end); absent: unbounded. Not empty: start < end.
  Bounds Add(std::string_view start, std::optional<std::string_view> end, Lsn lsn);
  // The largest LSN <= snapshot of one that covers `key`; kMinLsn when there is none.
  Lsn MaxCovering(std::string_view key, Lsn snapshot) const;
  // Heap bytes held.
  size_t memory_bytes() const { return arena_.memory_bytes() + index_bytes_.load(std::memory_order_relaxed); }

 private:
  static constexpr int kMaxHeight = 12;  // one boundary in four reaches a level higher
  static constexpr int kIndexLevel = 2;  // so one in sixteen is in the index

  struct Cover;
  struct Boundary;
  struct Index;
  struct List;
  struct Link {
    std::atomic<Boundary*> next{nullptr};
    std::atomic<uint64_t> word{0};  // of `next`, if it is not being put in just now
  };

  // The last boundary at or before `key`, perhaps the head; with `before`, the last ones of each level. The search goes
  // down from `level`, and from `at`, which is not behind `key`.
  // `compared`: by the search so far.
  static Boundary* Find(Boundary* at, int level, std::string_view key, uint64_t word, Boundary** before,
                        uint64_t compared = 0);
  // The boundary at `key`, made if there is none: it cuts in two what the one before it stands for.
  Boundary* Cut(std::string_view key);
  Boundary* NewBoundary(const List& list, std::string_view key, const Cover* cover);
  static void Insert(Boundary* boundary, Boundary* const* before);
  // `cover` and one more.
  const Cover* With(const Cover* cover, Lsn lsn);
  // Makes the list again if all its keys share another prefix than was known.
  void NoteGrowth();
  std::unique_ptr<List> NewList(std::string_view prefix);
  // Lists the boundaries that reach up to kIndexLevel, which are many by now.
  void MakeIndex();

  Arena arena_;
  std::atomic<size_t> index_bytes_{0};
  uint64_t boundaries_made_ = 0;
  uint64_t boundary_count_ = 0;
  uint64_t next_index_at_ = 1024;             // boundaries
  std::vector<std::unique_ptr<List>> lists_;  // the last is in force, others may still be read
  std::atomic<const List*> list_{nullptr};
};

}  // namespace aeternus

#endif  // AETERNUS_MEMTABLE_TOMBSTONE_MAP_H_
