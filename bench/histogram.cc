#include "bench/histogram.h"

#include <cmath>
#include <numeric>

namespace aeternus::bench {

void Histogram::Merge(const Histogram& other) {
  for (size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
}

uint64_t Histogram::count() const { return std::accumulate(counts_.begin(), counts_.end(), uint64_t{0}); }

uint64_t Histogram::Percentile(double percent) const {
  const auto rank = static_cast<uint64_t>(std::ceil(static_cast<double>(count()) * percent / 100.0));
  uint64_t seen = 0;
  for (size_t i = 0; i < counts_.size(); ++i) {
    seen += counts_[i];
    if (seen > 0 && seen >= rank) return MiddleOf(i);
  }
  return 0;
}

uint64_t Histogram::MiddleOf(size_t bucket) {
  if (bucket < 2 * kPerOctave) return bucket;
  const size_t shift = (bucket >> kBits) - 1;
  const uint64_t first = static_cast<uint64_t>(bucket - (shift << kBits)) << shift;
  return first + (uint64_t{1} << shift) / 2;
}

}  // namespace aeternus::bench
