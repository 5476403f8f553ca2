// Seeded randomness for property tests. The seed is printed when a test fails, and AETERNUS_SEED replays it.
//
//   Random random = Random::ForTest();
//   if (random.OneIn(3)) key = random.Below(10);
#ifndef AETERNUS_ITERATOR_TESTING_RANDOM_H_
#define AETERNUS_ITERATOR_TESTING_RANDOM_H_

#include <cstdint>
#include <memory>
#include <random>
#include <string>

#include "base/testing/test_seed.h"
#include "gtest/gtest.h"

namespace aeternus::testing {

class Random {
 public:
  // The seed of AETERNUS_SEED, or one that is the same in every run.
  static Random ForTest() { return Random(GivenSeed().value_or(20'240'607)); }
  explicit Random(uint64_t seed)
      : generator_(seed),
        trace_(std::make_unique<::testing::ScopedTrace>(__FILE__, __LINE__,
                                                        "replay with AETERNUS_SEED=" + std::to_string(seed))) {}

  // A standard generator of random bits, for std::shuffle.
  using result_type = uint64_t;
  static constexpr uint64_t min() { return std::mt19937_64::min(); }
  static constexpr uint64_t max() { return std::mt19937_64::max(); }
  uint64_t operator()() { return generator_(); }

  uint64_t Below(uint64_t bound) { return generator_() % bound; }
  bool OneIn(uint64_t n) { return Below(n) == 0; }

 private:
  std::mt19937_64 generator_;
  std::unique_ptr<::testing::ScopedTrace> trace_;  // shown with every failure while this object lives
};

}  // namespace aeternus::testing

#endif  // AETERNUS_ITERATOR_TESTING_RANDOM_H_
