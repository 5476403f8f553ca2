#include "memtable/tombstone_map.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/entry.h"
#include "base/types.h"
#include "gtest/gtest.h"
#include "iterator/testing/random.h"

namespace aeternus {
namespace {

using ::aeternus::testing::Random;

void Add(TombstoneMap& map, const RangeTombstone& tombstone) { map.Add(tombstone.start, tombstone.end, tombstone.lsn); }

// Short keys that share little, and long ones that share much, in front of, among and behind them.
std::string AnyKey(Random& random) {
  switch (random.Below(4)) {
    case 0:
      return std::string(1, static_cast<char>(random.Below(256)));
    case 1:
      return absl::StrFormat("key/%03d", random.Below(50));
    default:
      return absl::StrFormat("key/000000000000%06d", random.Below(3'000));
  }
}

TEST(TombstoneMap, AgreesWithAWalkOverAll) {
  Random random = Random::ForTest();
  for (const uint64_t count : {1, 10, 300, 1'500}) {
    TombstoneMap map;
    std::vector<RangeTombstone> all;
    for (uint64_t lsn = 1; lsn <= count; ++lsn) {
      RangeTombstone tombstone{AnyKey(random), std::nullopt, Lsn(lsn)};
      if (!random.OneIn(50)) tombstone.end = random.OneIn(3) ? AnyKey(random) : tombstone.start + "~";
      if (tombstone.end.has_value() && tombstone.start >= *tombstone.end) continue;
      const TombstoneMap::Bounds bounds = map.Add(tombstone.start, tombstone.end, tombstone.lsn);
      EXPECT_EQ(bounds.start, tombstone.start);
      EXPECT_EQ(bounds.end, tombstone.end);
      all.push_back(tombstone);
      for (int i = 0; i < 5; ++i) {
        const std::string key = random.OneIn(3) ? all[random.Below(all.size())].start : AnyKey(random);
        const Lsn snapshot(random.OneIn(2) ? lsn : random.Below(lsn + 1));
        Lsn expected = kMinLsn;
        for (const RangeTombstone& each : all) {
          if (each.lsn <= snapshot && each.Covers(key)) expected = std::max(expected, each.lsn);
        }
        ASSERT_EQ(map.MaxCovering(key, snapshot), expected) << key << " at " << snapshot.value << " of " << lsn;
      }
    }
  }
}

TEST(TombstoneMap, ManyWithOnePrefixAreFoundBehindIt) {
  TombstoneMap map;
  constexpr uint64_t kCount = 100'000;  // so many that the block begun last matters little
  const auto key = [](uint64_t i) { return absl::StrFormat("a prefix that all keys share/%08d", i); };
  for (uint64_t i = 0; i < kCount; ++i) {
    const uint64_t at = i * 7'919 % kCount;
    map.Add(key(10 * at), key(10 * at + 5), Lsn(i + 1));
  }
  for (uint64_t i = 0; i < kCount; ++i) {
    const uint64_t at = i * 7'919 % kCount;
    ASSERT_EQ(map.MaxCovering(key(10 * at), kMaxLsn), Lsn(i + 1));
    ASSERT_EQ(map.MaxCovering(key(10 * at + 4), kMaxLsn), Lsn(i + 1));
    ASSERT_EQ(map.MaxCovering(key(10 * at + 5), kMaxLsn), kMinLsn);
    ASSERT_EQ(map.MaxCovering(key(10 * at), Lsn(i)), kMinLsn);
  }
  EXPECT_LT(map.memory_bytes(), kCount * 280) << "two bounds of 36 bytes each among it";
}

TEST(TombstoneMap, AnOldSnapshotFindsItsPlaceAmongManyOverOneKey) {
  TombstoneMap map;
  constexpr uint64_t kCount = 200'000;
  for (uint64_t lsn = 1; lsn <= kCount; ++lsn) map.Add("a", "b", Lsn(2 * lsn));
  for (uint64_t lsn = 1; lsn <= kCount; ++lsn) {
    ASSERT_EQ(map.MaxCovering("a", Lsn(2 * lsn)), Lsn(2 * lsn));
    ASSERT_EQ(map.MaxCovering("a", Lsn(2 * lsn + 1)), Lsn(2 * lsn));
  }
  EXPECT_EQ(map.MaxCovering("a", Lsn(1)), kMinLsn);
}

// Who reads at an LSN that was published sees all up to it, whatever is being added.
TEST(TombstoneMap, ReadersSeeAllThatWasPublished) {
  TombstoneMap map;
  constexpr uint64_t kCount = 20'000;
  constexpr uint64_t kKeys = 997;
  const auto key = [](uint64_t i) { return absl::StrFormat("key/%05d", i); };
  // The tombstone with LSN n covers [n * 31 % kKeys, that + 3): the newest one over a key is found by counting back.
  const auto covers = [](uint64_t lsn, uint64_t k) {
    const uint64_t first = lsn * 31 % kKeys;
    return k >= first && k < first + 3;
  };
  std::atomic<uint64_t> published{0};
  std::vector<std::thread> readers;
  for (uint64_t seed = 1; seed <= 2; ++seed) {
    readers.emplace_back([&, seed] {
      uint64_t n = seed;
      while (published.load(std::memory_order_acquire) < kCount) {
        n = n * 6'364'136'223'846'793'005 + 1'442'695'040'888'963'407;
        const uint64_t k = (n >> 33) % kKeys;
        const uint64_t snapshot = published.load(std::memory_order_acquire);
        uint64_t expected = snapshot;
        while (expected > 0 && !covers(expected, k)) --expected;
        ASSERT_EQ(map.MaxCovering(key(k), Lsn(snapshot)), Lsn(expected)) << k << " at " << snapshot;
      }
    });
  }
  for (uint64_t lsn = 1; lsn <= kCount; ++lsn) {
    Add(map, {key(lsn * 31 % kKeys), key(lsn * 31 % kKeys + 3), Lsn(lsn)});
    published.store(lsn, std::memory_order_release);
  }
  for (std::thread& reader : readers) reader.join();
}

}  // namespace
}  // namespace aeternus
