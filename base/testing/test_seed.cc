#include "base/testing/test_seed.h"

#include <cstdio>
#include <cstdlib>

#include "absl/log/check.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"

namespace aeternus {

std::optional<uint64_t> GivenSeed() {
  const char* const text = std::getenv("AETERNUS_SEED");
  if (text == nullptr || *text == '\0') return std::nullopt;
  uint64_t seed = 0;
  const bool is_number =
      absl::StartsWith(text, "0x") ? absl::SimpleHexAtoi(text, &seed) : absl::SimpleAtoi(text, &seed);
  CHECK(is_number) << "AETERNUS_SEED=" << text << " is not a number";
  return seed;
}

uint64_t TestSeed() {
  const std::optional<uint64_t> given = GivenSeed();
  const uint64_t seed = given.has_value() ? *given : std::random_device{}();
  std::fprintf(stderr, "replay with --test_env=AETERNUS_SEED=%llu\n", static_cast<unsigned long long>(seed));
  return seed;
}

std::string RandomBytes(std::mt19937_64& random, size_t size) {
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

}  // namespace aeternus
