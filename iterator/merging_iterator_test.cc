#include "iterator/merging_iterator.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/entry.h"
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
};

Layers RandomLayers(Random* random) {
  Layers layers;
  layers.each.resize(random->Below(6));
  if (layers.each.empty()) return layers;
  const uint64_t count = random->Below(40);
  for (uint64_t lsn = 1; lsn <= count; ++lsn) {
    const OwnedEntry entry{RandomKey(random), Lsn(lsn), EntryKind::kPut, absl::StrCat("v", lsn)};
    layers.all.push_back(entry);
    layers.each[random->Below(layers.each.size())].push_back(entry);
  }
  return layers;
}

std::unique_ptr<EntryIterator> Merge(const Layers& layers) {
  std::vector<std::unique_ptr<EntryIterator>> sources;
  for (const auto& layer : layers.each) sources.push_back(std::make_unique<VectorIterator>(layer));
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

std::unique_ptr<EntryIterator> MergeWithDamage(const Layers& layers, size_t layer, size_t at) {
  std::vector<std::unique_ptr<EntryIterator>> sources;
  for (size_t i = 0; i < layers.each.size(); ++i) {
    auto source = std::make_unique<VectorIterator>(layers.each[i]);
    if (i == layer) source->BreakAt(at);
    sources.push_back(std::move(source));
  }
  return NewMergingIterator(std::move(sources));
}

// A walk over damage shows entries only up to it, and ends with its error, whichever way it goes.
TEST(MergingIterator, DamageEndsTheWalkWithAnError) {
  Random random = Random::ForTest();
  for (int round = 0; round < 300; ++round) {
    const Layers layers = RandomLayers(&random);
    if (layers.all.empty()) continue;
    size_t layer = 0;
    while (layers.each[layer].empty()) ++layer;
    const auto it = MergeWithDamage(layers, layer, random.Below(layers.each[layer].size()));
    for (const bool forward : {true, false}) {
      VectorIterator expected(layers.all);
      forward ? expected.SeekToFirst() : expected.SeekToLast();
      for (forward ? it->SeekToFirst() : it->SeekToLast(); it->Valid(); forward ? it->Next() : it->Prev()) {
        ASSERT_NO_FATAL_FAILURE(ExpectSameEntry(*it, expected));
        forward ? expected.Next() : expected.Prev();
      }
      EXPECT_TRUE(absl::IsDataLoss(it->status()));
    }
  }
}

TEST(MergingIterator, RandomMovesOverDamageAnswerRightOrWithTheError) {
  Random random = Random::ForTest();
  for (int round = 0; round < 300; ++round) {
    const Layers layers = RandomLayers(&random);
    if (layers.all.empty()) continue;
    size_t layer = 0;
    while (layers.each[layer].empty()) ++layer;
    const auto actual = MergeWithDamage(layers, layer, random.Below(layers.each[layer].size()));
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

}  // namespace
}  // namespace aeternus
