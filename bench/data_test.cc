#include "bench/data.h"

#include <cstdint>
#include <set>
#include <string>

#include "gtest/gtest.h"

namespace aeternus::bench {
namespace {

std::string Key(const KeySpace& keys, uint64_t i) {
  char buffer[KeySpace::kBytes];
  return std::string(keys.Write(i, buffer));
}

TEST(KeySpaceTest, DecimalsAreZeroPadded) {
  const KeySpace keys(KeySeries::kDecimal, 1'000);
  EXPECT_EQ(Key(keys, 0), "0000000000000000");
  EXPECT_EQ(Key(keys, 1'234'567), "0000000001234567");
}

TEST(KeySpaceTest, KeysOfADatabaseAscend) {
  for (const KeySeries series : {KeySeries::kDecimal, KeySeries::kHashed}) {
    const KeySpace keys(series, 10'000);
    for (uint64_t i = 1; i < keys.size(); ++i) {
      ASSERT_LT(Key(keys, i - 1), Key(keys, i)) << KeySeriesName(series) << " " << i;
    }
  }
}

TEST(KeySpaceTest, InsertedKeysAreNew) {
  for (const KeySeries series : {KeySeries::kDecimal, KeySeries::kHashed}) {
    const KeySpace keys(series, 1'000);
    std::set<std::string> all;
    for (uint64_t i = 0; i < 3'000; ++i) all.insert(Key(keys, i));
    EXPECT_EQ(all.size(), 3'000u) << KeySeriesName(series);
  }
}

TEST(KeySpaceTest, HashedKeysFillTheRangeAndInsertsFallAmongThem) {
  const KeySpace keys(KeySeries::kHashed, 1'000);
  std::set<char> first_bytes;
  std::set<char> first_bytes_of_inserts;
  for (uint64_t i = 0; i < 1'000; ++i) {
    first_bytes.insert(Key(keys, i)[0]);
    first_bytes_of_inserts.insert(Key(keys, 1'000 + i)[0]);
  }
  EXPECT_EQ(first_bytes.size(), 256u);
  EXPECT_GT(first_bytes_of_inserts.size(), 200u);
}

TEST(KeySpaceTest, SeriesHaveNames) {
  EXPECT_EQ(ParseKeySeries("decimal").value(), KeySeries::kDecimal);
  EXPECT_EQ(ParseKeySeries("hashed").value(), KeySeries::kHashed);
  EXPECT_FALSE(ParseKeySeries("").ok());
}

TEST(ValuePoolTest, ValuesHaveTheirSizeAndDiffer) {
  for (const size_t bytes : {size_t{1}, size_t{100}, size_t{1024}}) {
    const ValuePool values(bytes);
    EXPECT_EQ(values.At(0).size(), bytes);
    EXPECT_EQ(values.At(uint64_t{1} << 40).size(), bytes);
  }
  const ValuePool values(100);
  EXPECT_NE(values.At(1), values.At(2));
}

TEST(ValuePoolTest, HalfOfAValueIsARepetition) {
  const ValuePool values(100);
  EXPECT_EQ(values.At(0).substr(0, 50), values.At(0).substr(50, 50));
}

}  // namespace
}  // namespace aeternus::bench
