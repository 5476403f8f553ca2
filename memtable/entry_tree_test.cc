#include "memtable/entry_tree.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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

struct Tree {
  void Put(std::string_view key, Lsn lsn, std::string_view value) {
    entries.Insert({key, lsn, EntryKind::kPut, value});
    model[{std::string(key), lsn}] = value;
  }
  Arena arena;
  EntryTree entries{&arena};
  Model model;
};

// Keys of many kinds: some tie in their words, some share what most do not, some hold zeros and 0xff, some are empty.
std::string MixedKey(Random* random) {
  switch (random->Below(6)) {
    case 0:
      return absl::StrFormat("user%012d", random->Below(50));
    case 1:
      return absl::StrFormat("user%d", random->Below(5'000));
    case 2:
      return std::string(random->Below(20), '\xff');
    case 3:
      return std::string("user") + std::string(random->Below(20), '\0');
    case 4:
      return std::string(1 + random->Below(40), 'a') + absl::StrFormat("%d", random->Below(9));
    default:
      return std::string("uservus").substr(random->Below(7));
  }
}

std::string DecimalKey(Random* random) { return absl::StrFormat("%016d", random->Below(100'000)); }

std::string BinaryKey(Random* random) {
  std::string key(8, '\0');
  for (char& c : key) c = static_cast<char>(random->Below(256));
  return key;
}

// A few keys with very many versions: words tie throughout, and a key does not fit into a leaf.
std::string HotKey(Random* random) { return absl::StrFormat("hot/%d", random->Below(3)); }

void ExpectSame(std::optional<EntryView> actual, const Model& model, Model::const_iterator expected) {
  ASSERT_EQ(actual.has_value(), expected != model.end());
  if (!actual.has_value()) return;
  EXPECT_EQ(actual->key, expected->first.first);
  EXPECT_EQ(actual->lsn, expected->first.second);
  EXPECT_EQ(actual->value, expected->second);
}

std::optional<EntryView> At(const EntryTree::Cursor& cursor) {
  return cursor.valid() ? std::optional(cursor.entry()) : std::nullopt;
}

Model::const_iterator Before(const Model& model, Model::const_iterator it) {
  return it == model.begin() ? model.end() : std::prev(it);
}

void ExpectWholeWalks(const Tree& tree) {
  EntryTree::Cursor cursor(&tree.entries);
  cursor.SeekToFirst();
  for (auto it = tree.model.begin(); it != tree.model.end(); ++it, cursor.Next()) {
    ASSERT_NO_FATAL_FAILURE(ExpectSame(At(cursor), tree.model, it));
  }
  EXPECT_FALSE(cursor.valid());
  cursor.SeekToLast();
  for (auto it = tree.model.rbegin(); it != tree.model.rend(); ++it, cursor.Prev()) {
    ASSERT_NO_FATAL_FAILURE(ExpectSame(At(cursor), tree.model, std::prev(it.base())));
  }
  EXPECT_FALSE(cursor.valid());
}

struct KeyFamily {
  const char* name;
  std::string (*key)(Random*);
};

class EntryTreeTest : public ::testing::TestWithParam<KeyFamily> {};

TEST_P(EntryTreeTest, AnswersAsAMap) {
  Random random = Random::ForTest();
  for (int round = 0; round < 10; ++round) {
    Tree tree;
    const uint64_t count = 1 + random.Below(3'000);
    for (uint64_t lsn = 1; lsn <= count; ++lsn) {
      tree.Put(GetParam().key(&random), Lsn(lsn), std::string(random.Below(20), 'v'));
      const std::string sought = GetParam().key(&random);
      const Lsn snapshot(random.Below(lsn + 2));
      const auto at_or_after = tree.model.lower_bound({sought, snapshot});
      ASSERT_NO_FATAL_FAILURE(ExpectSame(tree.entries.FindAtOrAfter(sought, snapshot), tree.model, at_or_after));
      EntryTree::Cursor cursor(&tree.entries);
      cursor.SeekBefore(sought, snapshot);
      ASSERT_NO_FATAL_FAILURE(ExpectSame(At(cursor), tree.model, Before(tree.model, at_or_after)));
    }
    ASSERT_NO_FATAL_FAILURE(ExpectWholeWalks(tree));
  }
}

TEST_P(EntryTreeTest, ACursorWalksAsAMapIterator) {
  Random random = Random::ForTest();
  Tree tree;
  for (uint64_t lsn = 1; lsn <= 2'000; ++lsn) tree.Put(GetParam().key(&random), Lsn(lsn), "v");
  EntryTree::Cursor cursor(&tree.entries);
  Model::const_iterator expected = tree.model.end();
  for (int step = 0; step < 5'000; ++step) {
    if (expected == tree.model.end() || random.Below(20) == 0) {
      const std::string sought = GetParam().key(&random);
      const Lsn snapshot(random.Below(2'002));
      cursor.Seek(sought, snapshot);
      expected = tree.model.lower_bound({sought, snapshot});
    } else if (random.Below(2) == 0) {
      cursor.Next();
      ++expected;
    } else {
      cursor.Prev();
      expected = Before(tree.model, expected);
    }
    ASSERT_NO_FATAL_FAILURE(ExpectSame(At(cursor), tree.model, expected));
  }
}

// The leaf on which it stands is split, and so are the nodes above.
TEST_P(EntryTreeTest, ACursorMeetsAllThatWasThereAtItsSeekWhileTheTreeGrowsUnderIt) {
  Random random = Random::ForTest();
  for (const bool forward : {true, false}) {
    Tree tree;
    uint64_t lsn = 0;
    while (lsn < 500) tree.Put(GetParam().key(&random), Lsn(++lsn), "v");
    const Model before = tree.model;
    EntryTree::Cursor cursor(&tree.entries);
    forward ? cursor.SeekToFirst() : cursor.SeekToLast();
    Model met;
    std::optional<std::pair<std::string, Lsn>> last;
    while (cursor.valid()) {
      const std::pair<std::string, Lsn> at(cursor.entry().key, cursor.entry().lsn);
      ASSERT_TRUE(!last.has_value() || (forward ? InternalLess()(*last, at) : InternalLess()(at, *last)));
      if (at.second.value <= 500) met[at] = cursor.entry().value;
      last = at;
      for (uint64_t i = random.Below(30); i > 0 && lsn < 10'000; --i)
        tree.Put(GetParam().key(&random), Lsn(++lsn), "w");
      forward ? cursor.Next() : cursor.Prev();
    }
    EXPECT_EQ(met, before);
  }
}

INSTANTIATE_TEST_SUITE_P(Keys, EntryTreeTest,
                         ::testing::Values(KeyFamily{"Mixed", MixedKey}, KeyFamily{"Decimal", DecimalKey},
                                           KeyFamily{"Binary", BinaryKey}, KeyFamily{"Hot", HotKey}),
                         [](const auto& family) { return family.param.name; });

TEST(EntryTree, AnEmptyOneHasNothing) {
  Arena arena;
  EntryTree tree(&arena);
  EXPECT_FALSE(tree.FindAtOrAfter("", kMaxLsn).has_value());
  EntryTree::Cursor cursor(&tree);
  cursor.SeekToFirst();
  EXPECT_FALSE(cursor.valid());
  cursor.SeekToLast();
  EXPECT_FALSE(cursor.valid());
}

// Orders that split nodes at one end only, or at many places in turn.
TEST(EntryTree, KeysInAnyRegularOrderAreFound) {
  constexpr uint64_t kCount = 20'000;
  const std::vector<std::function<uint64_t(uint64_t)>> orders = {
      [](uint64_t i) { return i; },
      [](uint64_t i) { return kCount - 1 - i; },
      [](uint64_t i) { return i % 2 == 0 ? i / 2 : kCount - 1 - i / 2; },   // from both ends
      [](uint64_t i) { return i % 100 * (kCount / 100) + i / 100; },        // a hundred ascending runs
      [](uint64_t i) { return i % 100 * (kCount / 100) + 199 - i / 100; },  // descending ones
  };
  for (const auto& order : orders) {
    Tree tree;
    for (uint64_t i = 0; i < kCount; ++i) tree.Put(absl::StrFormat("%016d", order(i)), Lsn(i + 1), "v");
    ASSERT_EQ(tree.model.size(), kCount);
    ASSERT_NO_FATAL_FAILURE(ExpectWholeWalks(tree));
    for (uint64_t i = 0; i < kCount; i += 7) {
      const std::string key = absl::StrFormat("%016d", i);
      ASSERT_NO_FATAL_FAILURE(
          ExpectSame(tree.entries.FindAtOrAfter(key, kMaxLsn), tree.model, tree.model.lower_bound({key, kMaxLsn})));
    }
  }
}

// What a split leaves behind is bounded: in random order the tree takes less beside the entries than they take.
TEST(EntryTree, NodesTakeABoundedPartOfTheMemory) {
  Random random = Random::ForTest();
  for (const auto key : {DecimalKey, BinaryKey}) {
    Arena arena;
    EntryTree tree(&arena);
    constexpr uint64_t kCount = 200'000;  // so many that the block begun last matters little
    for (uint64_t lsn = 1; lsn <= kCount; ++lsn) tree.Insert({key(&random), Lsn(lsn), EntryKind::kPut, ""});
    EXPECT_LT(arena.memory_bytes() / kCount, 16 + 16 + 80) << "bytes an entry";
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

TEST(Arena, PiecesAreAlignedAsAskedAndDoNotOverlap) {
  Random random = Random::ForTest();
  Arena arena;
  std::map<char*, size_t> pieces;
  for (int i = 0; i < 5'000; ++i) {
    const size_t size = 1 + random.Below(600);
    const size_t alignment = size_t{8} << random.Below(4);
    char* const piece = arena.Allocate(size, alignment);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(piece) % alignment, 0u);
    pieces[piece] = size;
  }
  ASSERT_EQ(pieces.size(), 5'000u);
  for (auto it = pieces.begin(), next = std::next(it); next != pieces.end(); ++it, ++next) {
    ASSERT_LE(it->first + it->second, next->first);
  }
}

}  // namespace
}  // namespace aeternus
