#include "iterator/merging_iterator.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/types/span.h"
#include "base/entry.h"
#include "base/key_order.h"
#include "base/types.h"
#include "gtest/gtest.h"
#include "iterator/entry_iterator.h"
#include "iterator/testing/entry_moves.h"
#include "iterator/testing/random.h"
#include "iterator/testing/vector_iterator.h"

namespace aeternus {
namespace {

using ::aeternus::testing::EntryMove;
using ::aeternus::testing::ExpectSameEntry;
using ::aeternus::testing::OwnedEntry;
using ::aeternus::testing::Random;
using ::aeternus::testing::RandomEntryMove;
using ::aeternus::testing::VectorIterator;

// Keys that share prefixes of several lengths, so that the words of the heap tie, differ and have to be taken anew.
std::string RandomKey(Random* random) {
  static constexpr const char* kStems[] = {"", "a", "commonprefix", "commonprefixandmore", "commonq"};
  return absl::StrCat(kStems[random->Below(5)], random->Below(8));
}

struct Layers {
  std::vector<OwnedEntry> all;
  std::vector<std::vector<OwnedEntry>> each;
  std::vector<size_t> window_sizes;  // of each
};

Layers RandomLayers(Random* random) {
  Layers layers;
  layers.each.resize(random->Below(6));
  if (layers.each.empty()) return layers;
  // Neighbours often are of one layer, so that some windows are lent out and others merged.
  const uint64_t count = random->Below(80);
  const uint64_t stretch = random->OneIn(2) ? 1 : 30;
  for (uint64_t lsn = 1; lsn <= count; ++lsn) {
    const OwnedEntry entry{RandomKey(random), Lsn(lsn), EntryKind::kPut, absl::StrCat("v", lsn)};
    layers.all.push_back(entry);
  }
  std::sort(layers.all.begin(), layers.all.end(), testing::InternalOrder);
  size_t layer = 0;
  for (const OwnedEntry& entry : layers.all) {
    if (random->OneIn(stretch)) layer = random->Below(layers.each.size());
    layers.each[layer].push_back(entry);
  }
  for (size_t i = 0; i < layers.each.size(); ++i) layers.window_sizes.push_back(1 + random->Below(20));
  return layers;
}

// Damage at one entry of one layer.
struct Damage {
  size_t layer;
  size_t at;
};

std::unique_ptr<EntryIterator> Merge(const Layers& layers, std::optional<Damage> damage = std::nullopt) {
  std::vector<std::unique_ptr<EntryIterator>> sources;
  for (size_t i = 0; i < layers.each.size(); ++i) {
    auto source = std::make_unique<VectorIterator>(layers.each[i]);
    source->ShowWindowsOf(layers.window_sizes[i]);
    if (damage.has_value() && damage->layer == i) source->BreakAt(damage->at);
    sources.push_back(std::move(source));
  }
  return NewMergingIterator(std::move(sources));
}

EntryMove RandomMove(Random* random) { return RandomEntryMove(random, RandomKey(random), /*lsn_bound=*/42); }

TEST(MergingIterator, WalksAsOneSortedVector) {
  Random random = Random::ForTest();
  for (int round = 0; round < 500; ++round) {
    const Layers layers = RandomLayers(&random);
    VectorIterator expected(layers.all);
    const std::unique_ptr<EntryIterator> actual = Merge(layers);
    ASSERT_FALSE(actual->Valid());
    for (int step = 0; step < 100; ++step) {
      const EntryMove move = RandomMove(&random);
      move(expected);
      move(*actual);
      ASSERT_NO_FATAL_FAILURE(ExpectSameEntry(*actual, expected)) << "round " << round << " step " << step;
    }
  }
}

TEST(MergingIterator, WithoutSourcesIsAtTheEnd) {
  const auto it = NewMergingIterator({});
  it->SeekToFirst();
  EXPECT_FALSE(it->Valid());
  it->Seek("a", kMaxLsn);
  EXPECT_FALSE(it->Valid());
  EXPECT_TRUE(it->status().ok());
}

TEST(MergingIterator, OneSourceIsPassedOn) {
  auto source = std::make_unique<VectorIterator>(std::vector<OwnedEntry>{});
  EntryIterator* const address = source.get();
  std::vector<std::unique_ptr<EntryIterator>> sources;
  sources.push_back(std::move(source));
  EXPECT_EQ(NewMergingIterator(std::move(sources)).get(), address);
}

Damage RandomDamage(const Layers& layers, Random* random) {
  size_t layer = random->Below(layers.each.size());
  while (layers.each[layer].empty()) layer = (layer + 1) % layers.each.size();
  return {layer, random->Below(layers.each[layer].size())};
}

// A walk over damage shows all entries up to it, and ends with its error, whichever way it goes.
TEST(MergingIterator, DamageEndsTheWalkWithAnError) {
  Random random = Random::ForTest();
  for (int round = 0; round < 300; ++round) {
    const Layers layers = RandomLayers(&random);
    if (layers.all.empty()) continue;
    const Damage damage = RandomDamage(layers, &random);
    const auto it = Merge(layers, damage);
    for (const bool forward : {true, false}) {
      VectorIterator expected(layers.all);
      forward ? expected.SeekToFirst() : expected.SeekToLast();
      for (forward ? it->SeekToFirst() : it->SeekToLast(); it->Valid(); forward ? it->Next() : it->Prev()) {
        ASSERT_NO_FATAL_FAILURE(ExpectSameEntry(*it, expected));
        forward ? expected.Next() : expected.Prev();
      }
      EXPECT_TRUE(absl::IsDataLoss(it->status()));
      // What is missing begins no earlier than behind the layer's last entry before the damage: a merge knows no more.
      const std::vector<OwnedEntry>& broken = layers.each[damage.layer];
      const size_t last = forward ? damage.at - 1 : damage.at + 1;
      if (last >= broken.size()) continue;
      ASSERT_TRUE(expected.Valid());
      const int order = CompareEntries(expected.entry().key, expected.entry().lsn, broken[last].key, broken[last].lsn);
      EXPECT_TRUE(forward ? order > 0 : order < 0);
    }
  }
}

TEST(MergingIterator, RandomMovesOverDamageAnswerRightOrWithTheError) {
  Random random = Random::ForTest();
  for (int round = 0; round < 300; ++round) {
    const Layers layers = RandomLayers(&random);
    if (layers.all.empty()) continue;
    const auto actual = Merge(layers, RandomDamage(layers, &random));
    VectorIterator expected(layers.all);
    for (int step = 0; step < 60; ++step) {
      const EntryMove move = RandomMove(&random);
      if (!actual->status().ok() && move.is_step()) continue;  // an error is sticky until the next seek
      move(*actual);
      move(expected);
      if (actual->status().ok()) {
        ASSERT_NO_FATAL_FAILURE(ExpectSameEntry(*actual, expected));
      } else {
        ASSERT_FALSE(actual->Valid());
      }
    }
  }
}

std::vector<OwnedEntry> Numbered(uint64_t begin, uint64_t end, uint64_t step) {
  std::vector<OwnedEntry> entries;
  for (uint64_t i = begin; i < end; i += step) {
    entries.push_back({absl::StrFormat("key%05d", i), Lsn(i + 1), EntryKind::kPut, absl::StrCat("v", i)});
  }
  return entries;
}

std::unique_ptr<EntryIterator> MergeOf(std::vector<std::vector<OwnedEntry>> layers, size_t window_size) {
  return Merge({.all = {}, .each = layers, .window_sizes = std::vector<size_t>(layers.size(), window_size)});
}

// What is ahead of the current entry, and behind it.
std::string Rendered(absl::Span<const EntryView> window) {
  return absl::StrJoin(window, " ", [](std::string* out, const EntryView& entry) { out->append(entry.value); });
}

// As of a disk that fails now and did not before.
TEST(MergingIterator, AnErrorThatComesWithATurnEndsTheWalk) {
  std::vector<OwnedEntry> even, odd;
  for (int i = 10; i < 30; ++i) (i % 2 == 0 ? even : odd).push_back({std::to_string(i), Lsn(1)});
  std::vector<std::unique_ptr<EntryIterator>> sources;
  sources.push_back(std::make_unique<VectorIterator>(even));
  sources.push_back(std::make_unique<VectorIterator>(odd));
  auto* const breaking = static_cast<VectorIterator*>(sources[1].get());
  const auto it = NewMergingIterator(std::move(sources));
  it->Seek("20", kMaxLsn);
  ASSERT_TRUE(it->Valid());
  breaking->BreakAt(5);  // "21", which the seek of the turn meets
  it->Prev();
  EXPECT_FALSE(it->Valid());
  EXPECT_TRUE(absl::IsDataLoss(it->status()));
}

TEST(MergingIterator, AWindowEndsWhereASourceNeedsAnother) {
  // 0 2 4 | 6 8 10 ... and 1 3 5 | 7 9 11 ...: each window ends when either source has shown three.
  const auto it = MergeOf({Numbered(0, 12, 2), Numbered(1, 12, 2)}, 3);
  it->SeekToFirst();
  EXPECT_EQ(Rendered(it->ahead()), "v0 v1 v2 v3 v4");
  it->NextWindow();
  EXPECT_EQ(Rendered(it->ahead()), "v5");
  it->NextWindow();
  EXPECT_EQ(Rendered(it->ahead()), "v6 v7 v8 v9 v10");
  it->PrevWindow();
  EXPECT_EQ(Rendered(it->behind()), "v1 v2 v3 v4 v5");
}

TEST(MergingIterator, AWindowIsLentUpToTheRunnerUpsKey) {
  // The second layer has one key in the middle of the first one's window.
  const auto it = MergeOf({Numbered(0, 40, 2), Numbered(21, 22, 2)}, 16);
  it->SeekToFirst();
  EXPECT_EQ(Rendered(it->ahead()), "v0 v2 v4 v6 v8 v10 v12 v14 v16 v18 v20");
  it->NextWindow();
  EXPECT_EQ(Rendered(it->ahead().first(1)), "v21");
  it->NextWindow();
  EXPECT_EQ(it->entry().value, "v22");
  it->SeekToLast();
  EXPECT_EQ(Rendered(it->behind()), "v22 v24 v26 v28 v30 v32 v34 v36 v38");
}

// Of two sources, whose merge keeps no tree: behind a window that ended with a source, and behind one that was full.
TEST(MergingIterator, AWindowIsLentBehindKeysThatCameInTurn) {
  const auto both = [](std::vector<OwnedEntry> first, const std::vector<OwnedEntry>& second) {
    first.insert(first.end(), second.begin(), second.end());
    return first;
  };
  const auto used_up =
      MergeOf({both(Numbered(0, 32, 2), Numbered(32, 64, 2)), both(Numbered(1, 33, 2), Numbered(51, 83, 2))}, 16);
  used_up->SeekToFirst();
  EXPECT_EQ(used_up->ahead().size(), 31u) << "until the first source is used up";
  used_up->NextWindow();
  EXPECT_EQ(Rendered(used_up->ahead()), "v31");
  used_up->NextWindow();
  EXPECT_EQ(Rendered(used_up->ahead()), "v32 v34 v36 v38 v40 v42 v44 v46 v48 v50");

  const auto full =
      MergeOf({both(Numbered(0, 64, 2), Numbered(100, 164, 2)), both(Numbered(1, 65, 2), Numbered(117, 181, 2))}, 64);
  full->SeekToFirst();
  EXPECT_EQ(full->ahead().size(), EntryIterator::kWindowMax);
  full->NextWindow();
  EXPECT_EQ(Rendered(full->ahead()), "v100 v102 v104 v106 v108 v110 v112 v114 v116");
}

TEST(MergingIterator, DirectionMayChangeAnywhereInAWindow) {
  const std::vector<OwnedEntry> all = Numbered(0, 60, 1);
  for (size_t turn = 0; turn < 40; ++turn) {
    const auto it = MergeOf({Numbered(0, 60, 3), Numbered(1, 60, 3), Numbered(2, 60, 3)}, 5);
    it->SeekToFirst();
    for (size_t i = 0; i < turn; ++i) it->Next();
    for (size_t i = turn + 1; i-- > 0; it->Prev()) ASSERT_EQ(it->entry().value, all[i].value) << turn;
    ASSERT_FALSE(it->Valid());
    it->SeekToLast();
    for (size_t i = 0; i < turn; ++i) it->Prev();
    for (size_t i = 59 - turn; i < 60; ++i, it->Next()) ASSERT_EQ(it->entry().value, all[i].value) << turn;
    ASSERT_FALSE(it->Valid());
  }
}

// Keys of several stems in turn: what all share is short at the border between two, and long between borders.
TEST(MergingIterator, WordsTellKeysApartAgainBehindABorderBetweenStems) {
  std::vector<std::vector<OwnedEntry>> layers(3);
  std::vector<OwnedEntry> all;
  for (const char* stem : {"a long stem that all keys begin with/", "another such stem that all keys begin with/"}) {
    for (uint64_t i = 0; i < 300; ++i) {
      all.push_back({absl::StrFormat("%s%08d", stem, i), Lsn(i + 1), EntryKind::kPut, absl::StrCat("v", i)});
      layers[i % 3].push_back(all.back());
    }
  }
  const auto it = MergeOf(layers, 16);
  it->SeekToFirst();
  for (const OwnedEntry& entry : all) {
    ASSERT_TRUE(it->Valid());
    ASSERT_EQ(it->entry().key, entry.key);
    it->Next();
  }
  EXPECT_FALSE(it->Valid());
}

// A window is lent up to where words tie, not beyond: there the whole keys decide.
TEST(MergingIterator, AWindowIsLentOutOnlyUpToATie) {
  for (const bool forward : {true, false}) {
    std::vector<OwnedEntry> many, few;
    // The first eight bytes of the last two keys are the same. In either direction the one of `few` comes first.
    const std::string tie = "middle__";
    for (int i = 0; i < 20; ++i)
      many.push_back({(forward ? "a" : "z") + std::string(1, static_cast<char>('a' + i)), Lsn(1)});
    many.push_back({tie + (forward ? "2" : "1"), Lsn(1)});
    few.push_back({tie + (forward ? "1" : "2"), Lsn(2)});
    std::vector<OwnedEntry> all = many;
    all.insert(all.end(), few.begin(), few.end());
    VectorIterator expected(all);
    std::vector<std::unique_ptr<EntryIterator>> sources;
    for (auto* entries : {&many, &few}) {
      auto source = std::make_unique<VectorIterator>(std::move(*entries));
      source->ShowWindowsOf(EntryIterator::kWindowMax);
      sources.push_back(std::move(source));
    }
    const std::unique_ptr<EntryIterator> merged = NewMergingIterator(std::move(sources));
    forward ? merged->SeekToFirst() : merged->SeekToLast();
    forward ? expected.SeekToFirst() : expected.SeekToLast();
    while (expected.Valid()) {
      ASSERT_NO_FATAL_FAILURE(ExpectSameEntry(*merged, expected));
      forward ? merged->Next() : merged->Prev();
      forward ? expected.Next() : expected.Prev();
    }
    EXPECT_FALSE(merged->Valid());
  }
}

}  // namespace
}  // namespace aeternus
