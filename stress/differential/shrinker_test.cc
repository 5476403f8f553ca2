#include "stress/differential/shrinker.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "gtest/gtest.h"

namespace aeternus::stress {
namespace {

using Numbers = std::vector<int>;

constexpr int kPlenty = 100000;

Numbers FirstNumbers(int count) {
  Numbers numbers(static_cast<size_t>(count));
  std::iota(numbers.begin(), numbers.end(), 1);
  return numbers;
}

bool Holds(const Numbers& list, int number) { return std::find(list.begin(), list.end(), number) != list.end(); }

TEST(ShrinkTest, OneCulpritIsLeftAlone) {
  for (int culprit : {1, 2, 500, 999, 1000}) {
    EXPECT_EQ(Shrink<int>(
                  FirstNumbers(1000), [&](const Numbers& list) { return Holds(list, culprit); }, kPlenty),
              Numbers{culprit});
  }
}

TEST(ShrinkTest, CulpritsFarApartKeepTheirOrder) {
  const auto fails = [](const Numbers& list) { return Holds(list, 3) && Holds(list, 400) && Holds(list, 997); };
  EXPECT_EQ(Shrink<int>(FirstNumbers(1000), fails, kPlenty), (Numbers{3, 400, 997}));
}

TEST(ShrinkTest, FailureThatNeedsAnEvenNumberOfElementsEndsWithNoneToLeaveOut) {
  // Not monotone: leaving out one element of a failing list mends it, leaving out two does not.
  const auto fails = [](const Numbers& list) { return Holds(list, 7) && list.size() % 2 == 0; };
  const Numbers small = Shrink<int>(FirstNumbers(64), fails, kPlenty);
  ASSERT_TRUE(fails(small));
  for (size_t i = 0; i < small.size(); ++i) {
    Numbers without = small;
    without.erase(without.begin() + static_cast<int>(i));
    EXPECT_FALSE(fails(without));
  }
}

TEST(ShrinkTest, WhatAlwaysFailsBecomesEmpty) {
  EXPECT_EQ(Shrink<int>(
                FirstNumbers(100), [](const Numbers&) { return true; }, kPlenty),
            Numbers{});
}

TEST(ShrinkTest, TriesAreBoundedAndTheResultFails) {
  for (int tries_max : {0, 1, 5, 20}) {
    int tries = 0;
    const auto fails = [&](const Numbers& list) {
      ++tries;
      return Holds(list, 11) && Holds(list, 77);
    };
    const Numbers small = Shrink<int>(FirstNumbers(1000), fails, tries_max);
    EXPECT_LE(tries, tries_max);
    EXPECT_TRUE(fails(small));
  }
}

TEST(ShrinkTest, TakesFewTriesForALongList) {
  int tries = 0;
  const auto fails = [&](const Numbers& list) {
    ++tries;
    return Holds(list, 1234) && Holds(list, 4321);
  };
  EXPECT_EQ(Shrink<int>(FirstNumbers(10000), fails, kPlenty), (Numbers{1234, 4321}));
  EXPECT_LT(tries, 100);
}

TEST(SimplifyTest, ElementsBecomeAsSimpleAsTheFailureAllows) {
  const auto fails = [](const Numbers& list) { return list[0] + list[1] >= 10; };
  const auto one_less = [](const int& number) { return number > 0 ? Numbers{number - 1} : Numbers{}; };
  EXPECT_EQ(Simplify<int>({50, 60}, fails, one_less, kPlenty), (Numbers{0, 10}));
}

TEST(SimplifyTest, TriesAreBoundedAndTheResultFails) {
  const auto one_less = [](const int& number) { return Numbers{number - 1}; };
  const auto fails = [](const Numbers&) { return true; };
  EXPECT_EQ(Simplify<int>({50}, fails, one_less, 3), Numbers{47});
}

}  // namespace
}  // namespace aeternus::stress
