// Hashes of keys, and how often a filter is wrong: for the tests and the benchmarks of filters.
#ifndef AETERNUS_BLOOM_TESTING_PROBES_H_
#define AETERNUS_BLOOM_TESTING_PROBES_H_

#include <cstdint>

#include "base/hash.h"

namespace aeternus::bloom::testing {

// Hash of the i-th key of a family; two families share no key.
inline uint64_t HashOf(uint64_t family, uint64_t i) { return StableHash(family, i); }

// Share of 100,000 keys of another family that the filter admits. Hashes are fixed, so the answer is too.
template <typename Filter>
double FalsePositiveRate(const Filter& filter) {
  constexpr int kProbes = 100'000;
  int admitted = 0;
  for (int i = 0; i < kProbes; ++i) admitted += filter.MayContain(HashOf(/*family=*/999, i)) ? 1 : 0;
  return static_cast<double>(admitted) / kProbes;
}

}  // namespace aeternus::bloom::testing

#endif  // AETERNUS_BLOOM_TESTING_PROBES_H_
