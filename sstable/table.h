// Reads one table. Nothing is read until it is needed: opening takes no I/O, the footer, index and filter come with the
// first use, all through the frame cache and its budget. Every block is verified when it is loaded (invariant 7).
//
// Thread safety: any number of threads. A table is held by shared_ptr by whoever reads it; iterators and found values
// hold it themselves.
#ifndef AETERNUS_SSTABLE_TABLE_H_
#define AETERNUS_SSTABLE_TABLE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/entry.h"
#include "base/types.h"
#include "cache/frame_cache.h"
#include "env/file_system.h"
#include "iterator/entry_iterator.h"
#include "iterator/fragmented_tombstones.h"
#include "sstable/format.h"

namespace aeternus::sstable {

// What the caller knows of the table beforehand, from the manifest; checked against the file.
struct TableParams {
  env::FileSystem* file_system = nullptr;
  std::string path;
  DatabaseId database_id;
  FileNumber number;
  uint64_t size_bytes = 0;
  bool has_range_tombstones = false;  // if not, the tombstone block is never looked for
  FrameCache* cache = nullptr;        // outlives the table
};

class Table : public std::enable_shared_from_this<Table> {
 public:
  // A version found by Find; `value` is readable while `pin` is held.
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
  // Never null. Stays in memory, charged to the budget, once asked for.
  absl::StatusOr<std::shared_ptr<const FragmentedTombstones>> RangeTombstones();

  // Over the point entries; holds the table alive.
  std::unique_ptr<EntryIterator> NewIterator();

  absl::StatusOr<Footer> ReadFooter();
  absl::StatusOr<std::map<std::string, std::string>> ReadProperties();
  // Reads every byte: footer, all blocks, order and counts of the entries, filter (no key may be denied), and, when
  // `expected_checksum` is given, the checksum of the whole file. The first damage met, or OK.
  absl::Status Verify(std::optional<uint32_t> expected_checksum);

  FileNumber number() const { return params_.number; }
  const std::string& path() const { return params_.path; }

 private:
  struct Impl;
  explicit Table(TableParams params);
  const TableParams params_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace aeternus::sstable

#endif  // AETERNUS_SSTABLE_TABLE_H_
