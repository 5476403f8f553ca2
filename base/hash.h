// The stable 64-bit hash of the formats: XXH3 with seed 0, the same on every machine and in every version.
#ifndef AETERNUS_BASE_HASH_H_
#define AETERNUS_BASE_HASH_H_

#include <cstdint>
#include <string_view>

#include "xxhash.h"

namespace aeternus {

inline constexpr std::string_view kHashName = "xxh3-64";

inline uint64_t StableHash(std::string_view data) { return XXH3_64bits(data.data(), data.size()); }

// Hash of two numbers, for example the salt of a log.
inline uint64_t StableHash(uint64_t a, uint64_t b) {
  const uint64_t words[2] = {a, b};
  return XXH3_64bits(words, sizeof(words));
}

}  // namespace aeternus

#endif  // AETERNUS_BASE_HASH_H_
