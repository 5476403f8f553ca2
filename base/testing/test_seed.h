// The seed of a randomized test: a fresh one each run, or the one in AETERNUS_SEED to replay a failure.
//
//   std::mt19937_64 random(TestSeed());
#ifndef AETERNUS_BASE_TESTING_TEST_SEED_H_
#define AETERNUS_BASE_TESTING_TEST_SEED_H_

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

namespace aeternus {

inline uint64_t TestSeed() {
  const char* given = std::getenv("AETERNUS_SEED");
  const uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 0) : std::random_device{}();
  std::fprintf(stderr, "replay with --test_env=AETERNUS_SEED=%llu\n", static_cast<unsigned long long>(seed));
  return seed;
}

// `size` random bytes.
inline std::string RandomBytes(std::mt19937_64& random, size_t size) {
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

}  // namespace aeternus

#endif  // AETERNUS_BASE_TESTING_TEST_SEED_H_
