#include "bench/zipfian.h"

#include <cmath>
#include <cstdint>
#include <random>
#include <set>
#include <vector>

#include "gtest/gtest.h"

namespace aeternus::bench {
namespace {

constexpr double kTheta = 0.99;

// How often each rank should come, straight from the definition.
std::vector<double> Expected(uint64_t n, double draws) {
  double zeta = 0;
  for (uint64_t i = 1; i <= n; ++i) zeta += 1 / std::pow(static_cast<double>(i), kTheta);
  std::vector<double> expected;
  for (uint64_t i = 1; i <= n; ++i) expected.push_back(draws / std::pow(static_cast<double>(i), kTheta) / zeta);
  return expected;
}

std::vector<uint64_t> Drawn(uint64_t n, int draws) {
  const Zipfian zipfian(n, kTheta);
  std::mt19937_64 random(7);
  std::vector<uint64_t> counts(n);
  for (int i = 0; i < draws; ++i) ++counts.at(zipfian.Draw(random));
  return counts;
}

TEST(ZipfianTest, FollowsTheLaw) {
  constexpr int kDraws = 1'000'000;
  const std::vector<uint64_t> drawn = Drawn(1'000, kDraws);
  const std::vector<double> expected = Expected(1'000, kDraws);
  // The two most popular ranks are exact, but for chance; the method approximates the rest by a continuous law.
  for (int rank : {0, 1}) {
    EXPECT_NEAR(static_cast<double>(drawn[rank]), expected[rank], 5 * std::sqrt(expected[rank])) << rank;
  }
  double drawn_below = 0;
  double expected_below = 0;
  for (int rank = 0; rank < 1'000; ++rank) {
    drawn_below += static_cast<double>(drawn[rank]);
    expected_below += expected[rank];
    EXPECT_NEAR(drawn_below, expected_below, 0.03 * kDraws) << "ranks up to " << rank;
  }
}

TEST(ZipfianTest, StaysInsideSmallRanges) {
  for (uint64_t n = 1; n <= 5; ++n) {
    for (const uint64_t count : Drawn(n, 20'000)) EXPECT_GT(count, 0u) << n;
  }
}

TEST(ZipfianTest, ScrambledRanksAreSpreadAndStayPut) {
  std::set<uint64_t> places;
  for (uint64_t rank = 0; rank < 100; ++rank) {
    const uint64_t place = Zipfian::Scrambled(rank, 1'000'000);
    EXPECT_LT(place, 1'000'000u);
    EXPECT_EQ(place, Zipfian::Scrambled(rank, 1'000'000));
    places.insert(place / 100'000);
  }
  EXPECT_EQ(places.size(), 10u) << "every tenth of the key space has some of the hundred most popular keys";
}

}  // namespace
}  // namespace aeternus::bench
