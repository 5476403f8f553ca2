#include "memtable/word_sort.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "gtest/gtest.h"
#include "iterator/testing/random.h"

namespace aeternus {
namespace {

using ::aeternus::testing::Random;

struct Item {
  uint64_t word = 0;
  size_t came = 0;

  bool operator==(const Item&) const = default;
};

// Words that differ in the bits of `mask` alone.
std::vector<Item> RandomItems(Random& random, size_t count, uint64_t mask) {
  std::vector<Item> items;
  for (size_t i = 0; i < count; ++i) items.push_back({(random() & mask) | (~mask & 0x3030303030303030), i});
  return items;
}

TEST(SortByWord, SortsLikeAStableSort) {
  Random random = Random::ForTest();
  for (const uint64_t mask : {~uint64_t{0}, uint64_t{0}, uint64_t{0xff}, uint64_t{0xff00000000000000},
                              uint64_t{0x0f0f0f0f00000000}, uint64_t{1} << 63, uint64_t{0x0000ffff0000}}) {
    for (const size_t count : {0, 1, 2, 100, 256, 257, 5'000}) {
      std::vector<Item> items = RandomItems(random, count, mask);
      std::vector<Item> expected = items;
      std::stable_sort(expected.begin(), expected.end(), [](const Item& a, const Item& b) { return a.word < b.word; });
      SortByWord(&items);
      EXPECT_EQ(items, expected) << count << " items, words that differ in " << mask;
    }
  }
}

TEST(SortByWord, LeavesWhatIsSortedAlone) {
  std::vector<Item> items;
  for (size_t i = 0; i < 1'000; ++i) items.push_back({i / 3, i});
  const std::vector<Item> before = items;
  SortByWord(&items);
  EXPECT_EQ(items, before);
}

}  // namespace
}  // namespace aeternus
