#include "memtable/entry_tree.h"

#include <algorithm>
#include <array>
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
#include "base/types.h"
#include "gtest/gtest.h"
#include "iterator/testing/random.h"
#include "memtable/arena.h"

namespace aeternus {
namespace {

using ::aeternus::testing::Random;

// Of each key the values of its versions, by LSN.
using Model = std::map<std::string, std::map<Lsn, std::string>>;

struct Tree {
  void Put(std::string_view key, Lsn lsn, std::string_view value) {
    entries.Insert({key, lsn, EntryKind::kPut, value});
    model[std::string(key)][lsn] = value;
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

// A few keys with very many versions.
std::string HotKey(Random* random) { return absl::StrFormat("hot/%d", random->Below(3)); }

void ExpectFound(const Tree& tree, const std::string& key, Lsn snapshot) {
  const std::optional<EntryView> actual = tree.entries.Find(key, snapshot);
  const auto versions = tree.model.find(key);
  if (versions == tree.model.end() || versions->second.begin()->first > snapshot) {
    ASSERT_FALSE(actual.has_value());
    return;
  }
  const auto& [lsn, value] = *std::prev(versions->second.upper_bound(snapshot));
  ASSERT_TRUE(actual.has_value());
  EXPECT_EQ(actual->key, key);
  EXPECT_EQ(actual->lsn, lsn);
  EXPECT_EQ(actual->value, value);
}

// The cursor stands where the model's iterator does, and shows all versions there.
void ExpectSame(const EntryTree::Cursor& cursor, const Model& model, Model::const_iterator expected) {
  ASSERT_EQ(cursor.valid(), expected != model.end());
  if (!cursor.valid()) return;
  EXPECT_EQ(cursor.key(), expected->first);
  std::vector<EntryTree::Version> versions;
  cursor.TakeVersions(&versions);
  ASSERT_EQ(versions.size(), expected->second.size());
  auto version = versions.begin();
  for (auto it = expected->second.rbegin(); it != expected->second.rend(); ++it, ++version) {
    ASSERT_EQ(version->lsn(), it->first);
    ASSERT_EQ(version->view().value, it->second);
  }
}

Model::const_iterator Before(const Model& model, Model::const_iterator it) {
  return it == model.begin() ? model.end() : std::prev(it);
}

void ExpectWholeWalks(const Tree& tree) {
  EntryTree::Cursor cursor(&tree.entries);
  cursor.SeekToFirst();
  for (auto it = tree.model.begin(); it != tree.model.end(); ++it, cursor.Next()) {
    ASSERT_NO_FATAL_FAILURE(ExpectSame(cursor, tree.model, it));
  }
  EXPECT_FALSE(cursor.valid());
  cursor.SeekToLast();
  for (auto it = tree.model.rbegin(); it != tree.model.rend(); ++it, cursor.Prev()) {
    ASSERT_NO_FATAL_FAILURE(ExpectSame(cursor, tree.model, std::prev(it.base())));
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
      const std::string key = GetParam().key(&random);
      if (random.Below(2) == 0) tree.entries.Expect(random.Below(4) == 0 ? GetParam().key(&random) : key);
      tree.Put(key, Lsn(lsn), std::string(random.Below(20), 'v'));
      const std::string sought = GetParam().key(&random);
      ASSERT_NO_FATAL_FAILURE(ExpectFound(tree, sought, Lsn(random.Below(lsn + 2))));
      const auto at_or_after = tree.model.lower_bound(sought);
      EntryTree::Cursor cursor(&tree.entries);
      cursor.SeekBefore(sought);
      ASSERT_EQ(cursor.valid(), Before(tree.model, at_or_after) != tree.model.end());
      if (cursor.valid()) {
        ASSERT_EQ(cursor.key(), std::prev(at_or_after)->first);
      }
    }
    ASSERT_NO_FATAL_FAILURE(ExpectWholeWalks(tree));
  }
}

// The newest version of the last key at or before `key`.
void ExpectUpTo(const std::optional<EntryTree::Version>& actual, const Model& model, const std::string& key) {
  const auto behind = model.upper_bound(key);
  ASSERT_EQ(actual.has_value(), behind != model.begin());
  if (!actual.has_value()) return;
  EXPECT_EQ(actual->view().key, std::prev(behind)->first);
  EXPECT_EQ(actual->lsn(), std::prev(behind)->second.rbegin()->first);
}

// A leaf at an edge of the tree guesses what its keys begin with. When others come there and it is split, a part that
// has bounds on both sides must not take the guess, nor the words behind it, for certain.
TEST(EntryTree, KeysThatDoNotBeginAsAnEdgeGuessedAreFound) {
  Random random = Random::ForTest();
  for (int round = 0; round < 40; ++round) {
    Tree tree;
    uint64_t lsn = 0;
    for (char group = 'a'; group <= 'p'; ++group) {
      const char letter = round % 2 == 0 ? group : static_cast<char>('z' - (group - 'a'));  // each edge in turn
      for (uint64_t n = 1 + random.Below(40); n > 0; --n) {
        tree.Put(std::string(12, letter) + absl::StrFormat("%04d", random.Below(10'000)), Lsn(++lsn), "v");
      }
      ASSERT_NO_FATAL_FAILURE(ExpectWholeWalks(tree));
      for (const auto& [key, versions] : tree.model) ASSERT_NO_FATAL_FAILURE(ExpectFound(tree, key, kMaxLsn));
    }
  }
}

TEST_P(EntryTreeTest, TheLastKeyUpToAnyOtherIsFound) {
  Random random = Random::ForTest();
  Tree tree;
  std::string key;
  for (uint64_t lsn = 1; lsn <= 3'000; ++lsn) {
    key = random.Below(2) == 0 ? key + "+" : GetParam().key(&random);
    if (random.Below(2) == 0) {
      ASSERT_NO_FATAL_FAILURE(ExpectUpTo(tree.entries.ExpectBehind(key), tree.model, key));
    }
    tree.Put(key, Lsn(lsn), "v");
    const std::string sought = GetParam().key(&random);
    ASSERT_NO_FATAL_FAILURE(ExpectUpTo(tree.entries.FindUpTo(sought), tree.model, sought));
  }
  ASSERT_NO_FATAL_FAILURE(ExpectWholeWalks(tree));
}

TEST_P(EntryTreeTest, KeysSharePastAndGetVersionsTogether) {
  Random random = Random::ForTest();
  Tree tree;
  for (uint64_t lsn = 1; lsn <= 600; ++lsn) {
    const std::string key = GetParam().key(&random);
    if (tree.model.contains(key)) {
      const std::string end = GetParam().key(&random);
      const std::optional<std::string_view> bound = lsn % 8 == 0 ? std::nullopt : std::optional<std::string_view>(end);
      tree.entries.InsertIntoEach(key, bound, Lsn(lsn));
      for (auto& [each, versions] : tree.model) {
        if (each >= key && (!bound.has_value() || each < *bound)) versions[Lsn(lsn)] = "";
      }
      continue;
    }
    const std::optional<EntryTree::Version> before = tree.entries.ExpectBehind(key);
    tree.entries.InsertSharing({key, Lsn(lsn), EntryKind::kDelete, ""}, before);
    auto& versions = tree.model[key];
    if (before.has_value()) versions = tree.model[std::string(before->view().key)];
    versions[Lsn(lsn)] = "";
    const Lsn snapshot(random.Below(lsn + 1));
    const auto seen = tree.entries.FindUpTo(key)->NewestUpTo(snapshot);
    const auto expected = versions.upper_bound(snapshot);
    ASSERT_EQ(seen.has_value(), expected != versions.begin());
    if (seen.has_value()) {
      ASSERT_EQ(seen->lsn(), std::prev(expected)->first);
    }
  }
  ASSERT_NO_FATAL_FAILURE(ExpectWholeWalks(tree));
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
      cursor.Seek(sought);
      expected = tree.model.lower_bound(sought);
    } else if (random.Below(2) == 0) {
      cursor.Next();
      ++expected;
    } else {
      cursor.Prev();
      expected = Before(tree.model, expected);
    }
    ASSERT_NO_FATAL_FAILURE(ExpectSame(cursor, tree.model, expected));
  }
}

// Then it grows like any other.
TEST_P(EntryTreeTest, ALoadedTreeAnswersAsOneThatWasFilledByInserts) {
  Random random = Random::ForTest();
  for (int round = 0; round < 20; ++round) {
    Tree tree;
    EntryTree::Loader loader(&tree.entries);
    uint64_t lsn = 0;
    for (uint64_t n = random.Below(round % 2 == 0 ? 40 : 4'000); lsn < n;) {
      const std::string key = GetParam().key(&random);
      const std::string value(random.Below(20), 'v');
      loader.Add({key, Lsn(++lsn), EntryKind::kPut, value});
      tree.model[key][Lsn(lsn)] = value;
    }
    loader.Finish();
    ASSERT_NO_FATAL_FAILURE(ExpectWholeWalks(tree));
    for (int i = 0; i < 100; ++i) {
      ASSERT_NO_FATAL_FAILURE(ExpectFound(tree, GetParam().key(&random), Lsn(random.Below(lsn + 2))));
    }
    for (int i = 0; i < 500; ++i) tree.Put(GetParam().key(&random), Lsn(++lsn), "w");
    ASSERT_NO_FATAL_FAILURE(ExpectWholeWalks(tree));
  }
}

// The leaf on which it stands is split, and so are the nodes above; keys that it has yet to meet get newer versions.
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
    std::optional<std::string> last;
    while (cursor.valid()) {
      const std::string key(cursor.key());
      ASSERT_TRUE(!last.has_value() || (forward ? *last < key : *last > key));
      last = key;
      std::vector<EntryTree::Version> versions;
      cursor.TakeVersions(&versions);
      for (const EntryTree::Version& version : versions) {
        if (version.lsn().value <= 500) met[key][version.lsn()] = version.view().value;
      }
      for (uint64_t i = random.Below(30); i > 0 && lsn < 10'000; --i)
        tree.Put(GetParam().key(&random), Lsn(++lsn), "w");
      forward ? cursor.Next() : cursor.Prev();
    }
    EXPECT_EQ(met, before);
  }
}

// What a snapshot sees is taken in stretches that cover the keys without gap or overlap.
TEST_P(EntryTreeTest, StretchesTakenAtASnapshotHoldTheNewestVersionThatItSees) {
  Random random = Random::ForTest();
  Tree tree;
  for (uint64_t lsn = 1; lsn <= 2'000; ++lsn) tree.Put(GetParam().key(&random), Lsn(lsn), absl::StrFormat("%d", lsn));
  for (int round = 0; round < 20; ++round) {
    const Lsn snapshot(random.Below(2'002));
    std::map<std::string, Lsn> expected;
    for (const auto& [key, versions] : tree.model) {
      const auto behind = versions.upper_bound(snapshot);
      if (behind != versions.begin()) expected[key] = std::prev(behind)->first;
    }
    for (const bool forward : {true, false}) {
      std::map<std::string, Lsn> taken;
      EntryTree::Cursor cursor(&tree.entries);
      forward ? cursor.SeekToFirst() : cursor.SeekToLast();
      while (cursor.valid()) {
        std::array<EntryView, 20> room;
        const size_t max = 1 + random.Below(room.size());
        const auto [keys, entries] = forward ? cursor.TakeAhead(snapshot, room.data(), max)
                                             : cursor.TakeBehind(snapshot, room.data() + room.size(), max);
        ASSERT_GT(keys, 0u);
        const EntryView* const begin = forward ? room.data() : room.data() + room.size() - entries;
        for (const EntryView* entry = begin; entry != begin + entries; ++entry) {
          ASSERT_TRUE(taken.emplace(entry->key, entry->lsn).second);
          ASSERT_EQ(entry->value, absl::StrFormat("%d", entry->lsn.value));
        }
        const auto passed = static_cast<ptrdiff_t>(keys) - 1;
        cursor.MoveInLeaf(forward ? passed : -passed);
        forward ? cursor.Next() : cursor.Prev();
      }
      EXPECT_EQ(taken, expected);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Keys, EntryTreeTest,
                         ::testing::Values(KeyFamily{"Mixed", MixedKey}, KeyFamily{"Decimal", DecimalKey},
                                           KeyFamily{"Binary", BinaryKey}, KeyFamily{"Hot", HotKey}),
                         [](const auto& family) { return family.param.name; });

TEST(EntryTree, AnEmptyOneHasNothing) {
  Arena arena;
  EntryTree tree(&arena);
  EXPECT_FALSE(tree.Find("", kMaxLsn).has_value());
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
    for (uint64_t i = 0; i < kCount; ++i) {
      const std::string key = absl::StrFormat("%016d", order(i));
      if (i % 3 != 0) tree.entries.Expect(key);
      tree.Put(key, Lsn(i + 1), "v");
    }
    ASSERT_EQ(tree.model.size(), kCount);
    ASSERT_NO_FATAL_FAILURE(ExpectWholeWalks(tree));
    for (uint64_t i = 0; i < kCount; i += 7) {
      const std::string key = absl::StrFormat("%016d", i);
      ASSERT_NO_FATAL_FAILURE(ExpectFound(tree, key, kMaxLsn));
    }
  }
}

// Every version of a key that has very many, and the moments between them.
TEST(EntryTree, AnyVersionOfAHotKeyIsFound) {
  Tree tree;
  constexpr uint64_t kVersions = 3'000;
  for (uint64_t i = 1; i <= kVersions; ++i) {
    tree.Put("cold", Lsn(4 * i - 1), "c");
    tree.Put("hot", Lsn(4 * i), absl::StrFormat("%d", i));
    for (uint64_t version = i; version > 0; version /= 2) {
      ASSERT_EQ(tree.entries.Find("hot", Lsn(4 * version))->value, absl::StrFormat("%d", version));
      ASSERT_EQ(tree.entries.Find("hot", Lsn(4 * version + 3))->value, absl::StrFormat("%d", version));
    }
  }
  for (uint64_t i = 1; i <= kVersions; ++i) ASSERT_EQ(tree.entries.Find("hot", Lsn(4 * i))->lsn, Lsn(4 * i));
  EXPECT_FALSE(tree.entries.Find("hot", Lsn(3)).has_value());
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

}  // namespace
}  // namespace aeternus
