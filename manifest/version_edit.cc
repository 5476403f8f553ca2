#include "manifest/version_edit.h"

#include <bit>
#include <cstdint>
#include <limits>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/coding.h"
#include "base/status.h"
#include "manifest/tag_length_value.h"

namespace aeternus {
namespace {

// An edit is a sequence of records (manifest/tag_length_value.h), written in the order of this table and read in any.
// Numbers are varints, one behind the other, unless a width is given.
//
// tag  value
//   2  nothing: this edit is a snapshot
//   4  name of the key order
//   6  an added table: a sequence of records, below; any number of these
//   8  file number of a removed table; any number of these
//  10  keyspace id (0), file number of the first live log
//  12  end of the reserved file numbers
//  14  largest LSN found anywhere
//  16  the cut: file number of the log, offset, last LSN, file number of the first live log
//  18  LSN up to which everything was flushed
//  19  a clean close: file number of the newest log with entries, its last LSN. May be ignored: then damage is not told
//      from a crash, as in a database that was killed
enum EditTag : uint64_t {
  kSnapshot = 2,
  kNameOfKeyOrder = 4,
  kAddedTable = 6,
  kRemovedTable = 8,
  kMinLog = 10,
  kReservedNumbersEnd = 12,
  kMaxLsnFound = 14,
  kCut = 16,
  kFlushedLsn = 18,
  kCleanClose = 19,
};

// The records of a table. All but 20 are always there.
//
// tag  value
//   2  file number
//   4  size in bytes
//   6  4 bytes: CRC-32C of the whole file
//   8  keyspace id (0)
//  10  level
//  12  counts of puts, deletes, range tombstones
//  14  min, max LSN of the points (0, 0: none)
//  16  min, max LSN of the range tombstones (0, 0: none)
//  18  lower bound
//  20  upper bound: 1 byte, 1 if the bound is exclusive, else 0; the bound. Absent: unbounded
//  22  creation time, microseconds, two's complement
//  24  oldest tombstone time, likewise (0: no tombstones)
//  26  reserved: the LSN that every entry of an ingested table has instead of its own
//  28  reserved: file number of a value file that the table refers to; any number of these
enum TableTag : uint64_t {
  kNumber = 2,
  kSizeBytes = 4,
  kFileChecksum = 6,
  kKeyspace = 8,
  kLevel = 10,
  kCounts = 12,
  kPointLsns = 14,
  kRangeLsns = 16,
  kSmallest = 18,
  kLargest = 20,
  kCreationTime = 22,
  kOldestTombstoneTime = 24,
};
constexpr TagSet kRequiredTableTags = OneTag(kNumber) | OneTag(kSizeBytes) | OneTag(kFileChecksum) | OneTag(kKeyspace) |
                                      OneTag(kLevel) | OneTag(kCounts) | OneTag(kPointLsns) | OneTag(kRangeLsns) |
                                      OneTag(kSmallest) | OneTag(kCreationTime) | OneTag(kOldestTombstoneTime);

constexpr uint64_t kOnlyKeyspace = 0;

// ---- encoding ----

template <typename... Number>
void PutNumbers(std::string* out, uint64_t tag, Number... numbers) {
  std::string value;
  (PutVarint64(&value, numbers), ...);
  PutRecord(out, tag, value);
}

std::string EncodeTable(const TableMetadata& table) {
  std::string out;
  PutNumbers(&out, kNumber, table.number.value);
  PutNumbers(&out, kSizeBytes, table.size_bytes);
  std::string checksum;
  PutU32(&checksum, table.checksum);
  PutRecord(&out, kFileChecksum, checksum);
  PutNumbers(&out, kKeyspace, table.keyspace);
  PutNumbers(&out, kLevel, table.level);
  PutNumbers(&out, kCounts, table.put_count, table.delete_count, table.range_tombstone_count);
  PutNumbers(&out, kPointLsns, table.min_point_lsn.value, table.max_point_lsn.value);
  PutNumbers(&out, kRangeLsns, table.min_range_lsn.value, table.max_range_lsn.value);
  PutRecord(&out, kSmallest, table.smallest);
  if (table.largest.has_value()) {
    PutRecord(&out, kLargest, absl::StrCat(std::string(1, table.largest_is_exclusive ? '\1' : '\0'), *table.largest));
  }
  PutNumbers(&out, kCreationTime, static_cast<uint64_t>(table.creation_time_micros));
  PutNumbers(&out, kOldestTombstoneTime, static_cast<uint64_t>(table.oldest_tombstone_time_micros));
  return out;
}

// ---- decoding ----

// Stores what was taken into a field; the answer of a taker of records: the tag is known.
template <typename Field, typename T>
absl::StatusOr<bool> Set(Field* field, absl::StatusOr<T> taken) {
  if (!taken.ok()) return std::move(taken).status();
  *field = static_cast<Field>(*std::move(taken));
  return true;
}

absl::StatusOr<FileNumber> TakeFileNumber(Decoder& in) {
  AETERNUS_ASSIGN_OR_RETURN(const uint64_t number, in.TakeVarint64("file number"));
  return FileNumber(number);
}

absl::StatusOr<Lsn> TakeLsn(Decoder& in) {
  AETERNUS_ASSIGN_OR_RETURN(const uint64_t lsn, in.TakeVarint64("LSN"));
  if (lsn > kMaxLsn.value) return in.Error(absl::StrCat("LSN ", lsn, " is beyond the largest"));
  return Lsn(lsn);
}

absl::StatusOr<uint32_t> TakeLevel(Decoder& in) {
  AETERNUS_ASSIGN_OR_RETURN(const uint64_t level, in.TakeVarint64("level"));
  if (level > std::numeric_limits<uint32_t>::max()) return in.Error(absl::StrCat("there is no level ", level));
  return static_cast<uint32_t>(level);
}

absl::StatusOr<uint64_t> TakeKeyspace(Decoder& in) {
  AETERNUS_ASSIGN_OR_RETURN(const uint64_t keyspace, in.TakeVarint64("keyspace id"));
  if (keyspace != kOnlyKeyspace) {
    return absl::UnimplementedError(
        absl::StrCat("keyspace ", keyspace, " is not known to this library; open it with a newer version"));
  }
  return keyspace;
}

absl::StatusOr<bool> TakeCounts(Decoder& in, TableMetadata* table) {
  AETERNUS_ASSIGN_OR_RETURN(table->put_count, in.TakeVarint64("put count"));
  AETERNUS_ASSIGN_OR_RETURN(table->delete_count, in.TakeVarint64("delete count"));
  AETERNUS_ASSIGN_OR_RETURN(table->range_tombstone_count, in.TakeVarint64("range tombstone count"));
  return true;
}

absl::StatusOr<bool> TakeLsnRange(Decoder& in, Lsn* min, Lsn* max) {
  AETERNUS_ASSIGN_OR_RETURN(*min, TakeLsn(in));
  AETERNUS_ASSIGN_OR_RETURN(*max, TakeLsn(in));
  if (*min > *max) return in.Error(absl::StrCat("LSNs from ", *min, " to ", *max));
  return true;
}

absl::StatusOr<bool> TakeLargest(Decoder& in, TableMetadata* table) {
  AETERNUS_ASSIGN_OR_RETURN(const uint8_t is_exclusive, in.TakeU8("exclusive flag"));
  if (is_exclusive > 1) return in.Error("the exclusive flag is neither 0 nor 1");
  table->largest_is_exclusive = is_exclusive == 1;
  return Set(&table->largest.emplace(), in.TakeBytes(in.remaining(), "upper bound"));
}

absl::StatusOr<bool> TakeTableField(uint64_t tag, Decoder& value, TableMetadata* table) {
  switch (tag) {
    case kNumber:
      return Set(&table->number, TakeFileNumber(value));
    case kSizeBytes:
      return Set(&table->size_bytes, value.TakeVarint64("size"));
    case kFileChecksum:
      return Set(&table->checksum, value.TakeU32("checksum"));
    case kKeyspace:
      return Set(&table->keyspace, TakeKeyspace(value));
    case kLevel:
      return Set(&table->level, TakeLevel(value));
    case kCounts:
      return TakeCounts(value, table);
    case kPointLsns:
      return TakeLsnRange(value, &table->min_point_lsn, &table->max_point_lsn);
    case kRangeLsns:
      return TakeLsnRange(value, &table->min_range_lsn, &table->max_range_lsn);
    case kSmallest:
      return Set(&table->smallest, value.TakeBytes(value.remaining(), "lower bound"));
    case kLargest:
      return TakeLargest(value, table);
    case kCreationTime:
      return Set(&table->creation_time_micros, value.TakeVarint64("creation time"));
    case kOldestTombstoneTime:
      return Set(&table->oldest_tombstone_time_micros, value.TakeVarint64("oldest tombstone time"));
    default:
      return false;
  }
}

absl::StatusOr<TableMetadata> TakeTable(Decoder& in, std::string_view file) {
  const uint64_t offset = in.offset();
  AETERNUS_ASSIGN_OR_RETURN(const std::string_view bytes, in.TakeBytes(in.remaining(), "table"));
  TableMetadata table;
  AETERNUS_ASSIGN_OR_RETURN(const TagSet seen, TakeRecords(bytes, "table of an edit", file, offset, /*repeatable=*/0,
                                                           [&table](uint64_t tag, Decoder& value) {
                                                             return TakeTableField(tag, value, &table);
                                                           }));
  if (const TagSet missing = kRequiredTableTags & ~seen; missing != 0) {
    return in.Error(absl::StrCat("table ", table.number, " lacks tag ", std::countr_zero(missing)));
  }
  return table;
}

absl::StatusOr<LogCut> TakeCut(Decoder& in) {
  LogCut cut;
  AETERNUS_ASSIGN_OR_RETURN(cut.log, TakeFileNumber(in));
  AETERNUS_ASSIGN_OR_RETURN(cut.offset_bytes, in.TakeVarint64("offset"));
  AETERNUS_ASSIGN_OR_RETURN(cut.last_lsn, TakeLsn(in));
  AETERNUS_ASSIGN_OR_RETURN(cut.first_live_log, TakeFileNumber(in));
  return cut;
}

absl::StatusOr<CleanClose> TakeCleanClose(Decoder& in) {
  CleanClose close;
  AETERNUS_ASSIGN_OR_RETURN(close.log, TakeFileNumber(in));
  AETERNUS_ASSIGN_OR_RETURN(close.last_lsn, TakeLsn(in));
  return close;
}

absl::StatusOr<FileNumber> TakeMinLog(Decoder& in) {
  AETERNUS_RETURN_IF_ERROR(TakeKeyspace(in).status());
  return TakeFileNumber(in);
}

absl::StatusOr<bool> TakeEditField(uint64_t tag, Decoder& value, std::string_view file, VersionEdit* edit) {
  switch (tag) {
    case kSnapshot:
      edit->is_snapshot = true;
      return true;
    case kNameOfKeyOrder:
      return Set(&edit->key_order_name.emplace(), value.TakeBytes(value.remaining(), "key order"));
    case kAddedTable:
      return Set(&edit->added_tables.emplace_back(), TakeTable(value, file));
    case kRemovedTable:
      return Set(&edit->removed_tables.emplace_back(), TakeFileNumber(value));
    case kMinLog:
      return Set(&edit->min_log, TakeMinLog(value));
    case kReservedNumbersEnd:
      return Set(&edit->reserved_numbers_end, TakeFileNumber(value));
    case kMaxLsnFound:
      return Set(&edit->max_lsn, TakeLsn(value));
    case kFlushedLsn:
      return Set(&edit->flushed_lsn, TakeLsn(value));
    case kCut:
      return Set(&edit->cut, TakeCut(value));
    case kCleanClose:
      return Set(&edit->close, TakeCleanClose(value));
    default:
      return false;
  }
}

}  // namespace

std::string EncodeVersionEdit(const VersionEdit& edit) {
  std::string out;
  if (edit.is_snapshot) PutRecord(&out, kSnapshot, "");
  if (edit.key_order_name.has_value()) PutRecord(&out, kNameOfKeyOrder, *edit.key_order_name);
  for (const TableMetadata& table : edit.added_tables) PutRecord(&out, kAddedTable, EncodeTable(table));
  for (const FileNumber number : edit.removed_tables) PutNumbers(&out, kRemovedTable, number.value);
  if (edit.min_log.has_value()) PutNumbers(&out, kMinLog, kOnlyKeyspace, edit.min_log->value);
  if (edit.reserved_numbers_end.has_value()) PutNumbers(&out, kReservedNumbersEnd, edit.reserved_numbers_end->value);
  if (edit.max_lsn.has_value()) PutNumbers(&out, kMaxLsnFound, edit.max_lsn->value);
  if (edit.flushed_lsn.has_value()) PutNumbers(&out, kFlushedLsn, edit.flushed_lsn->value);
  if (const std::optional<LogCut>& cut = edit.cut; cut.has_value()) {
    PutNumbers(&out, kCut, cut->log.value, cut->offset_bytes, cut->last_lsn.value, cut->first_live_log.value);
  }
  if (edit.close.has_value()) PutNumbers(&out, kCleanClose, edit.close->log.value, edit.close->last_lsn.value);
  return out;
}

absl::StatusOr<VersionEdit> DecodeVersionEdit(std::string_view bytes, std::string_view file, uint64_t offset) {
  VersionEdit edit;
  AETERNUS_RETURN_IF_ERROR(
      TakeRecords(bytes, "version edit", file, offset, OneTag(kAddedTable) | OneTag(kRemovedTable),
                  [&edit, file](uint64_t tag, Decoder& value) { return TakeEditField(tag, value, file, &edit); })
          .status());
  return edit;
}

}  // namespace aeternus
