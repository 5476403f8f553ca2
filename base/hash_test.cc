#include "base/hash.h"

#include <string>

#include "base/coding.h"
#include "gtest/gtest.h"

namespace aeternus {
namespace {

// Published values of XXH3-64 with seed 0. A change of any of them breaks every filter and every log ever written.
TEST(StableHashTest, KnownValues) {
  EXPECT_EQ(StableHash(""), 0x2d06800538d394c2u);
  EXPECT_EQ(StableHash("a"), 0xe6c632b61e964e1fu);
  EXPECT_EQ(StableHash("abc"), 0x78af5f94892f3950u);
}

TEST(StableHashTest, HashOfTwoNumbersIsThatOfTheirBytes) {
  std::string bytes;
  PutU64(&bytes, 77);
  PutU64(&bytes, 5);
  EXPECT_EQ(StableHash(77, 5), StableHash(bytes));
  EXPECT_NE(StableHash(77, 5), StableHash(5, 77));
}

}  // namespace
}  // namespace aeternus
