#include "bloom/concurrent_filter.h"

#include <atomic>
#include <cstdint>
#include <limits>
#include <thread>
#include <vector>

#include "bloom/testing/probes.h"
#include "gtest/gtest.h"

namespace aeternus::bloom {
namespace {

using testing::FalsePositiveRate;
using testing::HashOf;

TEST(ConcurrentFilterTest, NeverDeniesAKeyThatWasAdded) {
  for (const size_t room : {0, 1, 5, 6, 1000, 20'000}) {
    ConcurrentFilter filter(room);
    for (uint64_t i = 0; i < 2000; ++i) {
      filter.Add(HashOf(room, i));
      for (uint64_t before = i - i % 100; before <= i; ++before) {
        ASSERT_TRUE(filter.MayContain(HashOf(room, before))) << "key " << before << " of " << i << ", room " << room;
      }
    }
    for (uint64_t i = 0; i < 2000; ++i) ASSERT_TRUE(filter.MayContain(HashOf(room, i))) << i << ", room " << room;
  }
}

TEST(ConcurrentFilterTest, HoldsTheExtremesOfTheHashSpace) {
  ConcurrentFilter filter(100);
  const std::vector<uint64_t> extremes = {0, 1, std::numeric_limits<uint64_t>::max(), uint64_t{1} << 63, 0xffffffff};
  for (const uint64_t hash : extremes) EXPECT_FALSE(filter.MayContain(hash)) << hash;
  for (const uint64_t hash : extremes) filter.Add(hash);
  for (const uint64_t hash : extremes) EXPECT_TRUE(filter.MayContain(hash)) << hash;
}

TEST(ConcurrentFilterTest, AdmitsFewKeysThatWereNotAdded) {
  constexpr size_t kKeys = 100'000;
  ConcurrentFilter filter(kKeys);
  EXPECT_EQ(FalsePositiveRate(filter), 0);
  for (uint64_t i = 0; i < kKeys / 2; ++i) filter.Add(HashOf(1, i));
  EXPECT_LT(FalsePositiveRate(filter), 0.005);
  for (uint64_t i = kKeys / 2; i < kKeys; ++i) filter.Add(HashOf(1, i));
  EXPECT_LT(FalsePositiveRate(filter), 0.025);
}

TEST(ConcurrentFilterTest, TakesTwelveBitsForEachKeyAndNeverMoreThanEightMebibytes) {
  EXPECT_EQ(ConcurrentFilter(0).memory_bytes(), 8u);
  EXPECT_EQ(ConcurrentFilter(64'000).memory_bytes(), 64'000u * 12 / 8 + 8);
  EXPECT_EQ(ConcurrentFilter(size_t{1} << 40).memory_bytes(), size_t{8} << 20);
}

// Meant for the thread sanitizer above all.
TEST(ConcurrentFilterTest, AKeyThatIsKnownToBeAddedIsFoundByOtherThreads) {
  constexpr uint64_t kKeys = 50'000;
  ConcurrentFilter filter(kKeys);
  std::atomic<uint64_t> added{0};
  std::vector<std::thread> readers;
  for (int reader = 0; reader < 2; ++reader) {
    readers.emplace_back([&] {
      for (uint64_t seen = 0; seen < kKeys;) {
        seen = added.load(std::memory_order_acquire);
        for (uint64_t i = seen > 50 ? seen - 50 : 0; i < seen; ++i) ASSERT_TRUE(filter.MayContain(HashOf(1, i))) << i;
      }
    });
  }
  for (uint64_t i = 0; i < kKeys; ++i) {
    filter.Add(HashOf(1, i));
    added.store(i + 1, std::memory_order_release);
  }
  for (std::thread& reader : readers) reader.join();
}

}  // namespace
}  // namespace aeternus::bloom
