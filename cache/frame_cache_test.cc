#include "cache/frame_cache.h"

#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"

namespace aeternus {
namespace {

using Pin = FrameCache::Pin;
using Slot = FrameCache::Slot;

constexpr size_t kBlockSizeBytes = 1024;

// A cache, its budget, and the slots of one table; block i of it is kBlockSizeBytes bytes of value i.
class FrameCacheTest : public ::testing::Test {
 protected:
  static constexpr size_t kSlotCount = 64;

  FrameCacheTest() { UseBudget(8 * kBlockSizeBytes); }
  ~FrameCacheTest() override { cache_->Retire(std::move(slots_), kSlotCount); }

  void UseBudget(size_t limit_bytes) {
    if (cache_ != nullptr) cache_->Retire(std::move(slots_), kSlotCount);
    cache_.reset();
    budget_ = std::make_unique<MemoryBudget>(limit_bytes);
    cache_ = std::make_unique<FrameCache>(budget_.get());
    slots_ = std::make_unique<Slot[]>(kSlotCount);
  }

  Pin Acquire(size_t i, size_t size = kBlockSizeBytes, FrameCache::Content content = FrameCache::Content::kData) {
    const auto load = [&](Frame& frame) {
      std::memset(frame.Allocate(size).data(), static_cast<int>(i), size);
      ++loads_;
      return absl::OkStatus();
    };
    absl::StatusOr<Pin> pin = cache_->Acquire(slots_[i], load, content);
    EXPECT_TRUE(pin.ok()) << pin.status();
    return std::move(pin).value();
  }
  bool IsLoaded(size_t i) {
    return cache_->Acquire(slots_[i], [](Frame&) { return absl::NotFoundError("not loaded"); }).ok();
  }
  static std::string Block(size_t i, size_t size = kBlockSizeBytes) { return std::string(size, static_cast<char>(i)); }

