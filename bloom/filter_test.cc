#include "bloom/filter.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "bloom/testing/probes.h"
#include "gtest/gtest.h"

namespace aeternus::bloom {
namespace {

using testing::FalsePositiveRate;
using testing::HashOf;

std::string FilterOf(uint64_t family, size_t keys, double bits_per_key) {
  FilterBuilder builder(bits_per_key);
  for (size_t i = 0; i < keys; ++i) builder.Add(HashOf(family, i));
  return builder.Finish();
}

TEST(FilterTest, NeverDeniesAKeyItHolds) {
  for (const double bits : {0.0, 0.7, 1.0, 4.5, 10.0, 23.0, 64.0, 1000.0, std::nan("")}) {
    for (const size_t keys : {1, 2, 50, 52, 1000, 20'000}) {
      const std::string bytes = FilterOf(keys, keys, bits);
      const absl::StatusOr<FilterView> filter = FilterView::Parse(bytes);
      ASSERT_TRUE(filter.ok()) << filter.status();
      for (size_t i = 0; i < keys; ++i) {
        ASSERT_TRUE(filter->MayContain(HashOf(keys, i))) << keys << " keys, " << bits << " bits, key " << i;
      }
    }
  }
}

TEST(FilterTest, HoldsTheExtremesOfTheHashSpace) {
  FilterBuilder builder(10);
  const std::vector<uint64_t> extremes = {0, 1, std::numeric_limits<uint64_t>::max(), uint64_t{1} << 63, 0xffffffff};
  for (const uint64_t hash : extremes) builder.Add(hash);
  for (size_t i = 0; i < 1000; ++i) builder.Add(HashOf(1, i));
  const std::string bytes = builder.Finish();
  const FilterView filter = FilterView::Parse(bytes).value();
  for (const uint64_t hash : extremes) EXPECT_TRUE(filter.MayContain(hash)) << hash;
}

TEST(FilterTest, AdmitsFewKeysItDoesNotHold) {
  struct {
    double bits_per_key;
    double limit;
  } const cases[] = {{4, 0.18}, {10, 0.02}, {16, 0.004}};
  for (const auto& c : cases) {
    const std::string bytes = FilterOf(1, 100'000, c.bits_per_key);
    EXPECT_LT(FalsePositiveRate(FilterView::Parse(bytes).value()), c.limit) << c.bits_per_key << " bits a key";
  }
}

TEST(FilterTest, SizeFollowsTheKeysAndSmallFiltersAreOneLine) {
  EXPECT_EQ(FilterOf(1, 51, 10).size(), 64u + 8u);
  EXPECT_EQ(FilterOf(1, 52, 10).size(), 2 * 64u + 8u);
  EXPECT_EQ(FilterOf(1, 51'200, 10).size(), 1000 * 64u + 8u);
}

TEST(FilterTest, RepeatedHashesCountOnce) {
  FilterBuilder builder(10);
  for (int i = 0; i < 100; ++i) builder.Add(7);
  EXPECT_EQ(builder.key_count(), 1u);
}

TEST(FilterTest, NoKeysMakeNoFilter) { EXPECT_EQ(FilterBuilder(10).Finish(), ""); }

TEST(FilterTest, DefaultViewAdmitsEverything) {
  const FilterView filter;
  filter.Prefetch(1);
  EXPECT_TRUE(filter.MayContain(0));
  EXPECT_TRUE(filter.MayContain(12345));
}

TEST(FilterTest, ParseRefusesEveryTruncation) {
  const std::string bytes = FilterOf(1, 60, 10);
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(FilterView::Parse(std::string_view(bytes).substr(0, size)).status().code(), absl::StatusCode::kDataLoss)
        << size;
  }
}

// A flip in the lines is for the block's checksum to find; here it must only not lead astray.
TEST(FilterTest, EveryBitFlipIsRefusedOrAnswersWithinItsBytes) {
  const std::string intact = FilterOf(1, 60, 10);
  for (size_t bit = 0; bit < intact.size() * 8; ++bit) {
    const std::string_view view(intact);
    // Exactly sized heap memory, so that a sanitizer sees the first byte read behind the end.
    std::vector<char> bytes(view.begin(), view.end());
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
    const absl::StatusOr<FilterView> filter = FilterView::Parse({bytes.data(), bytes.size()});
    if (bit / 8 >= intact.size() - 8 && bit / 8 != intact.size() - 4) {
      EXPECT_FALSE(filter.ok()) << "bit " << bit;
    }
    if (!filter.ok()) continue;
    for (size_t i = 0; i < 100; ++i) {
      filter->Prefetch(HashOf(2, i));
      filter->MayContain(HashOf(2, i));
    }
  }
}

}  // namespace
}  // namespace aeternus::bloom
