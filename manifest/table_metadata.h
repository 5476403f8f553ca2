// What the manifest knows of a table: enough to plan compactions and to route reads without opening it.
#ifndef AETERNUS_MANIFEST_TABLE_METADATA_H_
#define AETERNUS_MANIFEST_TABLE_METADATA_H_

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/key_order.h"
#include "base/types.h"

namespace aeternus {

struct TableMetadata {
  FileNumber number{};
  uint64_t size_bytes = 0;
  uint32_t checksum = 0;  // CRC-32C of the whole file
  uint64_t keyspace = 0;  // 0 is the only keyspace of format 1
  uint32_t level = 0;     // 0 under size-tiered compaction
  uint64_t put_count = 0;
  uint64_t delete_count = 0;
  uint64_t range_tombstone_count = 0;
  // kMinLsn where there are none.
  Lsn min_point_lsn{}, max_point_lsn{}, min_range_lsn{}, max_range_lsn{};
  // Bounds of point keys and range tombstones together.
  std::string smallest{};
  std::optional<std::string> largest{};  // absent: unbounded above
  bool largest_is_exclusive = false;
  int64_t creation_time_micros = 0;
  int64_t oldest_tombstone_time_micros = 0;  // 0: no tombstones

  friend bool operator==(const TableMetadata&, const TableMetadata&) = default;

  bool has_points() const { return put_count + delete_count > 0; }
  bool has_range_tombstones() const { return range_tombstone_count > 0; }
  uint64_t entry_count() const { return put_count + delete_count + range_tombstone_count; }
  uint64_t tombstone_count() const { return delete_count + range_tombstone_count; }
  Lsn min_lsn() const {
    if (!has_points()) return min_range_lsn;
    if (!has_range_tombstones()) return min_point_lsn;
    return std::min(min_point_lsn, min_range_lsn);
  }
  Lsn max_lsn() const { return std::max(max_point_lsn, max_range_lsn); }

  // Whether `key` lies within the bounds.
  bool BoundsContain(std::string_view key) const {
    if (CompareKeys(key, smallest) < 0) return false;
    if (!largest.has_value()) return true;
    const int c = CompareKeys(key, *largest);
    return largest_is_exclusive ? c < 0 : c <= 0;
  }
  // Whether any key of [start, end) lies within the bounds; an absent end is unbounded.
  bool BoundsOverlap(std::string_view start, const std::optional<std::string>& end) const {
    if (end.has_value() && *end <= smallest) return false;
    if (!largest.has_value()) return true;
    return largest_is_exclusive ? start < *largest : start <= *largest;
  }
};

}  // namespace aeternus

#endif  // AETERNUS_MANIFEST_TABLE_METADATA_H_
