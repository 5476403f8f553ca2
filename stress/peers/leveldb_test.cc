// The same random operations on LevelDB, on Engine and on the model: what can be read is the same for all.
#include <vector>

#include "gtest/gtest.h"
#include "stress/differential/aeternus_subject.h"
#include "stress/differential/campaign.h"
#include "stress/peers/leveldb_subject.h"
#include "stress/rng.h"
#include "stress/seed.h"

namespace aeternus::stress {
namespace {

std::vector<Contestant> LevelDbAndEngine(uint64_t seed) {
  Rng rng(seed);
  const EngineVariant variant = DrawEngineVariant(rng);
  return {{"leveldb", OpenLevelDb, /*attempts=*/3}, {Describe(variant), [variant] { return OpenEngine(variant); }}};
}

TEST(LevelDbTest, LevelDbAndEngineAnswerAlike) {
  RunCampaign({.operations_min = IsLongRun() ? 10'000'000u : 300'000u}, LevelDbAndEngine);
}

}  // namespace
}  // namespace aeternus::stress
