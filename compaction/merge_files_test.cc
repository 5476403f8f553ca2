// Merges of real tables on a simulated disk, in random order, against the model.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/entry.h"
#include "base/types.h"
#include "compaction/merge_job.h"
#include "compaction/merge_policy.h"
#include "compaction/testing/table_store.h"
#include "gtest/gtest.h"
#include "iterator/testing/history.h"
#include "iterator/testing/random.h"
#include "iterator/testing/vector_iterator.h"

namespace aeternus::compaction {
namespace {

using ::aeternus::compaction::testing::TableStore;
using ::aeternus::testing::History;
using ::aeternus::testing::OwnedEntry;
using ::aeternus::testing::Random;
using ::aeternus::testing::RandomHistory;

constexpr uint64_t kKeys = 15;

// The history torn into tables of random ages, which overlap in LSN and bear numbers that say nothing of it.
void TearIntoTables(const History& history, size_t table_count, Random* random, TableStore* store) {
  std::vector<std::vector<OwnedEntry>> points(table_count);
  std::vector<std::vector<RangeTombstone>> tombstones(table_count);
  for (const OwnedEntry& point : history.Points()) points[random->Below(table_count)].push_back(point);
  for (const RangeTombstone& tombstone : history.RangeTombstones()) {
    const bool is_empty = tombstone.end.has_value() && tombstone.start >= *tombstone.end;
    if (!is_empty) tombstones[random->Below(table_count)].push_back(tombstone);
  }
  for (size_t i = 0; i < table_count; ++i) {
    if (!points[i].empty() || !tombstones[i].empty()) store->Build(points[i], tombstones[i]);
  }
}

std::vector<FileNumber> Numbers(TableStore* store) {
  std::vector<FileNumber> numbers;
  for (const auto& [number, table] : store->live()) numbers.push_back(number);
  return numbers;
}

MergePolicy RandomSnapshots(const History& history, Random* random) {
  std::set<Lsn> snapshots;
  for (uint64_t i = random->Below(4); i > 0; --i) snapshots.insert(Lsn(random->Below(history.last_lsn().value + 1)));
  MergePolicy policy;
  policy.snapshots.assign(snapshots.begin(), snapshots.end());
  return policy;
}

void ExpectUnchanged(TableStore* store, const History& history, const MergePolicy& policy) {
  for (const Lsn snapshot : policy.snapshots) ASSERT_EQ(store->VisibleAt(snapshot), history.VisibleAt(snapshot));
  ASSERT_EQ(store->VisibleAt(kMaxLsn), history.VisibleAt(kMaxLsn));
}

TEST(MergeFiles, NoSequenceOfMergesChangesWhatIsSeen) {
  Random random = Random::ForTest();
  for (int round = 0; round < 60; ++round) {
    TableStore store;
    const History history = RandomHistory(&random, 80, kKeys);
    const MergePolicy policy = RandomSnapshots(history, &random);
    TearIntoTables(history, 6, &random, &store);
    ASSERT_NO_FATAL_FAILURE(ExpectUnchanged(&store, history, policy));
    while (store.live().size() > 1) {
      std::vector<FileNumber> numbers = Numbers(&store);
      std::shuffle(numbers.begin(), numbers.end(), random);
      numbers.resize(1 + random.Below(numbers.size()));
      ASSERT_TRUE(store.Merge(numbers, policy, /*drop_tombstones=*/random.OneIn(2)).ok());
      ASSERT_NO_FATAL_FAILURE(ExpectUnchanged(&store, history, policy));
    }
    ASSERT_TRUE(store.Merge(Numbers(&store), {}, /*drop_tombstones=*/true).ok());
    ASSERT_NO_FATAL_FAILURE(ExpectUnchanged(&store, history, {}));
    for (const auto& [number, live] : store.live()) {
      EXPECT_EQ(live.summary.delete_count + live.summary.range_tombstone_count, 0u);
      EXPECT_EQ(live.summary.put_count, history.VisibleAt(kMaxLsn).size());
    }
  }
}

TEST(MergeFiles, WouldDropAnythingSaysWhatMergeDoes) {
  Random random = Random::ForTest();
  int answers[2] = {0, 0};
  for (int round = 0; round < 150; ++round) {
    TableStore store;
    const History history = RandomHistory(&random, 5 + random.Below(30), kKeys);
    const MergePolicy policy = RandomSnapshots(history, &random);
    TearIntoTables(history, 1 + random.Below(3), &random, &store);
    const FileNumber number = Numbers(&store).front();
    const bool would = store.WouldDropAnything(number, policy).value();
    const MergeResult result = store.Merge({number}, policy, /*drop_tombstones=*/true).value();
    EXPECT_EQ(would, result.points_written < result.points_read || result.tombstones_dropped > 0);
    ++answers[would ? 1 : 0];
  }
  EXPECT_GT(answers[0], 0);
  EXPECT_GT(answers[1], 0);
}

// "Older" was once judged by file number: a merged table gets a high number, and 199 of 200 deleted keys came back.
TEST(MergeFiles, RecencyIsAMatterOfLsnsNotOfNumbers) {
  TableStore store;
  const FileNumber tombstones = store.Build({{"k", Lsn(5), EntryKind::kDelete}}, {{"a", "c", Lsn(6)}});
  store.Build({{"k", Lsn(2), EntryKind::kPut, "old"}, {"b", Lsn(3), EntryKind::kPut, "old"}}, {});
  EXPECT_FALSE(store.WouldDropAnything(tombstones, {}).value());
  ASSERT_TRUE(store.Merge({tombstones}, {}, /*drop_tombstones=*/true).ok());
  EXPECT_TRUE(store.VisibleAt(kMaxLsn).empty());
}

}  // namespace
}  // namespace aeternus::compaction
