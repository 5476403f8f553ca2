#include "memtable/range_tombstone_set.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/entry.h"
#include "base/types.h"
#include "gtest/gtest.h"
#include "iterator/fragmented_tombstones.h"
#include "iterator/testing/history.h"
#include "iterator/testing/random.h"

namespace aeternus {
namespace {

using ::aeternus::testing::HistoryKey;
using ::aeternus::testing::Random;

Lsn MaxOfLayers(const RangeTombstoneSet& set, std::string_view key, Lsn snapshot) {
  Lsn max = kMinLsn;
  for (const auto& layer : set.Layers()) max = std::max(max, layer->MaxCovering(key, snapshot));
  return max;
}

TEST(RangeTombstoneSet, EveryWayOfAskingAgreesWithAWalkOverAll) {
  Random random = Random::ForTest();
  RangeTombstoneSet set;
  std::vector<RangeTombstone> all;
  EXPECT_TRUE(set.empty());
  EXPECT_TRUE(set.Merged()->empty());
  for (uint64_t lsn = 1; lsn <= 200; ++lsn) {
    RangeTombstone tombstone{HistoryKey(random.Below(60)), std::nullopt, Lsn(lsn)};
    if (!random.OneIn(20)) tombstone.end = HistoryKey(random.Below(60));
    set.Add(tombstone);
    all.push_back(tombstone);
    EXPECT_FALSE(set.empty());
    const auto merged = set.Merged();
    for (int i = 0; i < 20; ++i) {
      const std::string key = HistoryKey(random.Below(62));
      const Lsn snapshot(random.Below(lsn + 2));
      Lsn expected = kMinLsn;
      for (const auto& each : all) {
        if (each.Covers(key) && each.lsn <= snapshot) expected = std::max(expected, each.lsn);
      }
      ASSERT_EQ(set.MaxCovering(key, snapshot), expected) << key << " at " << snapshot.value;
      ASSERT_EQ(merged->MaxCovering(key, snapshot), expected);
      ASSERT_EQ(MaxOfLayers(set, key, snapshot), expected);
    }
  }
}

TEST(RangeTombstoneSet, MergedIsKeptUntilTheNextAddition) {
  RangeTombstoneSet set;
  set.Add({"a", "b", Lsn(1)});
  const auto first = set.Merged();
  EXPECT_EQ(set.Merged(), first);
  set.Add({"c", "d", Lsn(2)});
  EXPECT_NE(set.Merged(), first);
  EXPECT_EQ(set.Merged()->fragments().size(), 2u);
}

TEST(RangeTombstoneSet, EmptyRangesAreNoLayers) {
  RangeTombstoneSet set;
  set.Add({"b", "a", Lsn(1)});
  EXPECT_TRUE(set.Layers().empty());
  EXPECT_EQ(set.MaxCovering("a", kMaxLsn), kMinLsn);
}

// 16,000 tombstones, walked linearly, once took a millisecond per get.
TEST(RangeTombstoneSet, ManyAreFewLayersAndShortSearches) {
  constexpr uint64_t kCount = 16'000 + RangeTombstoneSet::kTailSize - 1;
  RangeTombstoneSet set;
  for (uint64_t i = 0; i < kCount; ++i) {
    const uint64_t at = (i * 7'919) % kCount;  // all over the key space
    set.Add({absl::StrFormat("%08d", 10 * at), absl::StrFormat("%08d", 10 * at + 5), Lsn(i + 1)});
  }
  const double log_count = std::log2(kCount);
  EXPECT_LE(set.Layers().size(), log_count + 1);
  const TombstoneSearchCounters before = ReadTombstoneSearchCounters();
  constexpr uint64_t kQueries = 1'000;
  for (uint64_t i = 0; i < kQueries; ++i) {
    EXPECT_NE(set.MaxCovering(absl::StrFormat("%08d", 10 * i + 2), kMaxLsn), kMinLsn);
    EXPECT_EQ(set.MaxCovering(absl::StrFormat("%08d", 10 * i + 7), kMaxLsn), kMinLsn);
  }
  const TombstoneSearchCounters after = ReadTombstoneSearchCounters();
  EXPECT_LE(after.fragments_compared - before.fragments_compared, 2 * kQueries * (log_count + 1) * (log_count + 1));
#ifndef NDEBUG
  EXPECT_EQ(after.searches - before.searches, 2 * kQueries);
  EXPECT_GE(after.fragments_compared - before.fragments_compared, 2 * kQueries);
#endif
}

TEST(RangeTombstoneSet, MemoryGrowsWithWhatItHolds) {
  RangeTombstoneSet set;
  EXPECT_EQ(set.memory_bytes(), 0u);
  for (uint64_t i = 0; i < 1'000; ++i) {
    set.Add({absl::StrFormat("%080d", 10 * i), absl::StrFormat("%080d", 10 * i + 5), Lsn(i + 1)});
  }
  EXPECT_GT(set.memory_bytes(), 160'000u);
  EXPECT_LT(set.memory_bytes(), 1'000'000u);
}

}  // namespace
}  // namespace aeternus
