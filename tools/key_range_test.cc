#include "tools/key_range.h"

#include <optional>
#include <string>

#include "base/testing/test_seed.h"
#include "gtest/gtest.h"

namespace aeternus::tools {
namespace {

// Few letters and the highest byte, so that keys share prefixes and meet bounds.
std::string RandomKey(std::mt19937_64& random) {
  std::string key(random() % 4, '\0');
  for (char& c : key) c = "ab\xff"[random() % 3];
  return key;
}

KeyRange RandomRange(std::mt19937_64& random) {
  KeyRange range{.start = RandomKey(random), .end = std::nullopt};
  if (random() % 3 != 0) range.end = RandomKey(random);
  return range;
}

TEST(KeyRangeTest, AnIntersectionHoldsWhatBothHold) {
  std::mt19937_64 random(TestSeed());
  for (int i = 0; i < 5000; ++i) {
    const KeyRange a = RandomRange(random);
    const KeyRange b = RandomRange(random);
    const KeyRange both = Intersect(a, b);
    const std::string key = RandomKey(random);
    EXPECT_EQ(both.Contains(key), a.Contains(key) && b.Contains(key))
        << FormatRange(a) << " " << FormatRange(b) << " " << key;
    if (both.empty()) {
      EXPECT_FALSE(both.Contains(key));
    }
  }
}

TEST(KeyRangeTest, APrefixRangeHoldsExactlyTheKeysWithThePrefix) {
  std::mt19937_64 random(TestSeed());
  for (int i = 0; i < 5000; ++i) {
    const std::string prefix = RandomKey(random);
    const std::string key = RandomKey(random);
    EXPECT_EQ(PrefixRange(prefix).Contains(key), key.compare(0, prefix.size(), prefix) == 0) << prefix << " " << key;
  }
}

TEST(KeyRangeTest, RangesAreShownAsIntervals) {
  EXPECT_EQ(FormatRange(PrefixRange("/usr/")), "[\"/usr/\", \"/usr0\")");
  EXPECT_EQ(FormatRange(PrefixRange("\xff")), "[\"\\xff\", unbounded)");
  EXPECT_EQ(FormatRange({}), "[\"\", unbounded)");
}

}  // namespace
}  // namespace aeternus::tools
