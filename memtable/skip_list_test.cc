#include "memtable/skip_list.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/entry.h"
#include "base/key_order.h"
#include "base/types.h"
#include "gtest/gtest.h"
#include "iterator/testing/random.h"
#include "memtable/arena.h"

namespace aeternus {
namespace {

using ::aeternus::testing::Random;

struct InternalLess {
  bool operator()(const std::pair<std::string, Lsn>& a, const std::pair<std::string, Lsn>& b) const {
    return CompareEntries(a.first, a.second, b.first, b.second) < 0;
  }
};
using Model = std::map<std::pair<std::string, Lsn>, std::string, InternalLess>;

// Keys that tie in their words, lie around the expected prefix "user", hold zeros and 0xff, or are empty.
std::string RandomKey(Random* random) {
  switch (random->Below(5)) {
    case 0:
      return absl::StrFormat("user%012d", random->Below(50));
    case 1:
      return absl::StrFormat("user%d", random->Below(50));
    case 2:
      return std::string(random->Below(6), '\xff');
    case 3:
      return std::string("user") + std::string(random->Below(12), '\0');
    default:
      return std::string("uservus").substr(random->Below(7));
  }
}

void ExpectSame(const SkipList::Node* node, const Model& model, Model::const_iterator expected) {
  ASSERT_EQ(node == nullptr, expected == model.end());
  if (node == nullptr) return;
  const EntryView entry = SkipList::Entry(node);
  EXPECT_EQ(entry.key, expected->first.first);
  EXPECT_EQ(entry.lsn, expected->first.second);
  EXPECT_EQ(entry.value, expected->second);
}

Model::const_iterator Before(const Model& model, Model::const_iterator it) {
  return it == model.begin() ? model.end() : std::prev(it);
}

class SkipListTest : public ::testing::TestWithParam<std::string_view> {};

TEST_P(SkipListTest, AnswersAsAMapWhateverPrefixIsExpected) {
  Random random = Random::ForTest();
  for (int round = 0; round < 20; ++round) {
    Arena arena;
    SkipList list(&arena, GetParam());
    Model model;
    for (uint64_t lsn = 1; lsn < 200; ++lsn) {
      const std::string key = RandomKey(&random);
      const std::string value(random.Below(20), 'v');
      list.Insert({key, Lsn(lsn), EntryKind::kPut, value});
      model[{key, Lsn(lsn)}] = value;

      const std::string sought = RandomKey(&random);
      const Lsn snapshot(random.Below(lsn + 2));
      const auto at_or_after = model.lower_bound({sought, snapshot});
      ExpectSame(list.FindAtOrAfter(sought, snapshot), model, at_or_after);
      ExpectSame(list.FindBefore(sought, snapshot), model, Before(model, at_or_after));
    }
    ExpectSame(list.Last(), model, std::prev(model.end()));
    const SkipList::Node* node = list.First();
    for (auto it = model.begin(); it != model.end(); ++it, node = SkipList::Next(node)) ExpectSame(node, model, it);
    EXPECT_EQ(node, nullptr);
  }
}

INSTANTIATE_TEST_SUITE_P(Prefixes, SkipListTest,
                         ::testing::Values("", "user", "user00000000", "uses", "\xff\xff", "a"));

TEST(SkipList, AscendingFillThenGapsAreFound) {
  Arena arena;
  SkipList list(&arena, "");
  for (uint64_t i = 0; i < 5'000; ++i) {
    list.Insert({absl::StrFormat("%016d", 2 * i), Lsn(i + 1), EntryKind::kPut, "v"});
  }
  for (uint64_t i = 0; i < 5'000; ++i) {
    const SkipList::Node* node = list.FindBefore(absl::StrFormat("%016d", 2 * i + 1), kMaxLsn);
    ASSERT_NE(node, nullptr);
    EXPECT_EQ(SkipList::Entry(node).key, absl::StrFormat("%016d", 2 * i));
  }
}

TEST(Arena, ATinyOneTakesLittleAndLargePiecesGetTheirOwnBlock) {
  Arena arena;
  EXPECT_EQ(arena.memory_bytes(), 0u);
  arena.Allocate(100);
  EXPECT_LT(arena.memory_bytes(), 2 * Arena::kFirstBlockBytes);
  char* large = arena.Allocate(3 * Arena::kLargestBlockBytes);
  std::fill_n(large, 3 * Arena::kLargestBlockBytes, 'x');
  EXPECT_LT(arena.memory_bytes(), 3 * Arena::kLargestBlockBytes + 2 * Arena::kFirstBlockBytes);
}

}  // namespace
}  // namespace aeternus
