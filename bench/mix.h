// A 64-bit hash of a number: the finalizer of SplitMix64, a bijection in which every bit depends on every other.
#ifndef AETERNUS_BENCH_MIX_H_
#define AETERNUS_BENCH_MIX_H_

#include <cstdint>

namespace aeternus::bench {

inline uint64_t Mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

}  // namespace aeternus::bench

#endif  // AETERNUS_BENCH_MIX_H_
