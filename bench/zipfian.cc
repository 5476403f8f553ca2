#include "bench/zipfian.h"

#include <algorithm>
#include <cmath>

#include "bench/mix.h"

namespace aeternus::bench {
namespace {

double Zeta(uint64_t n, double theta) {
  double sum = 0;
  for (uint64_t i = n; i >= 1; --i) sum += std::pow(static_cast<double>(i), -theta);  // small terms first
  return sum;
}

}  // namespace

Zipfian::Zipfian(uint64_t n, double theta)
    : n_(n),
      theta_(theta),
      zeta_n_(Zeta(n, theta)),
      alpha_(1.0 / (1.0 - theta)),
      eta_((1.0 - std::pow(2.0 / static_cast<double>(n), 1.0 - theta)) /
           (1.0 - Zeta(std::min<uint64_t>(n, 2), theta) / zeta_n_)) {}

uint64_t Zipfian::Draw(std::mt19937_64& random) const {
  const double u = std::uniform_real_distribution<double>(0.0, 1.0)(random);
  const double scaled = u * zeta_n_;
  if (scaled < 1.0 || n_ == 1) return 0;
  if (scaled < 1.0 + std::pow(0.5, theta_) || n_ == 2) return 1;
  const double rank = static_cast<double>(n_) * std::pow(eta_ * u - eta_ + 1.0, alpha_);
  return std::min(static_cast<uint64_t>(rank), n_ - 1);
}

uint64_t Zipfian::Scrambled(uint64_t rank, uint64_t n) { return Mix(rank) % n; }

}  // namespace aeternus::bench
