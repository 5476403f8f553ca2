// Point reads, alone (out of what is in memory, and otherwise) and several at once, and iterators answer by different
// code (view.h, point_read.h): over any layers, at any snapshot, they must agree.
#include "engine/view.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "aeternus/engine.h"
#include "base/testing/test_seed.h"
#include "base/types.h"
#include "cache/frame_cache.h"
#include "engine/testing/machine.h"
#include "engine/testing/status.h"
#include "env/huge_block.h"
#include "gtest/gtest.h"
#include "memtable/memtable.h"

namespace aeternus {
namespace {

using testing::Contents;
using testing::ContentsOf;
using testing::Machine;
using testing::NumberedKey;

constexpr int kKeys = 24;

// A database filled at random, with what it should hold now and at each of its snapshots.
class RandomLayers {
 public:
  explicit RandomLayers(uint64_t seed, bool deletes_ranges = true) : random_(seed), deletes_ranges_(deletes_ranges) {
    EngineConfig config;
    config.write_buffer_bytes = 300 + random_() % 2000;
    config.table.block_size_bytes = 256;
    config.compaction.min_threshold = 2 + static_cast<int>(random_() % 3);
    config.compaction.tombstone_ratio = 0.05;
    config.compaction.tombstone_exact_lookup = random_() % 2 == 0;
    config.compaction.drop_range_tombstones = random_() % 2 == 0;
    engine_ = machine_.Open(config);
  }

  void Step() {
    switch (random_() % 24) {
      case 0:
        EXPECT_OK(engine_->FreezeMemtable());
        break;
      case 1:
        EXPECT_OK(engine_->FlushOldestFrozen());
        break;
      case 2:
        EXPECT_OK(engine_->MinorCompact());
        break;
      case 3:
        EXPECT_OK(engine_->TombstoneCompact());
        break;
      case 4:
        if (random_() % 4 == 0) {
          EXPECT_OK(engine_->MajorCompact());
        }
        break;
      case 5:
        moments_.emplace_back(engine_->GetSnapshot().value(), present_);
        break;
      case 6:
        if (!moments_.empty()) moments_.erase(moments_.begin() + static_cast<ptrdiff_t>(random_() % moments_.size()));
        break;
      default:
        WriteSome();
    }
  }

  Engine& engine() { return *engine_; }
  const Contents& present() const { return present_; }
  using Moment = std::pair<std::unique_ptr<const Snapshot>, Contents>;
  const std::vector<Moment>& moments() const { return moments_; }

 private:
  void WriteSome() {
    WriteBatch batch;
    for (uint64_t i = 1 + random_() % 3; i > 0; --i) {
      const int key = static_cast<int>(random_() % kKeys);
      const int end = key + 1 + static_cast<int>(random_() % 6);
      switch (random_() % 6) {
        case 0:
          batch.Delete(NumberedKey(key));
          present_.erase(NumberedKey(key));
          break;
        case 1:
          if (!deletes_ranges_) break;
          batch.DeleteRange(NumberedKey(key), NumberedKey(end));
          present_.erase(present_.lower_bound(NumberedKey(key)), present_.lower_bound(NumberedKey(end)));
          break;
        default:
          present_[NumberedKey(key)] = "value " + std::to_string(++values_);
          batch.Put(NumberedKey(key), present_[NumberedKey(key)]);
      }
    }
    EXPECT_OK(engine_->Write(batch, {.sync = false}));
  }

