// Counts durations in buckets whose width is 1/32 of their value, for percentiles with an error of at most 3 % at the
// cost of a few instructions each. The unit is the caller's.
//
//   Histogram latencies;
//   latencies.Add(137);
//   uint64_t p99 = latencies.Percentile(99);
//
// Thread safety: one thread at a time; give each its own and Merge them.
#ifndef AETERNUS_BENCH_HISTOGRAM_H_
#define AETERNUS_BENCH_HISTOGRAM_H_

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace aeternus::bench {

class Histogram {
 public:
  void Add(uint64_t value) { ++counts_[BucketOf(value)]; }
  void Merge(const Histogram& other);

  uint64_t count() const;
  // The middle of the bucket that holds the value at or below which are `percent` of all; 0 when there are none.
  // `percent` in (0, 100].
  uint64_t Percentile(double percent) const;

 private:
  // Values below 2^kBits have a bucket each; from there on, every power of two is cut into 2^kBits of them.
  static constexpr int kBits = 5;
  static constexpr size_t kPerOctave = size_t{1} << kBits;

  static size_t BucketOf(uint64_t value) {
    if (value < kPerOctave) return value;
    const int shift = std::bit_width(value) - 1 - kBits;
    return (static_cast<size_t>(shift) << kBits) + (value >> shift);
  }
  static uint64_t MiddleOf(size_t bucket);

  std::array<uint64_t, (64 - kBits + 1) << kBits> counts_ = {};
};

}  // namespace aeternus::bench

#endif  // AETERNUS_BENCH_HISTOGRAM_H_
