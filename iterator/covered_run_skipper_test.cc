#include "iterator/covered_run_skipper.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/entry.h"
#include "base/types.h"
#include "gtest/gtest.h"
#include "iterator/entry_iterator.h"
#include "iterator/fragmented_tombstones.h"
#include "iterator/testing/entry_moves.h"
#include "iterator/testing/history.h"
#include "iterator/testing/random.h"
#include "iterator/testing/vector_iterator.h"

namespace aeternus {
namespace {

using ::aeternus::testing::EntryMove;
using ::aeternus::testing::ExpectSameEntry;
using ::aeternus::testing::HistoryKey;
using ::aeternus::testing::OwnedEntry;
using ::aeternus::testing::Random;
using ::aeternus::testing::RandomEntryMove;
using ::aeternus::testing::VectorIterator;

using Layers = std::vector<std::shared_ptr<const FragmentedTombstones>>;

Layers OneLayer(std::vector<RangeTombstone> tombstones) {
  return {std::make_shared<const FragmentedTombstones>(FragmentedTombstones::Build(std::move(tombstones)))};
}

// `count` keys, one version each, LSNs from 1.
std::vector<OwnedEntry> Entries(uint64_t count) {
  std::vector<OwnedEntry> entries;
  for (uint64_t i = 0; i < count; ++i) entries.push_back({HistoryKey(i), Lsn(i + 1), EntryKind::kPut, "v"});
  return entries;
}

TEST(CoveredRunSkipper, LeavesOutWhatANewerTombstoneHidesAndNothingElse) {
  Random random = Random::ForTest();
  for (int round = 0; round < 300; ++round) {
    std::vector<OwnedEntry> entries = Entries(40);
    std::vector<RangeTombstone> tombstones;
    for (uint64_t i = random.Below(5); i > 0; --i) {
      tombstones.push_back({HistoryKey(random.Below(40)), HistoryKey(random.Below(50)), Lsn(1 + random.Below(80))});
      if (random.OneIn(10)) tombstones.back().end.reset();
    }
    const Lsn snapshot(random.Below(90));
    auto source = std::make_unique<VectorIterator>(entries);
    source->ShowWindowsOf(1 + random.Below(20));
    auto actual = SkipCoveredRuns(std::move(source), Lsn(40), OneLayer(tombstones), snapshot);
    std::erase_if(entries, [&](const OwnedEntry& entry) {
      return std::any_of(tombstones.begin(), tombstones.end(), [&](const RangeTombstone& tombstone) {
        return tombstone.lsn > Lsn(40) && tombstone.lsn <= snapshot && tombstone.Covers(entry.key);
      });
    });
    VectorIterator expected(entries);
    for (int step = 0; step < 60; ++step) {
      const EntryMove move = RandomEntryMove(&random, HistoryKey(random.Below(42)), /*lsn_bound=*/42);
      move(*actual);
      move(expected);
      ASSERT_NO_FATAL_FAILURE(ExpectSameEntry(*actual, expected)) << "round " << round << " step " << step;
    }
  }
}

TEST(CoveredRunSkipper, ADeletedTableCostsAFewMoves) {
  for (const bool bounded : {true, false}) {
    auto source = std::make_unique<VectorIterator>(Entries(500));
    const VectorIterator* moves = source.get();
    std::vector<RangeTombstone> tombstones{{HistoryKey(1), std::nullopt, Lsn(1'000)}};
    if (bounded) tombstones[0].end = HistoryKey(499);
    const auto it = SkipCoveredRuns(std::move(source), Lsn(500), OneLayer(tombstones), kMaxLsn);
    int shown = 0;
    for (it->SeekToFirst(); it->Valid(); it->Next()) ++shown;
    for (it->SeekToLast(); it->Valid(); it->Prev()) ++shown;
    EXPECT_EQ(shown, bounded ? 4 : 2);
    EXPECT_LT(moves->moves(), 40u);
  }
}

TEST(CoveredRunSkipper, OlderTombstonesChangeNothing) {
  auto source = std::make_unique<VectorIterator>(Entries(5));
  EntryIterator* const address = source.get();
  EXPECT_EQ(SkipCoveredRuns(std::move(source), Lsn(5), OneLayer({{"a", "z", Lsn(5)}}), kMaxLsn).get(), address);
}

TEST(CoveredRunSkipper, DamageIsAnErrorAlsoInsideARun) {
  auto source = std::make_unique<VectorIterator>(Entries(20));
  source->BreakAt(3);
  const auto it = SkipCoveredRuns(std::move(source), Lsn(20), OneLayer({{HistoryKey(2), "z", Lsn(50)}}), kMaxLsn);
  it->SeekToFirst();
  it->Next();
  ASSERT_TRUE(it->Valid());
  it->Next();
  EXPECT_FALSE(it->Valid());
  EXPECT_FALSE(it->status().ok());
  it->SeekToFirst();
  EXPECT_TRUE(it->Valid());
  EXPECT_TRUE(it->status().ok());
}

}  // namespace
}  // namespace aeternus
