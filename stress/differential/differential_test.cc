// The same random operations on the model and on Engine under many options: what can be read is the same for all, at
// every snapshot (invariant 4). That no two variants differ from the model means that none differs from another.
#include <cstdint>
#include <vector>

#include "gtest/gtest.h"
#include "stress/differential/aeternus_subject.h"
#include "stress/differential/campaign.h"
#include "stress/rng.h"

namespace aeternus::stress {
namespace {

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

TEST_P(DifferentialTest, EnginesUnderAllOptionsEqualTheModel) { RunCampaign(FullCampaign(GetParam()), EnginesFor); }

INSTANTIATE_TEST_SUITE_P(Seeds, DifferentialTest, testing::Range(uint64_t{0}, kCampaignShards));

}  // namespace
}  // namespace aeternus::stress
