#include "stress/generator.h"

#include <cstdint>
#include <vector>

#include "gtest/gtest.h"

namespace aeternus::stress {
namespace {

using Kind = Operation::Kind;

// The expected numbers were computed with arbitrary-precision arithmetic, apart from this code.
TEST(LcgTest, DrawsTheKnownNumbers) {
  struct Case {
    uint64_t seed;
    std::vector<uint64_t> numbers;
  };
  const std::vector<Case> cases = {
      {42, {10481999410520546993u, 4159066171780167020u, 7615522811268512075u, 11628791489956661374u}},
      {0, {1442695040888963407u, 1876011003808476466u, 11166244414315200793u, 7401132627792533940u}},
      {0xDEAD, {15359181855282133176u, 9871768230763364775u, 16169861651201500330u, 3672755534009583921u}},
      {~uint64_t{0}, {13525302890751722018u, 12801857353207693129u, 10372369020401571876u, 7739682275686472611u}},
  };
  for (const Case& c : cases) {
    Lcg lcg(c.seed);
    for (uint64_t number : c.numbers) EXPECT_EQ(lcg.NextU64(), number) << "seed " << c.seed;
  }
}

TEST(LcgTest, NextIsTheRemainder) {
  Lcg lcg(42);
  EXPECT_EQ(lcg.Next(100), 10481999410520546993u % 100);
  EXPECT_EQ(lcg.Next(500), 4159066171780167020u % 500);
}

TEST(DrawOperationTest, DrawsTheKnownOperations) {
  struct Case {
    Kind kind;
    uint64_t index;
    uint64_t end_index;
    uint64_t random;
  };
  const std::vector<Case> cases = {
      {Kind::kDeleteRange, 20, 36, 0},
      {Kind::kDelete, 265, 0, 0},
      {Kind::kPut, 47, 0, 2812299150962093586u},
      {Kind::kPut, 148, 0, 6580914716785944659u},
      {Kind::kPut, 313, 0, 6023180652035281032u},
      {Kind::kPut, 346, 0, 14542152906443789121u},
      {Kind::kDeleteRange, 227, 246, 0},
      {Kind::kOverwrite, 340, 0, 7605993102115670463u},
      {Kind::kDelete, 153, 0, 0},
  };
  Lcg lcg(42);
  for (const Case& c : cases) {
    const Operation operation = DrawOperation(lcg, {.key_count = 500, .mix = {60, 20, 15}, .range_width_max = 20});
    EXPECT_EQ(operation.kind, c.kind) << c.index;
    EXPECT_EQ(operation.index, c.index);
    EXPECT_EQ(operation.end_index, c.end_index);
    EXPECT_EQ(operation.random, c.random);
  }
}

TEST(DrawOperationTest, RangesStayWithinTheKeysAndAreNeverEmpty) {
  Lcg lcg(7);
  for (int i = 0; i < 10000; ++i) {
    const Operation operation = DrawOperation(lcg, {.key_count = 30, .mix = {0, 0, 100}, .range_width_max = 20});
    ASSERT_EQ(operation.kind, Kind::kDeleteRange);
    ASSERT_LT(operation.index, operation.end_index);
    ASSERT_LE(operation.end_index, 30u);
    ASSERT_LE(operation.end_index - operation.index, 20u);
  }
}

TEST(DrawOperationTest, SharesFollowTheMix) {
  Lcg lcg(0xDEAD);
  std::vector<int> counts(4);
  for (int i = 0; i < 100000; ++i) {
    const Operation operation = DrawOperation(lcg, {.key_count = 500, .mix = {55, 20, 15}, .range_width_max = 15});
    ++counts[static_cast<size_t>(operation.kind)];
  }
  EXPECT_NEAR(counts[0], 55000, 1500);
  EXPECT_NEAR(counts[1], 20000, 1500);
  EXPECT_NEAR(counts[2], 15000, 1500);
  EXPECT_NEAR(counts[3], 10000, 1500);
}

TEST(NamingTest, KeysArePaddedSoThatTheirOrderIsTheirNumbersOrder) {
  EXPECT_EQ(KeyName(0), "key_0000");
  EXPECT_EQ(KeyName(499), "key_0499");
  EXPECT_LT(KeyName(9), KeyName(10));
}

TEST(NamingTest, ValuesTellTheirOperation) {
  const Operation put{.kind = Kind::kPut, .index = 7, .random = 99};
  const Operation overwrite{.kind = Kind::kOverwrite, .index = 7, .random = 99};
  EXPECT_EQ(ValueOf(put, ValueNaming::kPlain, 3), "v7_99");
  EXPECT_EQ(ValueOf(overwrite, ValueNaming::kPlain, 3), "ow7_99");
  EXPECT_EQ(ValueOf(put, ValueNaming::kVerbose, 3), "val_7_r99");
  EXPECT_EQ(ValueOf(overwrite, ValueNaming::kVerbose, 3), "overwrite_7_r99");
  EXPECT_EQ(ValueOf(put, ValueNaming::kRound, 3), "v7_r3_99");
  EXPECT_EQ(ValueOf(overwrite, ValueNaming::kRound, 3), "ow7_r3_99");
}

}  // namespace
}  // namespace aeternus::stress
