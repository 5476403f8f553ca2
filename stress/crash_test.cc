// Crash recovery: random histories, cut at sampled calls to the file system, with everything, nothing, or a random part
// of what was not synced kept on the disk. Whatever is left must open, and hold a prefix of the history with everything
// that was acknowledged with sync; from some such states a second life begins, and is cut in its turn, its recovery
// included.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "env/testing/sim_file_system.h"
#include "gtest/gtest.h"
#include "stress/crash_life.h"
#include "stress/rng.h"
#include "stress/seed.h"

namespace aeternus::stress {
namespace {

using env::testing::CrashMode;
using env::testing::CrashOptions;
using env::testing::SimFileSystem;

EngineConfig RandomConfig(Rng& rng) {
  EngineConfig config;
  config.write_buffer_bytes = size_t{128} << rng.Below(5);
  config.table.block_size_bytes = 256;
  config.compaction.min_threshold = 2;
  config.compaction.tombstone_ratio = 0.1;
  return config;
}

std::vector<CrashOptions> CrashesToTry(Rng& rng) {
  return {{.mode = CrashMode::kDropAll},
          {.mode = CrashMode::kKeepAll},
          {.mode = CrashMode::kRandom, .seed = rng.Next()},
          {.mode = CrashMode::kRandom, .seed = rng.Next()}};
}

class CrashRun {
 public:
  explicit CrashRun(uint64_t seed) : rng_(seed), config_(RandomConfig(rng_)) {}

  void Run() { Live(nullptr, {Contents{}}, /*lives_left=*/2, /*sample_one_in=*/IsLongRun() ? 2 : 6); }
  uint64_t states() const { return states_; }

 private:
  // Lives a life on `disk`, cuts it in many places, and goes on from some of them.
  void Live(std::unique_ptr<SimFileSystem> disk, std::vector<Contents> acceptable, int lives_left,
            uint64_t sample_one_in) {
    CrashLife life(rng_.Next(), config_, std::move(disk), std::move(acceptable));
    const absl::Status status = life.Run(sample_one_in);
    ASSERT_TRUE(status.ok()) << status;
    for (const CrashPoint& point : life.points()) {
      for (const CrashOptions& options : CrashesToTry(rng_)) {
        SCOPED_TRACE(
            absl::StrCat(point.place, ", crash mode ", static_cast<int>(options.mode), " seed ", options.seed));
        Check(point, options);
        if (testing::Test::HasFailure()) return;
        if (lives_left > 0 && rng_.OneIn(40)) {
          Live(point.disk->Crash(options), point.acceptable, lives_left - 1, /*sample_one_in=*/40);
        }
        // Not a power cut but a killed process: what was not synced is still in the page cache, for the next one.
        if (lives_left > 0 && rng_.OneIn(160)) Live(point.disk->Fork(), point.acceptable, lives_left - 1, 40);
        if (testing::Test::HasFailure()) return;
      }
    }
  }

  void Check(const CrashPoint& point, const CrashOptions& options) {
    ++states_;
    const absl::StatusOr<Contents> found = Recover(config_, point.disk->Crash(options));
    ASSERT_TRUE(found.ok()) << found.status();
    ASSERT_NE(std::find(point.acceptable.begin(), point.acceptable.end(), *found), point.acceptable.end())
        << "the contents are none of " << point.acceptable.size() << " acceptable prefixes of the history";
  }

  Rng rng_;
  const EngineConfig config_;
  uint64_t states_ = 0;
};

constexpr uint64_t kShards = 8;

class CrashTest : public testing::TestWithParam<uint64_t> {};

TEST_P(CrashTest, WhatACrashLeavesOpensAsAPrefixWithEverythingSynced) {
  uint64_t states = 0;
  for (uint64_t seed : SeedsOrFirst(IsLongRun() ? 400 : 24)) {
    if (!SeedOverride().has_value() && seed % kShards != GetParam()) continue;
    SCOPED_TRACE(absl::StrCat("replay: ", ReplayCommand(seed)));
    CrashRun run(seed);
    run.Run();
    states += run.states();
    if (HasFailure()) break;
  }
  std::printf("crash states: %llu\n", static_cast<unsigned long long>(states));
  EXPECT_GT(states, 0u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, CrashTest, testing::Range(uint64_t{0}, kShards));

}  // namespace
}  // namespace aeternus::stress
