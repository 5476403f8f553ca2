// The same random operations on the model and on Db, which flushes and compacts behind the writer's back.
#include <cstdint>
#include <vector>

#include "gtest/gtest.h"
#include "stress/differential/aeternus_subject.h"
#include "stress/differential/campaign.h"
#include "stress/rng.h"
#include "stress/seed.h"

namespace aeternus::stress {
namespace {

// How often a shortened script is run before it counts as free of the difference: the schedule is the machine's.
constexpr int kAttempts = 5;

std::vector<Contestant> DbsFor(uint64_t seed) {
  Rng rng(seed);
  std::vector<Contestant> contestants;
  for (const DbVariant& variant : {DrawDbVariant(rng), DrawDbVariant(rng)}) {
    contestants.push_back({Describe(variant), [variant] { return OpenDb(variant); }, kAttempts});
  }
  return contestants;
}

TEST(DbDifferentialTest, DbsUnderAllOptionsEqualTheModel) {
  RunCampaign({.operations_min = IsLongRun() ? 5'000'000u : 100'000u}, DbsFor);
}

}  // namespace
}  // namespace aeternus::stress
