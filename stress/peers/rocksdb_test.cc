// The same random operations on RocksDB, on Engine and on the model: what can be read is the same for all.
#include <cstdint>
#include <vector>

#include "gtest/gtest.h"
#include "stress/differential/aeternus_subject.h"
#include "stress/differential/campaign.h"
#include "stress/peers/rocksdb_subject.h"
#include "stress/rng.h"

namespace aeternus::stress {
namespace {

std::vector<Contestant> RocksDbAndEngine(uint64_t seed) {
  Rng rng(seed);
  const EngineVariant variant = DrawEngineVariant(rng);
  return {{"rocksdb", OpenRocksDb, /*attempts=*/3}, {Describe(variant), [variant] { return OpenEngine(variant); }}};
}

class RocksDbTest : public testing::TestWithParam<uint64_t> {};

TEST_P(RocksDbTest, RocksDbAndEngineAnswerAlike) { RunCampaign(FullCampaign(GetParam()), RocksDbAndEngine); }

INSTANTIATE_TEST_SUITE_P(Seeds, RocksDbTest, testing::Range(uint64_t{0}, kCampaignShards));

}  // namespace
}  // namespace aeternus::stress
