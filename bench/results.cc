#include "bench/results.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_format.h"

namespace aeternus::bench {
namespace {

double Median(std::vector<double> sorted) {
  const size_t middle = sorted.size() / 2;
  return sorted.size() % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

// Over the rows that both have.
std::string GeometricMean(absl::Span<const Results> all, std::string_view peer) {
  double sum_of_logs = 0;
  int count = 0;
  for (const Results& results : all) {
    for (const std::string& row : results.rows) {
      if (const std::optional<double> ratio = results.Ratio(row, peer); ratio.has_value() && *ratio > 0) {
        sum_of_logs += std::log(*ratio);
        ++count;
      }
    }
  }
  return count == 0 ? "n/a" : absl::StrFormat("%.2f", std::exp(sum_of_logs / count));
}

}  // namespace

void Results::Add(std::string_view engine, Row row) {
  samples[{std::string(engine), row.name}].push_back(std::move(row));
}

absl::Span<const Row> Results::Samples(std::string_view engine, std::string_view row) const {
  const auto found = samples.find({std::string(engine), std::string(row)});
  if (found == samples.end()) return {};
  return found->second;
}

std::optional<Spread> Results::Of(std::string_view engine, std::string_view row,
                                  const std::function<double(const Row&)>& number) const {
  std::vector<double> numbers;
  for (const Row& sample : Samples(engine, row)) numbers.push_back(number(sample));
  if (numbers.empty()) return std::nullopt;
  std::sort(numbers.begin(), numbers.end());
  return Spread{.median = Median(numbers), .min = numbers.front(), .max = numbers.back()};
}

std::optional<Spread> Results::RateOf(std::string_view engine, std::string_view row) const {
  return Of(engine, row, [](const Row& sample) { return sample.Rate(); });
}

bool Results::HasOurs() const {
  return std::any_of(engines.begin(), engines.end(), [](const Engine& engine) { return engine.name == kOurs; });
}

const Engine* Results::BestPeer(std::string_view row) const {
  const Engine* best = nullptr;
  double best_rate = 0;
  for (const Engine& engine : engines) {
    if (engine.name == kOurs) continue;
    if (const std::optional<Spread> rate = RateOf(engine.name, row); rate.has_value() && rate->median > best_rate) {
      best = &engine;
      best_rate = rate->median;
    }
  }
  return best;
}

std::optional<double> Results::Ratio(std::string_view row, std::string_view other) const {
  const std::optional<Spread> ours = RateOf(kOurs, row);
  const std::optional<Spread> theirs = RateOf(other, row);
  if (!ours.has_value() || !theirs.has_value() || theirs->median <= 0) return std::nullopt;
  return ours->median / theirs->median;
}

std::string SummaryLine(absl::Span<const Results> all) {
  int ahead = 0;
  int compared = 0;
  for (const Results& results : all) {
    for (const std::string& row : results.rows) {
      const Engine* best = results.BestPeer(row);
      if (best == nullptr || !results.HasOurs()) continue;
      ++compared;
      if (results.Ratio(row, best->name).value_or(0) > 1) ++ahead;
    }
  }
  return absl::StrFormat("rows ahead: %d of %d, geometric mean vs rocksdb: %s, vs leveldb: %s, vs lmdb: %s", ahead,
                         compared, GeometricMean(all, "rocksdb"), GeometricMean(all, "leveldb"),
                         GeometricMean(all, "lmdb"));
}

}  // namespace aeternus::bench
