// The same random operations on the model and on Engine under many options: what can be read is the same for all, at
// every snapshot (invariant 4). That no two variants differ from the model means that none differs from another.
#include <cstdint>
#include <vector>

#include "base/testing/sanitizer.h"
#include "gtest/gtest.h"
#include "stress/differential/aeternus_subject.h"
#include "stress/differential/campaign.h"
#include "stress/rng.h"
#include "stress/seed.h"

namespace aeternus::stress {
namespace {

constexpr uint64_t kShards = 8;

// By default, and twice at random.
std::vector<Contestant> EnginesFor(uint64_t seed) {
  Rng rng(seed);
  std::vector<Contestant> contestants;
  for (const EngineVariant& variant : {EngineVariant{}, DrawEngineVariant(rng), DrawEngineVariant(rng)}) {
    contestants.push_back({Describe(variant), [variant] { return OpenEngine(variant); }});
  }
  return contestants;
}

class DifferentialTest : public testing::TestWithParam<uint64_t> {};

TEST_P(DifferentialTest, EnginesUnderAllOptionsEqualTheModel) {
  const uint64_t operations = SanitizedShare(IsLongRun() ? 100'000'000 : 2'000'000);
  RunCampaign({.first_seed = 1 + GetParam(), .stride = kShards, .operations_min = operations / kShards}, EnginesFor);
}

INSTANTIATE_TEST_SUITE_P(Seeds, DifferentialTest, testing::Range(uint64_t{0}, kShards));

}  // namespace
}  // namespace aeternus::stress
