// Randomness for tests, the same on every platform (the standard's distributions are not).
#ifndef AETERNUS_STRESS_RNG_H_
#define AETERNUS_STRESS_RNG_H_

#include <cstdint>
#include <random>

namespace aeternus::stress {

class Rng {
 public:
  explicit Rng(uint64_t seed) : engine_(seed) {}
  uint64_t Next() { return engine_(); }
  // In [0, bound).
  uint64_t Below(uint64_t bound) { return engine_() % bound; }
  bool OneIn(uint64_t n) { return Below(n) == 0; }

 private:
  std::mt19937_64 engine_;
};

}  // namespace aeternus::stress

#endif  // AETERNUS_STRESS_RNG_H_
