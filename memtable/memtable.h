// The in-memory layer: a multi-version ordered index over entries that are also in the log. Filled by one writer,
// read by any number of threads that never wait for it, then frozen, flushed and dropped.
//
//   Memtable memtable;
//   memtable.Put("k", Lsn(7), "v");
//   std::optional<Memtable::Version> found = memtable.Find("k", /*snapshot=*/Lsn(9));
//
// Entries live in an arena until the memtable dies; whoever reads holds it by shared_ptr.
//
// Thread safety: Expect, Put, Delete, DeleteRange by one thread at a time (the commit mutex); everything else by any
// number, also beside the writer. A reader sees every entry whose LSN was published before it began (invariant 4).
// Only who asks for fragments of range tombstones may wait, for others that do.
#ifndef AETERNUS_MEMTABLE_MEMTABLE_H_
#define AETERNUS_MEMTABLE_MEMTABLE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/entry.h"
#include "env/huge_block_pool.h"
#include "iterator/entry_iterator.h"
#include "iterator/fragmented_tombstones.h"
#include "memtable/memtable_iterator.h"

namespace aeternus {

class Memtable {
 public:
  // One version of a key; `value` lives as long as the memtable.
  struct Version {
    Lsn lsn;
    EntryKind kind = EntryKind::kInvalid;  // kPut or kDelete
    std::string_view value;
  };

  // Memory is taken from `pool` and goes back there; it may be null, and outlives the memtable. `expected_bytes`: about
  // what entry_bytes() will be when it is frozen, by which its filter is made; 0: it has no filter.
  explicit Memtable(env::HugeBlockPool* pool = nullptr, size_t expected_bytes = 0);
  ~Memtable();
  Memtable(const Memtable&) = delete;
  Memtable& operator=(const Memtable&) = delete;

  // `key` will be the next one that is put or deleted: a hint, by the writer, while it has something else to do.
  void Expect(std::string_view key);
  // LSNs ascend over all three. Copies what it is given.
  void Put(std::string_view key, Lsn lsn, std::string_view value);
  void Delete(std::string_view key, Lsn lsn);
  void DeleteRange(std::string_view start, std::optional<std::string_view> end, Lsn lsn);

  // Fills an empty memtable that nobody else knows yet, faster than Put and Delete do; its entries are there once it is
  // finished. `memtable` outlives it.
  class Loader {
   public:
    explicit Loader(Memtable* memtable);
    ~Loader();
    // LSNs ascend over all three.
    void Put(std::string_view key, Lsn lsn, std::string_view value);
    void Delete(std::string_view key, Lsn lsn);
    void DeleteRange(std::string_view start, std::optional<std::string_view> end, Lsn lsn);
    void Finish();

   private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
  };

  // False: no point entry of a key with this StableHash is here. For point reads, which find most keys elsewhere:
  // asking costs a cache miss, searching three or four. True while there are few entries, and after a Loader.
  bool MayContain(uint64_t hash) const;
  // The newest version of `key` with LSN <= snapshot, range tombstones aside.
  std::optional<Version> Find(std::string_view key, Lsn snapshot) const;
  // The largest LSN <= snapshot of a range tombstone here that covers `key`; kMinLsn when there is none. O(log n).
  Lsn MaxCoveringTombstone(std::string_view key, Lsn snapshot) const;

  bool has_range_tombstones() const;
  // All range tombstones so far; never null.
  // Made when it is asked for, and kept until the next DeleteRange: for flushes. Costs as much as sorting them.
  std::shared_ptr<const FragmentedTombstones> range_tombstones() const;
  // The same tombstones as a few layers, O(log n) of them, as they lie here: for iterators, which take layers anyway.
  std::vector<std::shared_ptr<const FragmentedTombstones>> range_tombstone_layers() const;
  // Over the point entries that a reader at `snapshot` may see: of each key the newest with LSN <= snapshot. Sees what
  // was inserted before its last Seek.... The caller keeps the memtable alive.
  std::unique_ptr<SnapshotIterator> NewIterator(Lsn snapshot) const;
  // The same over every version of every key, for flushes.
  std::unique_ptr<EntryIterator> NewHistoryIterator() const;

  bool empty() const;  // neither points nor range tombstones
  // What the write buffer counts: of each entry the bytes of key and value (of a range tombstone, both bounds), and
  // kEntryOverheadBytes for all that encodes the rest.
  static constexpr size_t kEntryOverheadBytes = 16;
  size_t entry_bytes() const;
  // Memory held by arena and tombstones: what the memory budget counts.
  size_t memory_bytes() const;
  uint64_t entry_count() const;  // points and range tombstones
  uint64_t point_count() const;
  Lsn last_lsn() const;  // of the newest entry; kMinLsn when empty

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace aeternus

#endif  // AETERNUS_MEMTABLE_MEMTABLE_H_