  std::unique_ptr<MemoryBudget> budget_;
  std::unique_ptr<FrameCache> cache_;
  std::unique_ptr<Slot[]> slots_;
  std::atomic<int> loads_{0};
};

TEST_F(FrameCacheTest, SecondAcquireIsAHitOnTheSameFrame) {
  const Pin first = Acquire(3);
  const Pin second = Acquire(3);
  EXPECT_EQ(first.bytes(), Block(3));
  EXPECT_EQ(first.bytes().data(), second.bytes().data());
  EXPECT_EQ(loads_, 1);
  EXPECT_EQ(cache_->stats().misses, 1u);
  EXPECT_EQ(cache_->stats().hits, 1u);
}

TEST_F(FrameCacheTest, FramesAreAlignedToCacheLines) {
  for (size_t i = 0; i < 20; ++i) {
    EXPECT_EQ(reinterpret_cast<uintptr_t>(Acquire(i, 1 + 37 * i).bytes().data()) % 64, 0u);
  }
}

TEST_F(FrameCacheTest, BudgetIsKeptWhateverIsRead) {
  std::mt19937_64 random(1);
  for (int step = 0; step < 2000; ++step) {
    const size_t i = random() % kSlotCount;
    ASSERT_EQ(Acquire(i).bytes(), Block(i));
    ASSERT_LE(budget_->used_bytes(), budget_->limit_bytes());
    ASSERT_EQ(cache_->stats().frame_bytes, budget_->used_bytes());
  }
  EXPECT_EQ(cache_->stats().frames, 8u);
  EXPECT_EQ(cache_->stats().misses - cache_->stats().evictions, 8u);
}

TEST_F(FrameCacheTest, HitsSurviveTheFramesThatCountedThem) {
  for (int round = 0; round < 3; ++round) {
    for (size_t i = 0; i < 20; ++i) {
      Acquire(i);
      Acquire(i);
    }
  }
  EXPECT_EQ(cache_->stats().misses, static_cast<uint64_t>(loads_));
  EXPECT_EQ(cache_->stats().hits, 120u - static_cast<uint64_t>(loads_));
  cache_->Retire(std::exchange(slots_, std::make_unique<Slot[]>(kSlotCount)), kSlotCount);
  EXPECT_EQ(cache_->stats().hits, 120u - static_cast<uint64_t>(loads_));
}

TEST_F(FrameCacheTest, WhatIsUsedAgainOutlivesWhatIsUsedOnce) {
  for (size_t i = 0; i < 4; ++i) Acquire(i);
  for (size_t scanned = 10; scanned < 60; ++scanned) {
    for (size_t i = 0; i < 4; ++i) Acquire(i);
    Acquire(scanned);
  }
  EXPECT_EQ(loads_, 4 + 50);
}

TEST_F(FrameCacheTest, PinnedFramesAreNeverEvicted) {
  std::vector<Pin> pins;
  for (size_t i = 0; i < 20; ++i) pins.push_back(Acquire(i));
  EXPECT_EQ(budget_->used_bytes(), 20 * kBlockSizeBytes);
  EXPECT_EQ(cache_->stats().pinned_bytes, 20 * kBlockSizeBytes);
  for (size_t i = 0; i < 20; ++i) EXPECT_EQ(pins[i].bytes(), Block(i));
  EXPECT_EQ(cache_->stats().evictions, 0u);
  pins.clear();
  EXPECT_EQ(budget_->used_bytes(), budget_->limit_bytes());
  EXPECT_EQ(cache_->stats().pinned_bytes, 0u);
}

TEST_F(FrameCacheTest, BlockLargerThanTheBudgetIsReadableAndGoesWithItsLastPin) {
  const size_t size = 3 * budget_->limit_bytes();
  {
    Pin first = Acquire(1, size);
    const Pin second = Acquire(1, size);
    EXPECT_EQ(loads_, 1);
    first.Release();
    EXPECT_EQ(second.bytes(), Block(1, size));
  }
  EXPECT_EQ(budget_->used_bytes(), 0u);
  EXPECT_FALSE(IsLoaded(1));
}

TEST_F(FrameCacheTest, RoomIsMadeForOthersWhoChargeTheBudget) {
  for (size_t i = 0; i < 8; ++i) Acquire(i);
  const Pin pinned = Acquire(5);
  budget_->Charge(7 * kBlockSizeBytes);
  cache_->MakeRoom();
  EXPECT_EQ(budget_->used_bytes(), budget_->limit_bytes());
  budget_->Charge(100 * kBlockSizeBytes);
  cache_->MakeRoom();
  EXPECT_EQ(cache_->stats().frames, 1u);
  EXPECT_EQ(pinned.bytes(), Block(5));
  budget_->Release(107 * kBlockSizeBytes);
}

TEST_F(FrameCacheTest, ErrorsAreReturnedAndNotKept) {
  int attempts = 0;
  const auto fail = [&](Frame& frame) {
    frame.Allocate(kBlockSizeBytes);
    ++attempts;
    return absl::DataLossError("bad block");
  };
  EXPECT_EQ(cache_->Acquire(slots_[0], fail).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(cache_->Acquire(slots_[0], fail).status().message(), "bad block");
  EXPECT_EQ(attempts, 2);
  EXPECT_EQ(budget_->used_bytes(), 0u);
  EXPECT_EQ(Acquire(0).bytes(), Block(0));
}

TEST_F(FrameCacheTest, PinsMove) {
  Pin a = Acquire(1);
  Pin b = std::move(a);
  EXPECT_FALSE(a);  // NOLINT(bugprone-use-after-move): a moved-from pin is empty
  EXPECT_EQ(b.bytes(), Block(1));
  b = Acquire(2);
  EXPECT_EQ(cache_->stats().pinned_bytes, kBlockSizeBytes);
  Pin& alias = b;
  b = std::move(alias);
  EXPECT_EQ(b.bytes(), Block(2));
  b.Release();
  b.Release();
  EXPECT_FALSE(b);
  EXPECT_EQ(cache_->stats().pinned_bytes, 0u);
}

TEST_F(FrameCacheTest, MetadataIsCountedApart) {
  Acquire(0, 100, FrameCache::Content::kMetadata);
  Acquire(1, 200, FrameCache::Content::kData);
  EXPECT_EQ(cache_->stats().metadata_bytes, 128u);
  EXPECT_EQ(cache_->stats().frame_bytes, 128u + 256u);
}

TEST_F(FrameCacheTest, RetiredSlotsGoAtOnceWhenNothingIsPinned) {
  for (size_t i = 0; i < 5; ++i) Acquire(i);
  cache_->Retire(std::exchange(slots_, std::make_unique<Slot[]>(kSlotCount)), kSlotCount);
  EXPECT_EQ(budget_->used_bytes(), 0u);
  EXPECT_EQ(cache_->stats().frames, 0u);
}

TEST_F(FrameCacheTest, PinsOutliveTheTable) {
  for (size_t i = 0; i < 5; ++i) Acquire(i);
  Pin first = Acquire(1);
  Pin second = Acquire(2);
  Pin again = Acquire(2);
  cache_->Retire(std::exchange(slots_, std::make_unique<Slot[]>(kSlotCount)), kSlotCount);
  EXPECT_EQ(budget_->used_bytes(), 2 * kBlockSizeBytes);
  EXPECT_EQ(first.bytes(), Block(1));
  first.Release();
  second.Release();
  EXPECT_EQ(budget_->used_bytes(), kBlockSizeBytes);
  EXPECT_EQ(again.bytes(), Block(2));
  again.Release();
  EXPECT_EQ(budget_->used_bytes(), 0u);
}

TEST_F(FrameCacheTest, ThreadsThatMissTogetherLoadOnce) {
  constexpr int kThreads = 4;
  for (size_t slot = 0; slot < 20; ++slot) {
    std::atomic<int> loads{0};
    std::atomic<int> waiting{0};
    const auto load = [&](Frame& frame) {
      // Hold the load until the others are on their way: they must wait for it, not load again.
      while (waiting.load() < kThreads) std::this_thread::yield();
      std::memset(frame.Allocate(kBlockSizeBytes).data(), 7, kBlockSizeBytes);
      ++loads;
      return absl::OkStatus();
    };
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&] {
        ++waiting;
        const absl::StatusOr<Pin> pin = cache_->Acquire(slots_[slot], load);
        ASSERT_TRUE(pin.ok());
        EXPECT_EQ(pin->bytes(), Block(7));
      });
    }
    for (std::thread& thread : threads) thread.join();
    ASSERT_EQ(loads, 1);
  }
}

