#include "iterator/visible_iterator.h"

#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/entry.h"
#include "base/types.h"
#include "gtest/gtest.h"
#include "iterator/entry_iterator.h"
#include "iterator/fragmented_tombstones.h"
#include "iterator/merging_iterator.h"
#include "iterator/testing/history.h"
#include "iterator/testing/random.h"
#include "iterator/testing/vector_iterator.h"

namespace aeternus {
namespace {

using ::aeternus::testing::History;
using ::aeternus::testing::HistoryKey;
using ::aeternus::testing::OwnedEntry;
using ::aeternus::testing::Random;
using ::aeternus::testing::RandomHistory;
using ::aeternus::testing::VectorIterator;

using Visible = std::map<std::string, std::string>;

constexpr uint64_t kKeys = 12;

// A history torn into layers at random: size-tiered merges leave layers that overlap in age.
struct Layers {
  std::vector<std::vector<OwnedEntry>> points;
  std::vector<std::shared_ptr<const FragmentedTombstones>> tombstones;
  size_t window_size = 1;
};

Layers Tear(const History& history, uint64_t layer_count, Random* random) {
  Layers layers;
  layers.points.resize(layer_count);
  layers.window_size = random->OneIn(3) ? 1 : 1 + random->Below(EntryIterator::kWindowMax);
  for (const OwnedEntry& point : history.Points()) layers.points[random->Below(layer_count)].push_back(point);
  std::vector<std::vector<RangeTombstone>> tombstones(layer_count);
  for (const RangeTombstone& t : history.RangeTombstones()) tombstones[random->Below(layer_count)].push_back(t);
  for (auto& layer : tombstones) {
    layers.tombstones.push_back(
        std::make_shared<const FragmentedTombstones>(FragmentedTombstones::Build(std::move(layer))));
  }
  return layers;
}

// Damage at one entry of one layer.
struct Damage {
  size_t layer;
  size_t at;
};

VisibleIterator Open(const Layers& layers, VisibleIterator::Options options, std::optional<Damage> damage = {}) {
  std::vector<std::unique_ptr<EntryIterator>> sources;
  for (size_t i = 0; i < layers.points.size(); ++i) {
    auto source = std::make_unique<VectorIterator>(layers.points[i]);
    source->ShowWindowsOf(layers.window_size);
    if (damage.has_value() && damage->layer == i) source->BreakAt(damage->at);
    sources.push_back(std::move(source));
  }
  return VisibleIterator(NewMergingIterator(std::move(sources)), layers.tombstones, std::move(options));
}

// The model restricted to the bounds.
Visible Within(Visible visible, const VisibleIterator::Options& options) {
  std::erase_if(visible, [&](const auto& entry) {
    return (options.lower.has_value() && entry.first < *options.lower) ||
           (options.upper.has_value() && entry.first >= *options.upper);
  });
  return visible;
}

VisibleIterator::Options RandomOptions(const History& history, Random* random) {
  VisibleIterator::Options options;
  options.snapshot = random->OneIn(4) ? kMaxLsn : Lsn(random->Below(history.last_lsn().value + 2));
  if (random->OneIn(2)) options.lower = HistoryKey(random->Below(kKeys));
  if (random->OneIn(2)) options.upper = HistoryKey(random->Below(kKeys));
  return options;
}

void ExpectAt(const VisibleIterator& it, const Visible& visible, Visible::const_iterator expected) {
  ASSERT_TRUE(it.status().ok()) << it.status();
  ASSERT_EQ(it.Valid(), expected != visible.end());
  if (!it.Valid()) return;
  ASSERT_EQ(it.key(), expected->first);
  ASSERT_EQ(it.value(), expected->second);
}

// The iterator and the model, moved alike. Moves over damage may end in the error, and in nothing else wrong.
class Walk {
 public:
  Walk(VisibleIterator it, const Visible& visible) : it_(std::move(it)), visible_(visible), at_(visible_.end()) {}

  void RandomMove(Random* random) {
    const std::string key = random->OneIn(4) ? absl::StrCat("k0", random->Below(3)) : HistoryKey(random->Below(kKeys));
    const uint64_t choice = random->Below(14);
    if (choice == 0) {
      it_.SeekToFirst();
      at_ = visible_.begin();
    } else if (choice == 1) {
      it_.SeekToLast();
      at_ = Before(visible_.end());
    } else if (choice == 2 || (!it_.Valid() && choice % 2 == 0)) {
      it_.Seek(key);
      at_ = visible_.lower_bound(key);
    } else if (choice == 3 || !it_.Valid()) {
      it_.SeekForPrev(key);
      at_ = Before(visible_.upper_bound(key));
    } else if (choice < 9) {
      it_.Next();
      ++at_;
    } else {
      it_.Prev();
      at_ = Before(at_);
    }
  }
  void ExpectSame() const { ExpectAt(it_, visible_, at_); }
  const VisibleIterator& it() const { return it_; }

