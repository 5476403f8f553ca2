#include <string>
#include <string_view>
#include <vector>

#include "absl/log/check.h"
#include "absl/status/statusor.h"
#include "base/testing/fuzz.h"
#include "base/types.h"
#include "manifest/table_metadata.h"
#include "manifest/tag_length_value.h"
#include "manifest/version_edit.h"

namespace aeternus::fuzzing {
namespace {

// One that an existing database would have; every field differs from its default.
TableMetadata SampleTable() {
  TableMetadata table;
  table.number = FileNumber(13);
  table.size_bytes = 70'000;
  table.checksum = 0xdeadbeef;
  table.level = 1;
  table.put_count = 100;
  table.delete_count = 3;
  table.range_tombstone_count = 1;
  table.min_point_lsn = Lsn(1);
  table.max_point_lsn = Lsn(300);
  table.min_range_lsn = Lsn(5);
  table.max_range_lsn = kMaxLsn;
  table.smallest = "a";
  table.largest = "zebra";
  table.largest_is_exclusive = true;
  table.creation_time_micros = 1'700'000'000'000'000;
  table.oldest_tombstone_time_micros = -1;
  return table;
}

std::string WithIgnorableTag() {
  std::string edit;
  PutRecord(&edit, 77, "of a later version");
  PutRecord(&edit, 8, std::string(1, '\5'));
  return edit;
}

}  // namespace

bool DecodeAndCheck(std::string_view input) {
  const absl::StatusOr<VersionEdit> edit = DecodeVersionEdit(input, "fuzz", 0);
  if (!edit.ok()) return false;
  // Tags may come in any order, and unknown ones are skipped: equal values, not equal bytes.
  const std::string encoded = EncodeVersionEdit(*edit);
  CHECK(DecodeVersionEdit(encoded, "fuzz", 0).value() == *edit);
  CHECK_LE(encoded.size(), input.size());
  return true;
}

std::vector<Seed> Seeds() {
  VersionEdit snapshot;
  snapshot.is_snapshot = true;
  snapshot.key_order_name = "bytewise";
  snapshot.added_tables = {SampleTable(), SampleTable()};
  snapshot.added_tables[1].largest.reset();
  snapshot.added_tables[1].largest_is_exclusive = false;
  snapshot.min_log = FileNumber(14);
  snapshot.reserved_numbers_end = FileNumber(2048);
  snapshot.max_lsn = Lsn(301);
  snapshot.flushed_lsn = Lsn(300);
  snapshot.cut = LogCut{FileNumber(14), 4096, Lsn(301), FileNumber(16)};
  VersionEdit compaction;
  compaction.added_tables = {SampleTable()};
  compaction.removed_tables = {FileNumber(3), FileNumber(UINT64_MAX)};
  return {{"snapshot", EncodeVersionEdit(snapshot)},
          {"compaction", EncodeVersionEdit(compaction)},
          {"ignorable_tag", WithIgnorableTag()},
          {"empty", ""}};
}

}  // namespace aeternus::fuzzing