TEST_F(FrameCacheTest, WaitersOfAFailedLoadTryForThemselves) {
  constexpr int kThreads = 4;
  std::atomic<int> attempts{0};
  std::atomic<int> waiting{0};
  std::atomic<int> succeeded{0};
  const auto load = [&](Frame& frame) -> absl::Status {
    while (waiting.load() < kThreads) std::this_thread::yield();
    if (attempts++ == 0) return absl::DataLossError("the first one fails");
    frame.Allocate(kBlockSizeBytes);
    return absl::OkStatus();
  };
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      ++waiting;
      if (cache_->Acquire(slots_[0], load).ok()) ++succeeded;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(succeeded, kThreads - 1);
  EXPECT_EQ(attempts, 2);
}

// Readers of a crowded cache, some loads failing, some pins kept: every pin shows its own block, and
// in the end everything is given back.
TEST_F(FrameCacheTest, ConcurrentReadersAlwaysSeeTheirOwnBlock) {
  constexpr int kThreads = 4;
  constexpr int kSteps = 20'000;
  std::atomic<uint64_t> acquired{0};
  const auto read = [&](uint64_t seed) {
    std::mt19937_64 random(seed);
    std::vector<Pin> kept;
    for (int step = 0; step < kSteps; ++step) {
      const size_t i = random() % kSlotCount;
      const bool fails = random() % 16 == 0;
      const auto load = [&](Frame& frame) -> absl::Status {
        std::memset(frame.Allocate(kBlockSizeBytes).data(), static_cast<int>(i), kBlockSizeBytes);
        return fails ? absl::DataLossError("injected") : absl::OkStatus();
      };
      absl::StatusOr<Pin> pin = cache_->Acquire(slots_[i], load);
      if (!pin.ok()) continue;
      ++acquired;
      const std::string_view bytes = pin->bytes();
      ASSERT_EQ(bytes.front(), static_cast<char>(i));
      ASSERT_EQ(bytes.back(), static_cast<char>(i));
      if (random() % 8 == 0) kept.push_back(std::move(*pin));
      if (kept.size() > 3) kept.erase(kept.begin() + static_cast<long>(random() % kept.size()));
      if (step % 1000 == 0) cache_->MakeRoom();
    }
  };
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) threads.emplace_back(read, t + 1);
  for (std::thread& thread : threads) thread.join();
  const FrameCache::Stats stats = cache_->stats();
  EXPECT_EQ(stats.pinned_bytes, 0u);
  EXPECT_LE(budget_->used_bytes(), budget_->limit_bytes());
  EXPECT_GE(stats.hits + stats.misses, acquired.load());
  cache_->Retire(std::exchange(slots_, std::make_unique<Slot[]>(kSlotCount)), kSlotCount);
  EXPECT_EQ(budget_->used_bytes(), 0u);
}

TEST_F(FrameCacheTest, TablesMayGoWhileTheirPinsAreReleasedElsewhere) {
  for (int round = 0; round < 200; ++round) {
    auto slots = std::make_unique<Slot[]>(4);
    const auto load = [](Frame& frame) {
      frame.Allocate(kBlockSizeBytes);
      return absl::OkStatus();
    };
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t) {
      absl::StatusOr<Pin> shared = cache_->Acquire(slots[0], load);
      absl::StatusOr<Pin> own = cache_->Acquire(slots[t + 1], load);
      threads.emplace_back([shared = std::move(*shared), own = std::move(*own)]() mutable {
        shared.Release();
        own.Release();
      });
    }
    cache_->Retire(std::move(slots), 4);
    for (std::thread& thread : threads) thread.join();
    ASSERT_EQ(budget_->used_bytes(), 0u);
  }
}

}  // namespace
}  // namespace aeternus
