#include "iterator/tombstone_cursor.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

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

struct Fixture {
  std::vector<RangeTombstone> all;
  std::vector<std::shared_ptr<const FragmentedTombstones>> layers;

  Lsn MaxCovering(const std::string& key, Lsn snapshot) const {
    Lsn max = kMinLsn;
    for (const RangeTombstone& tombstone : all) {
      if (tombstone.lsn <= snapshot && tombstone.Covers(key)) max = std::max(max, tombstone.lsn);
    }
    return max;
  }
};

Fixture RandomFixture(Random* random) {
  Fixture fixture;
  uint64_t lsn = 0;
  for (uint64_t layer = random->Below(4); layer > 0; --layer) {
    std::vector<RangeTombstone> tombstones;
    for (uint64_t i = random->Below(20); i > 0; --i) {
      RangeTombstone tombstone{HistoryKey(random->Below(100)), HistoryKey(random->Below(100)), Lsn(++lsn)};
      if (random->OneIn(20)) tombstone.end.reset();
      tombstones.push_back(std::move(tombstone));
    }
    fixture.all.insert(fixture.all.end(), tombstones.begin(), tombstones.end());
    fixture.layers.push_back(std::make_shared<const FragmentedTombstones>(FragmentedTombstones::Build(tombstones)));
  }
  return fixture;
}

TEST(TombstoneCursor, AnswersAsAWalkOverAllInWhateverOrderKeysAreAsked) {
  Random random = Random::ForTest();
  for (int round = 0; round < 200; ++round) {
    const Fixture fixture = RandomFixture(&random);
    const Lsn snapshot(random.Below(60));
    TombstoneCursor cursor(fixture.layers, snapshot);
    uint64_t at = 0;
    for (int step = 0; step < 200; ++step) {
      // Walks with both directions and jumps.
      const uint64_t choice = random.Below(20);
      if (choice == 0) at = random.Below(101);
      if (choice > 10 && at < 100) ++at;
      if (choice < 5 && at > 0) --at;
      const std::string key = HistoryKey(at);
      const Lsn expected = fixture.MaxCovering(key, snapshot);
      ASSERT_EQ(cursor.MaxCovering(key), expected) << key;
      if (fixture.all.empty()) continue;
      // The interval holds the key, and nothing changes inside it.
      ASSERT_LE(cursor.lower(), key);
      if (cursor.upper().has_value()) {
        ASSERT_LT(key, *cursor.upper());
      }
      ASSERT_EQ(fixture.MaxCovering(std::string(cursor.lower()), snapshot), expected);
    }
  }
}

TEST(TombstoneCursor, AScanSearchesNothing) {
  std::vector<RangeTombstone> tombstones;
  for (uint64_t i = 0; i < 500; ++i) tombstones.push_back({HistoryKey(2 * i), HistoryKey(2 * i + 1), Lsn(i + 1)});
  const auto layer = std::make_shared<const FragmentedTombstones>(FragmentedTombstones::Build(std::move(tombstones)));
  TombstoneCursor cursor({layer}, kMaxLsn);
  const uint64_t before = ReadTombstoneSearchCounters().searches;
  for (uint64_t i = 0; i < 1'000; ++i) EXPECT_EQ(cursor.MaxCovering(HistoryKey(i)) > kMinLsn, i % 2 == 0);
  for (uint64_t i = 1'000; i-- > 0;) EXPECT_EQ(cursor.MaxCovering(HistoryKey(i)) > kMinLsn, i % 2 == 0);
  EXPECT_EQ(ReadTombstoneSearchCounters().searches, before);
}

}  // namespace
}  // namespace aeternus
