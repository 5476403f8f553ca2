// Ranks 0 .. n-1 with probability proportional to 1 / (rank + 1)^theta: Zipf's law, drawn in constant time by the
// method of Gray et al., "Quickly generating billion-record synthetic databases" (SIGMOD 1994), as YCSB does. Rank 0 is
// the most popular; Scrambled() spreads the popular ones over the key space, as YCSB's requests are.
//
//   Zipfian zipfian(1'000'000, 0.99);
//   std::mt19937_64 random(seed);
//   uint64_t rank = zipfian.Draw(random);
//   uint64_t key = Zipfian::Scrambled(rank, 1'000'000);
//
// Thread safety: Draw is const; the random generator is the caller's.
#ifndef AETERNUS_BENCH_ZIPFIAN_H_
#define AETERNUS_BENCH_ZIPFIAN_H_

#include <cstdint>
#include <random>

namespace aeternus::bench {

class Zipfian {
 public:
  // `n` >= 1, 0 < theta < 1. Takes time in proportion to `n`.
  Zipfian(uint64_t n, double theta);

  uint64_t Draw(std::mt19937_64& random) const;

  uint64_t size() const { return n_; }

  // A fixed place in [0, n) for each rank. Two ranks may share one, as in YCSB.
  static uint64_t Scrambled(uint64_t rank, uint64_t n);

 private:
  const uint64_t n_;
  const double theta_;
  const double zeta_n_;  // the sum of 1 / i^theta for i in 1 .. n
  const double alpha_;
  const double eta_;
};

}  // namespace aeternus::bench

#endif  // AETERNUS_BENCH_ZIPFIAN_H_
