// The seed of a randomized test, and how a failure is replayed: AETERNUS_SEED in the environment, decimal or 0x...
// This is the only place that looks there.
//
//   std::mt19937_64 random(TestSeed());
#ifndef AETERNUS_BASE_TESTING_TEST_SEED_H_
#define AETERNUS_BASE_TESTING_TEST_SEED_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>

namespace aeternus {

// The seed that whoever runs the test asked for. What is no number ends the process: a replay of something else would
// only mislead.
std::optional<uint64_t> GivenSeed();

// That one, or a fresh one; printed with the option that replays it.
uint64_t TestSeed();

// `size` random bytes.
std::string RandomBytes(std::mt19937_64& random, size_t size);

}  // namespace aeternus

#endif  // AETERNUS_BASE_TESTING_TEST_SEED_H_
