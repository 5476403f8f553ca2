#include "iterator/fragmented_tombstones.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/entry.h"
#include "base/types.h"
#include "gtest/gtest.h"
#include "iterator/testing/random.h"

namespace aeternus {
namespace {

using ::aeternus::testing::Random;

// "[a,c)@5,3 [c,-)@5": what a reader would draw on paper.
std::string Draw(const FragmentedTombstones& tombstones) {
  std::string drawing;
  for (const FragmentedTombstones::Fragment& fragment : tombstones.fragments()) {
    absl::StrAppend(&drawing, drawing.empty() ? "" : " ", "[", fragment.start, ",", fragment.end.value_or("-"), ")@");
    for (size_t i = 0; i < fragment.lsns.size(); ++i) absl::StrAppend(&drawing, i > 0 ? "," : "", fragment.lsns[i]);
  }
  return drawing;
}

Lsn NaiveMaxCovering(const std::vector<RangeTombstone>& tombstones, std::string_view key, Lsn snapshot) {
  Lsn max = kMinLsn;
  for (const RangeTombstone& tombstone : tombstones) {
    if (tombstone.Covers(key) && tombstone.lsn <= snapshot) max = std::max(max, tombstone.lsn);
  }
  return max;
}

// Fragments are disjoint, ascending, never empty, and cut only where something changes.
void ExpectCanonical(const FragmentedTombstones& tombstones) {
  const FragmentedTombstones::Fragment* last = nullptr;
  for (const FragmentedTombstones::Fragment& fragment : tombstones.fragments()) {
    EXPECT_FALSE(fragment.lsns.empty());
    EXPECT_TRUE(std::is_sorted(fragment.lsns.rbegin(), fragment.lsns.rend()));
    EXPECT_EQ(std::adjacent_find(fragment.lsns.begin(), fragment.lsns.end()), fragment.lsns.end());
    if (fragment.end.has_value()) {
      EXPECT_LT(fragment.start, *fragment.end);
    }
    if (last != nullptr) {
      ASSERT_TRUE(last->end.has_value()) << "only the last fragment may be unbounded";
      EXPECT_LE(*last->end, fragment.start);
      EXPECT_FALSE(*last->end == fragment.start && last->lsns == fragment.lsns) << "cut for nothing";
    }
    last = &fragment;
  }
}

TEST(FragmentedTombstones, AreCutAtEachOthersEnds) {
  EXPECT_EQ(Draw(FragmentedTombstones::Build({{"a", "e", Lsn(3)}, {"c", "g", Lsn(5)}})), "[a,c)@3 [c,e)@5,3 [e,g)@5");
}

TEST(FragmentedTombstones, UnboundedReachesBehindEverything) {
  const auto tombstones = FragmentedTombstones::Build({{"c", std::nullopt, Lsn(4)}, {"a", "d", Lsn(2)}});
  EXPECT_EQ(Draw(tombstones), "[a,c)@2 [c,d)@4,2 [d,-)@4");
  EXPECT_EQ(tombstones.MaxCovering("\xff\xff\xff", kMaxLsn), Lsn(4));
}

TEST(FragmentedTombstones, EmptyRangesAreDropped) {
  EXPECT_TRUE(FragmentedTombstones::Build({{"b", "b", Lsn(1)}, {"c", "a", Lsn(2)}, {"a", "", Lsn(3)}}).empty());
}

TEST(FragmentedTombstones, NeighboursUnderTheSameTombstonesAreOneFragment) {
  EXPECT_EQ(Draw(FragmentedTombstones::Build({{"a", "b", Lsn(1)}, {"b", "c", Lsn(1)}, {"d", "e", Lsn(1)}})),
            "[a,c)@1 [d,e)@1");
}

TEST(FragmentedTombstones, NoneCoverNothing) {
  const FragmentedTombstones none;
  EXPECT_EQ(none.Find("a"), nullptr);
  EXPECT_EQ(none.FindAtOrAfter(""), nullptr);
  EXPECT_EQ(none.MaxCovering("a", kMaxLsn), kMinLsn);
}

std::string Key(uint64_t n) { return absl::StrFormat("%02d", n); }

std::vector<RangeTombstone> RandomTombstones(Random* random, uint64_t count, uint64_t key_count) {
  std::vector<RangeTombstone> tombstones;
  for (uint64_t i = 0; i < count; ++i) {
    std::optional<std::string> end = Key(random->Below(key_count));
    if (random->OneIn(10)) end = std::nullopt;
    tombstones.push_back({Key(random->Below(key_count)), std::move(end), Lsn(1 + random->Below(40))});
  }
  return tombstones;
}

TEST(FragmentedTombstones, AnswerAsAWalkOverAllTombstones) {
  Random random = Random::ForTest();
  for (int round = 0; round < 300; ++round) {
    const auto tombstones = RandomTombstones(&random, random.Below(20), 30);
    const auto fragmented = FragmentedTombstones::Build(tombstones);
    ExpectCanonical(fragmented);
    for (uint64_t n = 0; n < 31; ++n) {
      for (uint64_t snapshot = 0; snapshot < 42; snapshot += 3) {
        ASSERT_EQ(fragmented.MaxCovering(Key(n), Lsn(snapshot)), NaiveMaxCovering(tombstones, Key(n), Lsn(snapshot)));
      }
      const auto* at_or_after = fragmented.FindAtOrAfter(Key(n));
      const auto* containing = fragmented.Find(Key(n));
      if (containing != nullptr) {
        ASSERT_EQ(at_or_after, containing);
      }
      if (at_or_after != nullptr && containing == nullptr) {
        ASSERT_GT(at_or_after->start, Key(n));
      }
    }
  }
}

TEST(FragmentedTombstones, MergeIsTheUnion) {
  Random random = Random::ForTest();
  for (int round = 0; round < 200; ++round) {
    std::vector<RangeTombstone> all;
    std::vector<FragmentedTombstones> parts;
    for (uint64_t part = random.Below(5); part > 0; --part) {
      const auto some = RandomTombstones(&random, random.Below(10), 30);
      all.insert(all.end(), some.begin(), some.end());
      parts.push_back(FragmentedTombstones::Build(some));
    }
    std::vector<const FragmentedTombstones*> pointers;
    for (const auto& part : parts) pointers.push_back(&part);
    const auto merged = FragmentedTombstones::Merge(pointers);
    ExpectCanonical(merged);
    EXPECT_EQ(Draw(merged), Draw(FragmentedTombstones::Build(all)));
  }
}

TEST(FragmentedTombstones, RebuildingFromTheirListChangesNothing) {
  Random random = Random::ForTest();
  for (int round = 0; round < 100; ++round) {
    const auto fragmented = FragmentedTombstones::Build(RandomTombstones(&random, 12, 30));
    EXPECT_EQ(Draw(FragmentedTombstones::Build(fragmented.ToTombstones())), Draw(fragmented));
  }
}

TEST(FragmentedTombstones, ASearchComparesLogarithmicallyMany) {
  constexpr int kCount = 16'000;
  std::vector<RangeTombstone> tombstones;
  for (uint64_t i = 0; i < kCount; ++i) {
    tombstones.push_back({absl::StrFormat("%08d", 10 * i), absl::StrFormat("%08d", 10 * i + 5), Lsn(i + 1)});
  }
  const auto fragmented = FragmentedTombstones::Build(std::move(tombstones));
  const TombstoneSearchCounters before = ReadTombstoneSearchCounters();
  for (uint64_t i = 0; i < kCount; i += 7) {
    EXPECT_EQ(fragmented.MaxCovering(absl::StrFormat("%08d", 10 * i + 4), kMaxLsn), Lsn(i + 1));
    EXPECT_EQ(fragmented.MaxCovering(absl::StrFormat("%08d", 10 * i + 5), kMaxLsn), kMinLsn);
  }
  const TombstoneSearchCounters after = ReadTombstoneSearchCounters();
#ifndef NDEBUG
  EXPECT_GT(after.searches, before.searches);
#endif
  const auto bound = static_cast<uint64_t>(std::log2(kCount)) + 2;
  EXPECT_LE(after.fragments_compared - before.fragments_compared, bound * (after.searches - before.searches));
}

}  // namespace
}  // namespace aeternus
