#include "manifest/testing/samples.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/testing/test_seed.h"
#include "manifest/version.h"

namespace aeternus {
namespace {

// Small and large numbers alike, so that every length of varint is met.
uint64_t RandomNumber(std::mt19937_64& random, uint64_t max) {
  const uint64_t number = random() >> random() % 64;
  return max == UINT64_MAX ? number : number % (max + 1);
}

void SetLsnRange(std::mt19937_64& random, Lsn* min, Lsn* max) {
  *min = Lsn(RandomNumber(random, kMaxLsn.value));
  *max = Lsn(RandomNumber(random, kMaxLsn.value));
  if (*min > *max) std::swap(*min, *max);
}

}  // namespace

TableMetadata RandomTable(std::mt19937_64& random, FileNumber number) {
  TableMetadata table;
  table.number = number;
  table.size_bytes = RandomNumber(random, UINT64_MAX);
  table.checksum = static_cast<uint32_t>(random());
  table.level = static_cast<uint32_t>(RandomNumber(random, UINT32_MAX));
  table.put_count = RandomNumber(random, UINT64_MAX);
  table.delete_count = RandomNumber(random, UINT64_MAX);
  table.range_tombstone_count = RandomNumber(random, UINT64_MAX);
  SetLsnRange(random, &table.min_point_lsn, &table.max_point_lsn);
  SetLsnRange(random, &table.min_range_lsn, &table.max_range_lsn);
  table.smallest = RandomBytes(random, random() % 30);
  if (random() % 4 != 0) {
    table.largest = RandomBytes(random, random() % 30);
    table.largest_is_exclusive = random() % 2 == 0;
  }
  table.creation_time_micros = static_cast<int64_t>(RandomNumber(random, UINT64_MAX));
  table.oldest_tombstone_time_micros = static_cast<int64_t>(RandomNumber(random, UINT64_MAX));
  return table;
}

VersionEdit RandomEdit(std::mt19937_64& random, const ManifestState& state) {
  VersionEdit edit;
  uint64_t next_number = state.reserved_numbers_end.value;
  for (uint64_t i = random() % 3; i > 0; --i) {
    edit.added_tables.push_back(RandomTable(random, FileNumber(next_number++)));
  }
  for (const Version::TablePtr& table : state.version->tables()) {
    if (random() % 4 == 0) edit.removed_tables.push_back(table->number);
  }
  if (random() % 2 == 0) edit.min_log = FileNumber(state.min_log.value + random() % 3);
  if (!edit.added_tables.empty() || random() % 2 == 0) edit.reserved_numbers_end = FileNumber(next_number + 5);
  if (random() % 2 == 0) edit.max_lsn = Lsn(state.max_lsn.value + random() % 1000);
  if (random() % 4 == 0) edit.flushed_lsn = Lsn(state.flushed_lsn.value + random() % 1000);
  if (random() % 8 == 0) {
    const uint64_t log = state.min_log.value + 1;
    edit.cut = LogCut{FileNumber(log), RandomNumber(random, uint64_t{1} << 34), state.max_lsn, FileNumber(log + 2)};
  }
  if (random() % 8 == 0) edit.close = CleanClose{FileNumber(state.min_log.value + 3), state.max_lsn};
  return edit;
}

std::string Describe(const ManifestState& state) {
  std::string out = absl::StrCat("database ", state.database_id, "\nedit ", state.last_edit, "\nmin log ",
                                 state.min_log, "\nreserved below ", state.reserved_numbers_end, "\nmax LSN ",
                                 state.max_lsn, "\nflushed LSN ", state.flushed_lsn, "\n");
  if (state.cut.has_value()) {
    absl::StrAppend(&out, "cut ", state.cut->log, "@", state.cut->offset_bytes, " LSN ", state.cut->last_lsn,
                    " live from ", state.cut->first_live_log, "\n");
  }
  if (state.close.has_value()) {
    absl::StrAppend(&out, "closed with log ", state.close->log, " at LSN ", state.close->last_lsn, "\n");
  }
  // The encoding holds every field of a table; that it does is version_edit_test's affair.
  for (const Version::TablePtr& table : state.version->tables()) {
    VersionEdit edit;
    edit.added_tables.push_back(*table);
    absl::StrAppend(&out, "table ", table->number, " ", absl::BytesToHexString(EncodeVersionEdit(edit)), "\n");
  }
  return out;
}

}  // namespace aeternus
