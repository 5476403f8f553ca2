// Reads one table. Nothing is read until it is needed: opening takes no I/O; the footer comes with the first use, then
// filter, index and blocks as they are asked for, through the frame cache and its budget. Every block is verified when
// it is loaded (invariant 7).
//
//   std::shared_ptr<Table> table = Table::Open({.file_system = fs, .path = path, ..., .cache = cache});
//   AETERNUS_ASSIGN_OR_RETURN(std::optional<Table::Found> found, table->Find(key, StableHash(key), snapshot));
//
// A missing file, one of another size, or of another table or database, is DataLoss: the manifest named it. A table of
// a newer format is Unimplemented. Errors are not remembered: the next call tries again.
//
// Thread safety: any number of threads. A table is held by shared_ptr by whoever reads it; an iterator holds it itself,
// and the pin of a found value keeps the value readable without the table.
#ifndef AETERNUS_SSTABLE_TABLE_H_
#define AETERNUS_SSTABLE_TABLE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "base/entry.h"
#include "base/types.h"
#include "cache/frame_cache.h"
#include "iterator/entry_iterator.h"
#include "iterator/fragmented_tombstones.h"
#include "sstable/format.h"
#include "sstable/peeked.h"
#include "sstable/properties.h"
#include "sstable/table_params.h"

namespace aeternus::sstable {

class Table : public std::enable_shared_from_this<Table> {
 public:
  // A version found by Find; `value` is readable while `pin` is held, also when the table is gone.
  struct Found {
    Lsn lsn;
    EntryKind kind = EntryKind::kInvalid;
    std::string_view value;
    FrameCache::Pin pin;
  };

  static std::shared_ptr<Table> Open(TableParams params);
  ~Table();

  // The newest version of `key` with LSN <= snapshot, range tombstones aside; nullopt when there is none. `hash` is
  // StableHash(key), computed once for all tables.
  absl::StatusOr<std::optional<Found>> Find(std::string_view key, uint64_t hash, Lsn snapshot);
  // Whether the filter admits `key`: false is certain, true is a maybe.
  absl::StatusOr<bool> MayContain(uint64_t hash);
  // Whether any version of `key` is here, below LSN `below` (a raw look-up: visibility plays no part).
  absl::StatusOr<bool> HoldsVersionBelow(std::string_view key, uint64_t hash, Lsn below);
  // Whether any version below LSN `below` of any key in [start, end) is here.
  absl::StatusOr<bool> HoldsKeyInRangeBelow(std::string_view start, const std::optional<std::string>& end, Lsn below);
  // The largest LSN <= snapshot of a range tombstone here that covers `key`; kMinLsn when there is none.
  absl::StatusOr<Lsn> MaxCoveringTombstone(std::string_view key, Lsn snapshot);

  // The same as Find and MaxCoveringTombstone within a read section of the cache, out of what is in memory: nothing is
  // loaded, pinned or waited for. After kNotInMemory, or nullopt, Find is the one to ask, without a section.
  Peeked Peek(std::string_view key, uint64_t hash, Lsn snapshot, PeekedVersion* found) const;
  std::optional<Lsn> PeekCoveringTombstone(std::string_view key, Lsn snapshot) const;
  // Peek for up to Lookup::kMost keys at once, in less time than one after the other would take.
  void PeekMany(Lsn snapshot, absl::Span<Lookup* const> lookups) const;
  // Starts loading what Peek looks at first.
  void PrefetchFilter(uint64_t hash) const;

  // Never null. Stays in memory, charged to the budget, once asked for.
  absl::StatusOr<std::shared_ptr<const FragmentedTombstones>> RangeTombstones();

  // Over the point entries; holds the table alive.
  std::unique_ptr<EntryIterator> NewIterator();
  // The same for one pass from the first entry to the last, past the cache (table_stream.h).
  std::unique_ptr<EntryIterator> NewStream();

  // What the tombstones cost the budget; 0 until they are asked for.
  size_t tombstone_memory_bytes() const;

  absl::StatusOr<Footer> ReadFooter();
  absl::StatusOr<Properties> ReadProperties();
  // Reads every byte, past the cache: footer, all blocks, order and counts of the entries, filter (no key may be
  // denied), and, when `expected_checksum` is given, the checksum of the whole file. The first damage met, or OK.
  absl::Status Verify(std::optional<uint32_t> expected_checksum);

  FileNumber number() const { return params_.number; }
  const std::string& path() const { return params_.path; }

 private:
  struct Impl;
  explicit Table(TableParams params);
  absl::StatusOr<std::vector<RangeTombstone>> ReadTombstones();

  const TableParams params_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace aeternus::sstable

#endif  // AETERNUS_SSTABLE_TABLE_H_
