#include "compaction/testing/table_store.h"

#include <algorithm>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/file_identity.h"
#include "base/hash.h"
#include "base/status.h"
#include "gtest/gtest.h"
#include "iterator/entry_iterator.h"
#include "iterator/fragmented_tombstones.h"
#include "iterator/merging_iterator.h"
#include "iterator/visible_iterator.h"

namespace aeternus::compaction::testing {
namespace {

constexpr DatabaseId kDatabaseId{0xd1ce};

}  // namespace

// Asks every table outside the merge that may hold something older, as the engine does: by its min LSN, not its number.
class TableStore::OtherTables final : public OlderVersions {
 public:
  OtherTables(const std::map<FileNumber, LiveTable>& live, const std::vector<FileNumber>& inputs) {
    for (const auto& [number, table] : live) {
      if (!absl::c_linear_search(inputs, number)) tables_.push_back(table);
    }
  }

  absl::StatusOr<bool> HoldKey(std::string_view key, Lsn below) override {
    for (const LiveTable& each : tables_) {
      if (each.min_lsn() >= below) continue;
      AETERNUS_ASSIGN_OR_RETURN(const bool holds, each.table->HoldsVersionBelow(key, StableHash(key), below));
      if (holds) return true;
    }
    return false;
  }
  absl::StatusOr<bool> HoldKeyInRange(std::string_view start, const std::optional<std::string>& end,
                                      Lsn below) override {
    for (const LiveTable& each : tables_) {
      if (each.min_lsn() >= below) continue;
      AETERNUS_ASSIGN_OR_RETURN(const bool holds, each.table->HoldsKeyInRangeBelow(start, end, below));
      if (holds) return true;
    }
    return false;
  }

 private:
  std::vector<LiveTable> tables_;
};

Lsn TableStore::LiveTable::min_lsn() const {
  if (points() == 0) return summary.min_range_lsn;
  if (summary.range_tombstone_count == 0) return summary.min_point_lsn;
  return std::min(summary.min_point_lsn, summary.min_range_lsn);
}

TableStore::TableStore() { EXPECT_TRUE(file_system_.CreateDirectory("/db").ok()); }

TableStore::~TableStore() = default;

sstable::BuilderOptions TableStore::SmallBlocks() {
  sstable::BuilderOptions options;
  options.block_size_bytes = 128;
  options.creation_time_micros = 1'000;
  return options;
}

MergeOutput TableStore::NextOutput() {
  MergeOutput output;
  output.file_system = &file_system_;
  output.identity.kind = FileKind::kTable;
  output.identity.database_id = kDatabaseId;
  output.identity.number = FileNumber(next_number_++);
  output.path = absl::StrCat("/db/", output.identity.number, ".sst");
  output.builder = SmallBlocks();
  return output;
}

void TableStore::Open(const MergeOutput& output, const sstable::TableSummary& summary) {
  sstable::TableParams params;
  params.file_system = &file_system_;
  params.path = output.path;
  params.database_id = kDatabaseId;
  params.number = output.identity.number;
  params.size_bytes = summary.size_bytes;
  params.has_range_tombstones = summary.range_tombstone_count > 0;
  params.cache = &cache_;
  live_[params.number] = {summary, sstable::Table::Open(params)};
  const absl::Status verified = live_[params.number].table->Verify(summary.checksum);
  EXPECT_TRUE(verified.ok()) << verified;
}

FileNumber TableStore::Build(std::vector<aeternus::testing::OwnedEntry> points,
                             const std::vector<RangeTombstone>& tombstones, const sstable::BuilderOptions& options) {
  absl::c_sort(points, aeternus::testing::InternalOrder);
  const MergeOutput output = NextOutput();
  auto builder = sstable::Builder::Create(&file_system_, output.path, output.identity, options).value();
  for (const auto& point : points) EXPECT_TRUE(builder->Add(point.view()).ok());
  for (const auto& tombstone : tombstones) EXPECT_TRUE(builder->AddTombstone(tombstone).ok());
  Open(output, builder->Finish().value());
  return output.identity.number;
}

MergeInputs TableStore::Inputs(const std::vector<FileNumber>& numbers) {
  MergeInputs inputs;
  for (const FileNumber number : numbers) {
    const LiveTable& live = live_.at(number);
    inputs.sources.push_back(live.table->NewIterator());
    inputs.tombstones.push_back(live.table->RangeTombstones().value());
    inputs.expected_points += live.points();
  }
  inputs.description = absl::StrCat("tables ", absl::StrJoin(numbers, ", "));
  return inputs;
}

absl::StatusOr<MergeResult> TableStore::Merge(const std::vector<FileNumber>& numbers, MergePolicy policy,
                                              bool drop_tombstones) {
  OtherTables others(live_, numbers);
  if (drop_tombstones) policy.older_versions = &others;
  const MergeOutput output = NextOutput();
  AETERNUS_ASSIGN_OR_RETURN(MergeResult result, compaction::Merge(Inputs(numbers), policy, output));
  for (const FileNumber number : numbers) live_.erase(number);
  if (result.table.has_value()) Open(output, *result.table);
  return result;
}

absl::StatusOr<bool> TableStore::WouldDropAnything(FileNumber number, MergePolicy policy) {
  OtherTables others(live_, {number});
  policy.older_versions = &others;
  return compaction::WouldDropAnything(Inputs({number}), policy);
}

std::map<std::string, std::string> TableStore::VisibleAt(Lsn snapshot) {
  std::vector<FileNumber> numbers;
  for (const auto& [number, live] : live_) numbers.push_back(number);
  MergeInputs all = Inputs(numbers);
  VisibleIterator it(NewMergingIterator(std::move(all.sources)), std::move(all.tombstones), {.snapshot = snapshot});
  std::map<std::string, std::string> visible;
  for (it.SeekToFirst(); it.Valid(); it.Next()) visible.emplace(it.key(), it.value());
  EXPECT_TRUE(it.status().ok()) << it.status();
  return visible;
}

}  // namespace aeternus::compaction::testing
