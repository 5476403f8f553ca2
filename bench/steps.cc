#include "bench/steps.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <numeric>
#include <random>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"

namespace aeternus::bench {

std::vector<uint32_t> Shuffled(uint64_t n) {
  std::vector<uint32_t> order(n);
  std::iota(order.begin(), order.end(), 0);
  std::mt19937_64 random(1);
  for (uint64_t i = n; i > 1; --i) std::swap(order[i - 1], order[random() % i]);
  return order;
}

std::vector<uint32_t> Drawn(uint64_t count, uint64_t n, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<uint32_t> picks(count);
  for (uint32_t& pick : picks) pick = static_cast<uint32_t>(random() % n);
  return picks;
}

uint64_t ReadCount(const Trial& trial) { return std::min<uint64_t>(trial.key_count(), 1'000'000); }

uint64_t ScanPasses(uint64_t entries) { return std::clamp<uint64_t>(4'000'000 / (entries + 1), 1, 100); }

absl::Status Fill(Trial& trial, const Phase& phase, const std::vector<uint32_t>& order) {
  return trial.Measure(phase, [&](Session* session, uint64_t i) {
    char key[KeySpace::kBytes];
    return session->Put(trial.keys().Write(order[i], key), trial.values().At(i));
  });
}

absl::Status FillToRead(Trial& trial) {
  const Phase phase{.row = "", .operations = trial.key_count(), .writes = true, .settles = true};
  return Fill(trial, phase, Shuffled(trial.key_count()));
}

absl::Status MeasureScan(Trial& trial, const std::string& row, uint64_t expected) {
  const Phase phase{
      .row = row, .operations = ScanPasses(expected), .entries_per_operation = expected, .has_latencies = false};
  return trial.Measure(phase, [&](Session* session, uint64_t) -> absl::Status {
    AETERNUS_ASSIGN_OR_RETURN(const uint64_t seen, session->ScanForward("", std::numeric_limits<uint64_t>::max()));
    if (seen == expected) return absl::OkStatus();
    return absl::InternalError(absl::StrCat("scanned ", seen, " entries of ", expected));
  });
}

absl::Status WarmUp(Trial& trial) {
  const std::unique_ptr<Session> session = trial.store().NewSession();
  AETERNUS_RETURN_IF_ERROR(session->ScanForward("", std::numeric_limits<uint64_t>::max()).status());
  for (const uint32_t pick : Drawn(ReadCount(trial) / 10, trial.key_count(), 2)) {
    char key[KeySpace::kBytes];
    AETERNUS_RETURN_IF_ERROR(session->Get(trial.keys().Write(pick, key)).status());
  }
  return absl::OkStatus();
}

}  // namespace aeternus::bench
