#include "compaction/merge_job.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "base/entry.h"
#include "base/types.h"
#include "compaction/merge_policy.h"
#include "compaction/testing/table_store.h"
#include "env/testing/sim_file_system.h"
#include "gtest/gtest.h"
#include "iterator/fragmented_tombstones.h"
#include "iterator/testing/history.h"
#include "iterator/testing/vector_iterator.h"
#include "sstable/builder.h"

namespace aeternus::compaction {
namespace {

using ::aeternus::compaction::testing::TableStore;
using ::aeternus::env::testing::Fault;
using ::aeternus::testing::HistoryKey;
using ::aeternus::testing::OwnedEntry;
using ::aeternus::testing::VectorIterator;

OwnedEntry Put(std::string key, uint64_t lsn) { return {std::move(key), Lsn(lsn), EntryKind::kPut, "value"}; }
OwnedEntry Delete(std::string key, uint64_t lsn) { return {std::move(key), Lsn(lsn), EntryKind::kDelete}; }

std::vector<OwnedEntry> ManyPuts(uint64_t count, uint64_t first_lsn = 1) {
  std::vector<OwnedEntry> puts;
  for (uint64_t i = 0; i < count; ++i) puts.push_back(Put(HistoryKey(i), first_lsn + i));
  return puts;
}

TEST(MergeJob, ManyTablesBecomeOneAndCountsAreRight) {
  TableStore store;
  const FileNumber older = store.Build({Put("a", 1), Put("b", 2), Put("c", 3)}, {});
  const FileNumber newer = store.Build({Put("a", 4), Delete("b", 5)}, {{"x", "y", Lsn(6)}});
  const MergeResult result = store.Merge({older, newer}, {}, /*drop_tombstones=*/false).value();
  EXPECT_EQ(result.points_read, 5u);
  EXPECT_EQ(result.points_written, 3u);
  EXPECT_EQ(result.tombstones_read, 2u);
  EXPECT_EQ(result.tombstones_dropped, 0u);
  ASSERT_TRUE(result.table.has_value());
  EXPECT_EQ(result.table->put_count, 2u);
  EXPECT_EQ(result.table->delete_count, 1u);
  EXPECT_EQ(result.table->range_tombstone_count, 1u);
  EXPECT_EQ(store.VisibleAt(kMaxLsn), (std::map<std::string, std::string>{{"a", "value"}, {"c", "value"}}));
}

// A table's bounds once left out its range tombstones, and a minor compaction lost those outside the point keys.
TEST(MergeJob, BoundsAndLsnsOfTheOutputCoverRangeTombstones) {
  TableStore store;
  const FileNumber number = store.Build({Put("m", 5)}, {{"a", "c", Lsn(2)}, {"x", std::nullopt, Lsn(9)}});
  const MergeResult result = store.Merge({number}, {}, /*drop_tombstones=*/false).value();
  EXPECT_EQ(result.table->smallest, "a");
  EXPECT_EQ(result.table->largest, std::nullopt);
  EXPECT_EQ(result.table->min_range_lsn, Lsn(2));
  EXPECT_EQ(result.table->max_range_lsn, Lsn(9));
  EXPECT_EQ(result.table->min_point_lsn, Lsn(5));
}

TEST(MergeJob, AnEmptyOutputIsNoTable) {
  TableStore store;
  const FileNumber number = store.Build({Delete("a", 2), Put("a", 1)}, {{"b", "c", Lsn(3)}});
  const uint64_t files = store.file_system().Files().size();
  const MergeResult result = store.Merge({number}, {}, /*drop_tombstones=*/true).value();
  EXPECT_EQ(result.table, std::nullopt);
  EXPECT_EQ(result.tombstones_dropped, 2u);
  EXPECT_EQ(store.file_system().Files().size(), files);
}

class NoOlderVersions final : public OlderVersions {
  absl::StatusOr<bool> HoldKey(std::string_view, Lsn) override { return false; }
  absl::StatusOr<bool> HoldKeyInRange(std::string_view, const std::optional<std::string>&, Lsn) override {
    return false;
  }
};

TEST(MergeJob, TheAgeOfTombstonesIsCarriedWhileThereAreAny) {
  for (const bool drop_tombstones : {true, false}) {
    TableStore store;
    const FileNumber number = store.Build({Delete("a", 2), Put("b", 1)}, {});
    MergeOutput output = store.NextOutput();
    output.builder.oldest_tombstone_time_micros = 77;
    NoOlderVersions nothing;
    MergePolicy policy;
    if (drop_tombstones) policy.older_versions = &nothing;
    const MergeResult result = Merge(store.Inputs({number}), policy, output).value();
    EXPECT_EQ(result.table->oldest_tombstone_time_micros, drop_tombstones ? 0 : 77);
  }
}

// What a failed merge leaves behind: nothing.
void ExpectFailedWithoutATrace(TableStore* store, const std::vector<std::string>& files_before,
                               const absl::StatusOr<MergeResult>& result) {
  EXPECT_FALSE(result.ok());
  EXPECT_EQ(store->file_system().Files(), files_before);
}

TEST(MergeJob, AnotherCountThanTheMetadataSaysIsCorruption) {
  for (const int difference : {-1, 1}) {
    TableStore store;
    const FileNumber number = store.Build(ManyPuts(20), {});
    const auto files = store.file_system().Files();
    MergeInputs inputs = store.Inputs({number});
    inputs.expected_points += static_cast<uint64_t>(difference);
    const auto result = Merge(std::move(inputs), {}, store.NextOutput());
    EXPECT_TRUE(absl::IsDataLoss(result.status()));
    EXPECT_TRUE(absl::StrContains(result.status().message(), "tables 1")) << result.status();
    ExpectFailedWithoutATrace(&store, files, result);
  }
}

// One flipped bit once made a scan end early, and a major compaction made the loss permanent.
TEST(MergeJob, DamageOfAnInputEndsTheMerge) {
  for (size_t at = 0; at < 20; ++at) {
    TableStore store;
    const FileNumber number = store.Build(ManyPuts(10, /*first_lsn=*/100), {});
    const auto files = store.file_system().Files();
    MergeInputs inputs = store.Inputs({number});
    auto damaged = std::make_unique<VectorIterator>(ManyPuts(20));
    damaged->BreakAt(at);
    inputs.sources.push_back(std::move(damaged));
    inputs.expected_points += 20;
    const auto result = Merge(std::move(inputs), {}, store.NextOutput());
    EXPECT_TRUE(absl::IsDataLoss(result.status()));
    ExpectFailedWithoutATrace(&store, files, result);
  }
}

TEST(MergeJob, WhicheverFileCallFailsNoFileIsLeft) {
  int failures = 0;
  for (uint64_t call = 0;; ++call) {
    TableStore store;
    const FileNumber number = store.Build(ManyPuts(200), {{"a", "b", Lsn(900)}});
    const auto files = store.file_system().Files();
    MergeInputs inputs = store.Inputs({number});
    const MergeOutput output = store.NextOutput();
    store.file_system().FailAt(store.file_system().calls() + call, Fault::kIoError);
    const auto result = Merge(std::move(inputs), {}, output);
    store.file_system().SetFaultRule(nullptr);
    if (result.ok()) break;
    ++failures;
    ExpectFailedWithoutATrace(&store, files, result);
  }
  EXPECT_GT(failures, 10);
}

TEST(MergeJob, AFileThatWasThereBeforeIsLeftAlone) {
  TableStore store;
  const FileNumber number = store.Build(ManyPuts(3), {});
  const MergeOutput output = store.NextOutput();
  ASSERT_TRUE(store.file_system().SetContents(output.path, "someone else's").ok());
  EXPECT_TRUE(absl::IsAlreadyExists(Merge(store.Inputs({number}), {}, output).status()));
  EXPECT_EQ(store.file_system().Contents(output.path).value(), "someone else's");
}

TEST(MergeJob, CancelledItEndsSoonAndLeavesNothing) {
  TableStore store;
  std::vector<OwnedEntry> puts;
  for (uint64_t lsn = 1; lsn <= 5'000; ++lsn) puts.push_back(Put(std::to_string(100'000 + lsn), lsn));
  const FileNumber number = store.Build(puts, {});
  const auto files = store.file_system().Files();
  int asked = 0;
  const auto cancelled = [&asked] { return ++asked == 3; };
  const auto result = Merge(store.Inputs({number}), {}, store.NextOutput(), cancelled);
  EXPECT_TRUE(absl::IsCancelled(result.status()));
  EXPECT_EQ(asked, 3);
  ExpectFailedWithoutATrace(&store, files, result);
}

// Damage behind the first entry that goes is not met.
TEST(MergeJob, WouldDropAnythingReadsOnlyUntilItKnows) {
  auto source = std::make_unique<VectorIterator>(ManyPuts(20));
  source->BreakAt(4);
  MergeInputs inputs;
  inputs.sources.push_back(std::move(source));
  inputs.expected_points = 20;
  inputs.tombstones.push_back(
      std::make_shared<const FragmentedTombstones>(FragmentedTombstones::Build({{HistoryKey(3), "z", Lsn(99)}})));
  EXPECT_TRUE(WouldDropAnything(std::move(inputs), {}).value());
}

TEST(MergeJob, ErrorsOfWouldDropAnythingAreNoAnswer) {
  auto damaged = std::make_unique<VectorIterator>(ManyPuts(20));
  damaged->BreakAt(7);
  MergeInputs inputs;
  inputs.sources.push_back(std::move(damaged));
  inputs.expected_points = 20;
  EXPECT_TRUE(absl::IsDataLoss(WouldDropAnything(std::move(inputs), {}).status()));
}

}  // namespace
}  // namespace aeternus::compaction