 private:
  Visible::const_iterator Before(Visible::const_iterator at) const {
    return at == visible_.begin() ? visible_.end() : std::prev(at);
  }

  VisibleIterator it_;
  const Visible visible_;
  Visible::const_iterator at_;
};

TEST(VisibleIterator, ScansSeeTheModelAtEverySnapshot) {
  Random random = Random::ForTest();
  for (int round = 0; round < 60; ++round) {
    const History history = RandomHistory(&random, 60, kKeys);
    const Layers layers = Tear(history, 1 + random.Below(5), &random);
    for (uint64_t snapshot = 0; snapshot <= 61; ++snapshot) {
      const Visible visible = history.VisibleAt(Lsn(snapshot));
      VisibleIterator it = Open(layers, {.snapshot = Lsn(snapshot)});
      auto expected = visible.begin();
      for (it.SeekToFirst(); it.Valid(); it.Next(), ++expected) {
        ASSERT_NO_FATAL_FAILURE(ExpectAt(it, visible, expected));
      }
      ASSERT_NO_FATAL_FAILURE(ExpectAt(it, visible, expected));
      auto backward = visible.rbegin();
      for (it.SeekToLast(); it.Valid(); it.Prev(), ++backward) {
        ASSERT_NO_FATAL_FAILURE(ExpectAt(it, visible, std::prev(backward.base())));
      }
      ASSERT_TRUE(it.status().ok());
      ASSERT_EQ(backward, visible.rend());
    }
  }
}

TEST(VisibleIterator, RandomWalksWithinBoundsFollowTheModel) {
  Random random = Random::ForTest();
  for (int round = 0; round < 600; ++round) {
    // Few keys and many operations make keys of many versions, which are passed by seeks.
    const History history = RandomHistory(&random, 20 + random.Below(200), kKeys);
    const Layers layers = Tear(history, 1 + random.Below(5), &random);
    const VisibleIterator::Options options = RandomOptions(history, &random);
    Walk walk(Open(layers, options), Within(history.VisibleAt(options.snapshot), options));
    for (int step = 0; step < 60; ++step) {
      walk.RandomMove(&random);
      ASSERT_NO_FATAL_FAILURE(walk.ExpectSame()) << "round " << round << " step " << step;
    }
  }
}

std::optional<Damage> RandomDamage(const Layers& layers, Random* random) {
  const size_t layer = random->Below(layers.points.size());
  if (layers.points[layer].empty()) return std::nullopt;
  return Damage{layer, random->Below(layers.points[layer].size())};
}

// The scan that once ended early without a word (and let a major compaction make the loss permanent).
TEST(VisibleIterator, AScanOverDamageEndsWithTheErrorAndNeverEarly) {
  Random random = Random::ForTest();
  for (int round = 0; round < 400; ++round) {
    const History history = RandomHistory(&random, 20 + random.Below(60), kKeys);
    const Layers layers = Tear(history, 1 + random.Below(4), &random);
    const std::optional<Damage> damage = RandomDamage(layers, &random);
    if (!damage.has_value()) continue;
    const Visible visible = history.VisibleAt(kMaxLsn);
    VisibleIterator it = Open(layers, {}, damage);
    auto forward = visible.begin();
    for (it.SeekToFirst(); it.Valid(); it.Next(), ++forward) ASSERT_NO_FATAL_FAILURE(ExpectAt(it, visible, forward));
    EXPECT_TRUE(absl::IsDataLoss(it.status()) || forward == visible.end());
    auto backward = visible.rbegin();
    for (it.SeekToLast(); it.Valid(); it.Prev(), ++backward) {
      ASSERT_NO_FATAL_FAILURE(ExpectAt(it, visible, std::prev(backward.base())));
    }
    EXPECT_TRUE(absl::IsDataLoss(it.status()) || backward == visible.rend());
  }
}

TEST(VisibleIterator, RandomWalksOverDamageAnswerRightOrWithTheError) {
  Random random = Random::ForTest();
  int errors = 0;
  for (int round = 0; round < 400; ++round) {
    const History history = RandomHistory(&random, 20 + random.Below(100), kKeys);
    const Layers layers = Tear(history, 1 + random.Below(4), &random);
    const std::optional<Damage> damage = RandomDamage(layers, &random);
    if (!damage.has_value()) continue;
    const VisibleIterator::Options options = RandomOptions(history, &random);
    Walk walk(Open(layers, options, damage), Within(history.VisibleAt(options.snapshot), options));
    for (int step = 0; step < 40; ++step) {
      walk.RandomMove(&random);
      if (walk.it().status().ok()) {
        ASSERT_NO_FATAL_FAILURE(walk.ExpectSame());
      } else {
        ASSERT_FALSE(walk.it().Valid());
        ++errors;
      }
    }
  }
  EXPECT_GT(errors, 100);
}

// One key with a hundred thousand versions between two others.
class HotKey : public ::testing::Test {
 protected:
  static constexpr uint64_t kVersions = 100'000;

