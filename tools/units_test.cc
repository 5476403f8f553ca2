#include "tools/units.h"

#include "gtest/gtest.h"

namespace aeternus::tools {
namespace {

TEST(UnitsTest, CountsAreGroupedByThousands) {
  EXPECT_EQ(FormatCount(0), "0");
  EXPECT_EQ(FormatCount(999), "999");
  EXPECT_EQ(FormatCount(1000), "1,000");
  EXPECT_EQ(FormatCount(1234567), "1,234,567");
  EXPECT_EQ(FormatCount(UINT64_MAX), "18,446,744,073,709,551,615");
}

TEST(UnitsTest, SizesAreInTheLargestUnitThatFits) {
  EXPECT_EQ(FormatBytes(0), "0 B");
  EXPECT_EQ(FormatBytes(1023), "1023 B");
  EXPECT_EQ(FormatBytes(1024), "1.0 KiB");
  EXPECT_EQ(FormatBytes(1536), "1.5 KiB");
  EXPECT_EQ(FormatBytes((1 << 20) - 1), "1.0 MiB") << "never 1024.0 KiB";
  EXPECT_EQ(FormatBytes(uint64_t{512} << 20), "512.0 MiB");
  EXPECT_EQ(FormatBytes(UINT64_MAX), "16777216.0 TiB");
}

TEST(UnitsTest, DurationsKeepTwoUnits) {
  EXPECT_EQ(FormatSeconds(-1), "0.0 s");
  EXPECT_EQ(FormatSeconds(1.25), "1.2 s");
  EXPECT_EQ(FormatSeconds(59.94), "59.9 s");
  EXPECT_EQ(FormatSeconds(59.96), "1 min 0 s");
  EXPECT_EQ(FormatSeconds(75), "1 min 15 s");
  EXPECT_EQ(FormatSeconds(3599.7), "1 h 0 min");
  EXPECT_EQ(FormatSeconds(3700), "1 h 1 min");
}

TEST(UnitsTest, ABarShowsItsShare) {
  EXPECT_EQ(FormatBar(0, 10, 4, '-'), "----");
  EXPECT_EQ(FormatBar(5, 10, 4, '-'), "##--");
  EXPECT_EQ(FormatBar(10, 10, 4, '-'), "####");
  EXPECT_EQ(FormatBar(1, 1000, 4, '-'), "#---") << "something is never drawn as nothing";
  EXPECT_EQ(FormatBar(20, 10, 4, '-'), "####") << "an input that grew";
  EXPECT_EQ(FormatBar(0, 0, 4, ' '), "    ");
}

}  // namespace
}  // namespace aeternus::tools
