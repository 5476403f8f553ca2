#include "base/key_order.h"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "base/testing/test_seed.h"
#include "base/types.h"
#include "gtest/gtest.h"

namespace aeternus {
namespace {

// The definition, in the plainest words: the first differing byte decides, as an unsigned number; else the length.
int ReferenceCompare(const std::string& a, const std::string& b) {
  for (size_t i = 0; i < a.size() && i < b.size(); ++i) {
    if (a[i] != b[i]) return static_cast<unsigned char>(a[i]) < static_cast<unsigned char>(b[i]) ? -1 : 1;
  }
  return a.size() == b.size() ? 0 : (a.size() < b.size() ? -1 : 1);
}

int Sign(int c) { return (c > 0) - (c < 0); }

// Keys of at most 3 bytes out of these; all pairs of them meet every relation that two keys can have.
std::vector<std::string> ShortKeys() {
  std::vector<std::string> keys = {""};
  for (size_t begin = 0, length = 1; length <= 3; ++length) {
    const size_t end = keys.size();
    for (; begin < end; ++begin) {
      for (const char byte : {'\x00', '\x01', 'a', '\x7f', '\x80', '\xfe', '\xff'}) keys.push_back(keys[begin] + byte);
    }
  }
  return keys;
}

// Pairs with a long common prefix.
std::pair<std::string, std::string> RandomPair(std::mt19937_64& random) {
  const std::string common = RandomBytes(random, random() % 20);
  const auto tail = [&random] {
    std::string bytes(random() % 12, '\0');
    for (char& byte : bytes) byte = "\x00\x01\x7f\x80\xfe\xff"[random() % 6];
    return bytes;
  };
  return {common + tail(), common + tail()};
}

void CheckPair(const std::string& a, const std::string& b) {
  const int order = ReferenceCompare(a, b);
  ASSERT_EQ(Sign(CompareKeys(a, b)), order);
  const size_t common = CommonPrefixSize(a, b);
  ASSERT_EQ(a.substr(0, common), b.substr(0, common));
  ASSERT_FALSE(common < a.size() && common < b.size() && a[common] == b[common]);
  for (size_t skip = 0; skip <= common; ++skip) {
    if (KeyPrefix(a, skip) < KeyPrefix(b, skip)) {
      ASSERT_LT(order, 0);
    }
    if (order < 0) {
      ASSERT_LE(KeyPrefix(a, skip), KeyPrefix(b, skip));
    }
  }
  if (order < 0) {
    const std::string separator = ShortestSeparator(a, b);
    ASSERT_LE(ReferenceCompare(a, separator), 0);
    ASSERT_LT(ReferenceCompare(separator, b), 0);
    ASSERT_LE(separator.size(), a.size());
  }
}

TEST(KeyOrderTest, APrefixIsTheBytesBehindWhatIsSkippedAndZeros) {
  std::mt19937_64 random(TestSeed());
  for (int round = 0; round < 20'000; ++round) {
    const std::string key = RandomBytes(random, random() % 24);
    const size_t skip = random() % 28;
    uint64_t expected = 0;
    for (size_t i = skip; i < skip + 8; ++i) {
      expected = expected << 8 | (i < key.size() ? static_cast<uint8_t>(key[i]) : 0);
    }
    ASSERT_EQ(KeyPrefix(key, skip), expected) << key.size() << " " << skip;
  }
}

TEST(KeyOrderTest, AllPairsOfShortKeysAgreeWithTheDefinition) {
  const std::vector<std::string> keys = ShortKeys();
  for (const std::string& a : keys) {
    for (const std::string& b : keys) ASSERT_NO_FATAL_FAILURE(CheckPair(a, b));
  }
}

TEST(KeyOrderTest, RandomPairsAgreeWithTheDefinition) {
  std::mt19937_64 random(TestSeed());
  for (int round = 0; round < 20'000; ++round) {
    const auto [a, b] = RandomPair(random);
    ASSERT_NO_FATAL_FAILURE(CheckPair(a, b));
  }
}

TEST(KeyOrderTest, SeparatorOfLongKeysIsShort) {
  EXPECT_EQ(ShortestSeparator("user/alice/profile", "user/carol"), "user/b");
  EXPECT_EQ(ShortestSeparator("user/alice/profile", "user/bob"), "user/alice/profile") << "nothing shorter fits";
}

TEST(KeyOrderTest, NewestVersionOfAKeyComesFirst) {
  EXPECT_LT(CompareEntries("a", Lsn(2), "a", Lsn(1)), 0);
  EXPECT_GT(CompareEntries("a", Lsn(1), "a", Lsn(2)), 0);
  EXPECT_EQ(CompareEntries("a", Lsn(1), "a", Lsn(1)), 0);
  EXPECT_LT(CompareEntries("a", Lsn(1), "b", Lsn(2)), 0);
}

TEST(KeyOrderTest, PrefixSuccessorIsTheLeastKeyAboveAllWithThePrefix) {
  const std::vector<std::string> keys = ShortKeys();
  for (const std::string& prefix : keys) {
    const std::string successor = PrefixSuccessor(prefix);
    for (const std::string& key : keys) {
      const bool has_prefix = key.compare(0, prefix.size(), prefix) == 0;
      const bool is_in_range = key >= prefix && (successor.empty() || key < successor);
      ASSERT_EQ(is_in_range, has_prefix);
    }
  }
}

}  // namespace
}  // namespace aeternus
