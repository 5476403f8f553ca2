// The same random operations on LevelDB, on Engine and on the model: what can be read is the same for all.
#include <cstdint>
#include <vector>

#include "gtest/gtest.h"
#include "stress/differential/aeternus_subject.h"
#include "stress/differential/campaign.h"
#include "stress/peers/leveldb_subject.h"
#include "stress/rng.h"

namespace aeternus::stress {
namespace {

std::vector<Contestant> LevelDbAndEngine(uint64_t seed) {
  Rng rng(seed);
  const EngineVariant variant = DrawEngineVariant(rng);
  return {{"leveldb", OpenLevelDb, /*attempts=*/3}, {Describe(variant), [variant] { return OpenEngine(variant); }}};
}

class LevelDbTest : public testing::TestWithParam<uint64_t> {};

TEST_P(LevelDbTest, LevelDbAndEngineAnswerAlike) { RunCampaign(FullCampaign(GetParam()), LevelDbAndEngine); }

INSTANTIATE_TEST_SUITE_P(Seeds, LevelDbTest, testing::Range(uint64_t{0}, kCampaignShards));

}  // namespace
}  // namespace aeternus::stress