  VisibleIterator OpenAt(Lsn snapshot, size_t window_size) {
    std::vector<OwnedEntry> entries{{"a", Lsn(1), EntryKind::kPut, "first"}, {"c", Lsn(2), EntryKind::kPut, "last"}};
    for (uint64_t lsn = 3; lsn < 3 + kVersions; ++lsn) {
      entries.push_back({"b", Lsn(lsn), EntryKind::kPut, absl::StrCat(lsn)});
    }
    auto source = std::make_unique<VectorIterator>(std::move(entries));
    source->ShowWindowsOf(window_size);
    source_ = source.get();
    return VisibleIterator(std::move(source), {}, {.snapshot = snapshot});
  }
  VectorIterator* source_ = nullptr;
};

TEST_F(HotKey, IsPassedBySeeksInBothDirections) {
  for (const size_t window_size : {1, 5, 64}) {
    for (const uint64_t snapshot : {uint64_t{2}, uint64_t{3}, kVersions / 2, kVersions + 2}) {
      VisibleIterator it = OpenAt(Lsn(snapshot), window_size);
      std::string keys;
      for (it.SeekToFirst(); it.Valid(); it.Next()) keys += it.key();
      for (it.SeekToLast(); it.Valid(); it.Prev()) keys += it.key();
      EXPECT_EQ(keys, snapshot == 2 ? "acca" : "abccba");
      EXPECT_LT(source_->moves(), 100u) << "at " << snapshot << ", windows of " << window_size;
    }
  }
}

TEST(VisibleIterator, DamageAtTheNewestOfManyVersionsHidesNoKeyWithoutAWord) {
  std::vector<OwnedEntry> entries{{"a", Lsn(1), EntryKind::kPut, "first"}, {"c", Lsn(2), EntryKind::kPut, "last"}};
  for (uint64_t lsn = 3; lsn < 30; ++lsn) entries.push_back({"b", Lsn(lsn), EntryKind::kPut, "v"});
  auto source = std::make_unique<VectorIterator>(std::move(entries));
  source->BreakAt(1);
  VisibleIterator it(std::move(source), {}, {});
  it.SeekToLast();
  ASSERT_TRUE(it.Valid());
  EXPECT_EQ(it.key(), "c");
  it.Prev();
  EXPECT_FALSE(it.Valid());
  EXPECT_TRUE(absl::IsDataLoss(it.status()));
}

TEST(VisibleIterator, AKeyInsideARangeTombstoneMayBeNewerThanIt) {
  Layers layers;
  layers.points = {{{"a", Lsn(1)}, {"b", Lsn(9)}, {"c", Lsn(2)}}};
  layers.tombstones = {std::make_shared<const FragmentedTombstones>(FragmentedTombstones::Build({{"a", "z", Lsn(5)}}))};
  VisibleIterator it = Open(layers, {});
  it.SeekToFirst();
  ASSERT_TRUE(it.Valid());
  EXPECT_EQ(it.key(), "b");
  it.Next();
  EXPECT_FALSE(it.Valid());
}

// One version each of `count` keys, in windows of ten: k000 ... k009 | k010 ...
Layers TenByTen(uint64_t count) {
  Layers layers;
  layers.window_size = 10;
  layers.points.resize(1);
  for (uint64_t i = 0; i < count; ++i) {
    layers.points[0].push_back({HistoryKey(i), Lsn(i + 1), EntryKind::kPut, absl::StrCat("v", i)});
  }
  return layers;
}

TEST(VisibleIterator, DirectionMayChangeAnywhereInAWindowAndAtItsBorders) {
  const Layers layers = TenByTen(40);
  for (uint64_t turn = 0; turn < 40; ++turn) {
    VisibleIterator it = Open(layers, {});
    it.Seek(HistoryKey(0));
    for (uint64_t i = 0; i < turn; ++i) it.Next();
    for (uint64_t i = turn + 1; i-- > 0; it.Prev()) ASSERT_EQ(it.key(), HistoryKey(i));
    ASSERT_FALSE(it.Valid());
    it.SeekToLast();
    for (uint64_t i = 0; i < turn; ++i) it.Prev();
    for (uint64_t i = 39 - turn; i < 40; ++i, it.Next()) ASSERT_EQ(it.key(), HistoryKey(i));
    ASSERT_FALSE(it.Valid());
  }
}

TEST(VisibleIterator, ASnapshotMayEndWithinAWindow) {
  VisibleIterator it = Open(TenByTen(40), {.snapshot = Lsn(15)});
  std::string last;
  for (it.SeekToFirst(); it.Valid(); it.Next()) last = it.key();
  EXPECT_EQ(last, HistoryKey(14));
  it.SeekToLast();
  ASSERT_TRUE(it.Valid());
  EXPECT_EQ(it.key(), HistoryKey(14));
}

TEST(VisibleIterator, BoundsMayLieWithinAWindowAndEndTheScanWithoutAnotherOne) {
  Layers layers = TenByTen(40);
  auto source = std::make_unique<VectorIterator>(layers.points[0]);
  source->ShowWindowsOf(10);
  source->BreakAt(20);
  VisibleIterator it(std::move(source), {}, {.lower = HistoryKey(3), .upper = HistoryKey(17)});
  std::string keys;
  for (it.SeekToFirst(); it.Valid(); it.Next()) keys += it.key().substr(2);
  EXPECT_EQ(keys, "0304050607080910111213141516");
  EXPECT_TRUE(it.status().ok()) << "what is behind the bounds was read";
  keys.clear();
  for (it.SeekToLast(); it.Valid(); it.Prev()) keys += it.key().substr(2);
  EXPECT_EQ(keys, "1615141312111009080706050403");
}

TEST(VisibleIterator, WhatComesBeforeDamageIsShownThenTheError) {
  for (size_t at = 1; at < 40; ++at) {
    VisibleIterator it = Open(TenByTen(40), {}, Damage{0, at});
    size_t shown = 0;
    for (it.SeekToFirst(); it.Valid(); it.Next()) ASSERT_EQ(it.key(), HistoryKey(shown++));
    EXPECT_EQ(shown, at);
    EXPECT_TRUE(absl::IsDataLoss(it.status()));
    // Backward a key is known only when what comes before it was seen not to be a newer version of it.
    shown = 0;
    for (it.SeekToLast(); it.Valid(); it.Prev()) ASSERT_EQ(it.key(), HistoryKey(39 - shown++));
    EXPECT_EQ(shown, at == 39 ? 0 : 39 - at - 1);
    EXPECT_TRUE(absl::IsDataLoss(it.status()));
  }
}

TEST(VisibleIterator, VersionsOfOneKeyMayLieInSeveralWindows) {
  for (size_t window_size = 1; window_size < 8; ++window_size) {
    Layers layers;
    layers.window_size = window_size;
    layers.points = {{{"a", Lsn(9), EntryKind::kPut, "a9"},
                      {"b", Lsn(8), EntryKind::kPut, "b8"},
                      {"b", Lsn(7), EntryKind::kPut, "b7"},
                      {"b", Lsn(6), EntryKind::kDelete},
                      {"b", Lsn(5), EntryKind::kPut, "b5"},
                      {"c", Lsn(4), EntryKind::kPut, "c4"}}};
    for (uint64_t snapshot = 4; snapshot <= 10; ++snapshot) {
      VisibleIterator it = Open(layers, {.snapshot = Lsn(snapshot)});
      std::string forward, backward;
      for (it.SeekToFirst(); it.Valid(); it.Next()) forward.append(it.value());
      for (it.SeekToLast(); it.Valid(); it.Prev()) backward.insert(0, it.value());
      const char* const expected[] = {"c4", "b5c4", "c4", "b7c4", "b8c4", "a9b8c4", "a9b8c4"};
      EXPECT_EQ(forward, expected[snapshot - 4]) << "at " << snapshot << ", windows of " << window_size;
      EXPECT_EQ(backward, forward) << "at " << snapshot << ", windows of " << window_size;
    }
  }
}

}  // namespace
}  // namespace aeternus