  std::mt19937_64 random_;
  const bool deletes_ranges_;
  Machine machine_;
  std::unique_ptr<Engine> engine_;
  Contents present_;
  std::vector<Moment> moments_;
  int values_ = 0;
};

// Where an iterator over `contents` stands after seeking, as "key=value" or "-".
std::string At(const Contents& contents, Contents::const_iterator at) {
  return at == contents.end() ? "-" : at->first + "=" + at->second;
}
std::string At(const Iterator& it) {
  EXPECT_OK(it.status());
  return it.Valid() ? std::string(it.key()) + "=" + std::string(it.value()) : "-";
}

void ExpectMultiGetAgrees(Engine& engine, const ReadOptions& options, const Contents& expected) {
  std::vector<std::string> names;
  for (int key = 0; key < kKeys + 6; ++key) names.push_back(NumberedKey(key * 7 % (kKeys + 6)));
  const std::vector<std::string_view> keys(names.begin(), names.end());
  std::vector<PinnedValue> values(keys.size());
  const auto answers = engine.MultiGet(options, keys, absl::MakeSpan(values));
  for (size_t i = 0; i < keys.size(); ++i) {
    const auto at = expected.find(names[i]);
    ASSERT_OK(answers[i]);
    ASSERT_EQ(*answers[i], at != expected.end()) << names[i];
    ASSERT_EQ(values[i].view(), at == expected.end() ? "" : at->second) << names[i];
  }
}

void ExpectEveryReadAgrees(Engine& engine, const ReadOptions& options, const Contents& expected) {
  ASSERT_NO_FATAL_FAILURE(ExpectMultiGetAgrees(engine, options, expected));  // not all of it is in memory yet
  const auto it = engine.NewIterator(options).value();
  ASSERT_EQ(ContentsOf(engine, options), expected);
  ASSERT_NO_FATAL_FAILURE(ExpectMultiGetAgrees(engine, options, expected));
  Contents backward;
  for (it->SeekToLast(); it->Valid(); it->Prev()) backward.emplace(it->key(), it->value());
  ASSERT_OK(it->status());
  ASSERT_EQ(backward, expected);

  for (int key = 0; key < kKeys + 6; ++key) {
    const std::string name = NumberedKey(key);
    const auto at = expected.find(name);
    const auto value = engine.Get(name, options);
    ASSERT_OK(value);
    ASSERT_EQ(value->value_or("-"), at == expected.end() ? "-" : at->second) << name;
    PinnedValue pinned;
    ASSERT_EQ(engine.Get(options, name, &pinned).value(), at != expected.end()) << name;
    ASSERT_EQ(pinned.view(), at == expected.end() ? "" : at->second) << name;

    const auto above = expected.lower_bound(name), behind = expected.upper_bound(name);
    it->Seek(name);
    ASSERT_EQ(At(*it), At(expected, above)) << name;
    if (it->Valid()) {
      it->Prev();
      ASSERT_EQ(At(*it), At(expected, above == expected.begin() ? expected.end() : std::prev(above))) << name;
    }
    it->SeekForPrev(name);
    ASSERT_EQ(At(*it), At(expected, behind == expected.begin() ? expected.end() : std::prev(behind))) << name;
    if (it->Valid()) {
      it->Next();
      ASSERT_EQ(At(*it), At(expected, behind)) << name;
    }
  }
}

TEST(View, PointReadsAndIteratorsAgreeAtEverySnapshotOverAnyLayers) {
  const uint64_t seed = TestSeed();
  for (uint64_t round = 0; round < 12; ++round) {
    RandomLayers layers(seed + round);
    for (int step = 0; step < 400; ++step) {
      layers.Step();
      if (step % 40 != 39) continue;
      SCOPED_TRACE("round " + std::to_string(round) + ", step " + std::to_string(step));
      ASSERT_NO_FATAL_FAILURE(ExpectEveryReadAgrees(layers.engine(), {}, layers.present()));
      for (const auto& [snapshot, contents] : layers.moments()) {
        ASSERT_NO_FATAL_FAILURE(ExpectEveryReadAgrees(layers.engine(), {.snapshot = snapshot.get()}, contents));
      }
    }
  }
}

// Walks a little, so that what is refreshed stands anywhere.
void Wander(Iterator& it, uint64_t random) {
  switch (random % 4) {
    case 0:
      it.SeekToFirst();
      break;
    case 1:
      it.SeekToLast();
      break;
    case 2:
      it.Seek(NumberedKey(static_cast<int>(random / 4 % kKeys)));
      break;
    default:
      it.SeekForPrev(NumberedKey(static_cast<int>(random / 4 % kKeys)));
  }
  for (uint64_t steps = random / 128 % 8; steps > 0 && it.Valid(); --steps) random % 2 == 0 ? it.Next() : it.Prev();
}

TEST(View, ARefreshedIteratorIsAsGoodAsANewOneWhateverHappenedMeanwhile) {
  const uint64_t seed = TestSeed();
  std::mt19937_64 random(seed);
  for (uint64_t round = 0; round < 6; ++round) {
    RandomLayers layers(seed + round, /*deletes_ranges=*/round % 2 == 0);
    const IteratorOptions bounded{.lower_bound = NumberedKey(5), .upper_bound = NumberedKey(17)};
    for (const IteratorOptions& bounds : {IteratorOptions{}, bounded}) {
      const auto it = layers.engine().NewIterator({}, bounds).value();
      for (int step = 0; step < 400; ++step) {
        SCOPED_TRACE("round " + std::to_string(round) + ", step " + std::to_string(step));
        Wander(*it, random());
        for (uint64_t changes = random() % 3; changes > 0; --changes) layers.Step();
        ASSERT_OK(it->Refresh());
        ASSERT_FALSE(it->Valid());
        ASSERT_OK(it->status());
        const auto fresh = layers.engine().NewIterator({}, bounds).value();
        ASSERT_EQ(it->lsn(), fresh->lsn());
        for (int walks = 0; walks < 4; ++walks) {
          const uint64_t walk = random();
          Wander(*it, walk);
          Wander(*fresh, walk);
          ASSERT_EQ(At(*it), At(*fresh));
        }
        Contents forward, backward, expected;
        for (fresh->SeekToFirst(); fresh->Valid(); fresh->Next()) expected.emplace(fresh->key(), fresh->value());
        for (it->SeekToFirst(); it->Valid(); it->Next()) forward.emplace(it->key(), it->value());
        for (it->SeekToLast(); it->Valid(); it->Prev()) backward.emplace(it->key(), it->value());
        ASSERT_EQ(forward, expected);
        ASSERT_EQ(backward, expected);
      }
    }
  }
}

TEST(View, BoundsCutAnIteratorToTheirRangeWhateverLayersTheRangeMisses) {
  const uint64_t seed = TestSeed();
  std::mt19937_64 random(seed);
  RandomLayers layers(seed);
  for (int step = 0; step < 600; ++step) {
    layers.Step();
    const int begin = static_cast<int>(random() % kKeys), end = begin + static_cast<int>(random() % 8);
    IteratorOptions bounds;
    if (random() % 4 != 0) bounds.lower_bound = NumberedKey(begin);
    if (random() % 4 != 0) bounds.upper_bound = NumberedKey(end);
    const Contents& all = layers.present();
    Contents expected;
    for (const auto& [key, value] : all) {
      if (bounds.lower_bound.has_value() && key < *bounds.lower_bound) continue;
      if (bounds.upper_bound.has_value() && key >= *bounds.upper_bound) continue;
      expected.emplace(key, value);
    }
    const auto it = layers.engine().NewIterator({}, bounds).value();
    Contents forward, backward;
    for (it->SeekToFirst(); it->Valid(); it->Next()) forward.emplace(it->key(), it->value());
    for (it->SeekToLast(); it->Valid(); it->Prev()) backward.emplace(it->key(), it->value());
    ASSERT_OK(it->status());
    ASSERT_EQ(forward, expected) << "step " << step;
    ASSERT_EQ(backward, expected) << "step " << step;
  }
}

// What is kept of memtables that are gone counts, and goes when there is no room for it beside those that are there.
TEST(ChargedMemtable, SpareBlocksGoWhenTheBudgetIsExceeded) {
  constexpr size_t kBlockBytes = env::HugeBlock::kPageBytes;
  for (const bool fits : {true, false}) {
    const auto resources = std::make_shared<MemoryResources>(kBlockBytes / (fits ? 1 : 2) + 100'000, 2 * kBlockBytes);
    resources->spare_blocks.Give(env::HugeBlock(kBlockBytes));
    EXPECT_EQ(resources->budget.used_bytes(), kBlockBytes);
    const auto memtable = std::make_shared<Memtable>(&resources->spare_blocks);
    memtable->Put("key", Lsn(1), "value");
    const ChargedMemtable charged(resources, memtable);
    EXPECT_EQ(resources->budget.used_bytes(), memtable->memory_bytes() + (fits ? kBlockBytes : 0));
    EXPECT_EQ(resources->spare_blocks.Take().data() != nullptr, fits);
  }
}

TEST(ChargedMemtable, MakesRoomInTheCacheAsItGrows) {
  const auto resources = std::make_shared<MemoryResources>(size_t{1} << 20, /*max_spare_bytes=*/0);
  constexpr size_t kSlots = 8, kFrameBytes = size_t{100} << 10;
  auto slots = std::make_unique<FrameCache::Slot[]>(kSlots);
  for (size_t i = 0; i < kSlots; ++i) {
    const auto load = [](Frame& frame) {
      std::memset(frame.Allocate(kFrameBytes).data(), 1, kFrameBytes);
      return absl::OkStatus();
    };
    ASSERT_OK(resources->cache.Acquire(slots[i], load));
  }
  ASSERT_GT(resources->budget.used_bytes(), kSlots * kFrameBytes - 1);
  {
    const auto memtable = std::make_shared<Memtable>(&resources->spare_blocks);
    ChargedMemtable charged(resources, memtable);
    const std::string value(10'000, 'v');
    for (uint64_t lsn = 1; lsn <= 60; ++lsn) {
      memtable->Put(std::to_string(lsn), Lsn(lsn), value);
      charged.Recharge();
    }
    EXPECT_GT(memtable->memory_bytes(), 600'000u);
    EXPECT_LE(resources->budget.used_bytes(), resources->budget.limit_bytes());
  }
  resources->cache.Retire(std::move(slots), kSlots);
}

}  // namespace
}  // namespace aeternus
