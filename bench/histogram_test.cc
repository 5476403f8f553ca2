#include "bench/histogram.h"

#include <cstdint>
#include <limits>

#include "gtest/gtest.h"

namespace aeternus::bench {
namespace {

TEST(HistogramTest, EmptyHasNoPercentiles) {
  Histogram histogram;
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.Percentile(50), 0u);
}

TEST(HistogramTest, SmallValuesAreExact) {
  Histogram histogram;
  for (uint64_t value = 1; value <= 60; ++value) histogram.Add(value);
  EXPECT_EQ(histogram.count(), 60u);
  EXPECT_EQ(histogram.Percentile(50), 30u);
  EXPECT_EQ(histogram.Percentile(100), 60u);
}

TEST(HistogramTest, EveryValueComesBackWithinThreePercent) {
  for (uint64_t value = 1; value < uint64_t{1} << 62; value += value / 8 + 1) {
    Histogram histogram;
    histogram.Add(value);
    EXPECT_NEAR(static_cast<double>(histogram.Percentile(99)), static_cast<double>(value),
                0.03 * static_cast<double>(value));
  }
}

TEST(HistogramTest, TakesTheLargestValue) {
  Histogram histogram;
  histogram.Add(std::numeric_limits<uint64_t>::max());
  EXPECT_GT(histogram.Percentile(50), uint64_t{1} << 63);
}

TEST(HistogramTest, TailIsSeenInThePercentilesItBelongsTo) {
  Histogram histogram;
  for (int i = 0; i < 9'980; ++i) histogram.Add(100);
  for (int i = 0; i < 20; ++i) histogram.Add(100'000);
  EXPECT_NEAR(static_cast<double>(histogram.Percentile(50)), 100, 3);
  EXPECT_NEAR(static_cast<double>(histogram.Percentile(99)), 100, 3);
  EXPECT_NEAR(static_cast<double>(histogram.Percentile(99.9)), 100'000, 3'000);
}

TEST(HistogramTest, MergedCountsAsOne) {
  Histogram low;
  Histogram high;
  for (int i = 0; i < 50; ++i) low.Add(1);
  for (int i = 0; i < 50; ++i) high.Add(20);
  low.Merge(high);
  EXPECT_EQ(low.count(), 100u);
  EXPECT_EQ(low.Percentile(50), 1u);
  EXPECT_EQ(low.Percentile(51), 20u);
}

}  // namespace
}  // namespace aeternus::bench
