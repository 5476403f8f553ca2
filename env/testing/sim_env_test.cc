#include "env/testing/sim_env.h"

#include <memory>
#include <utility>
#include <vector>

#include "env/env.h"
#include "env/testing/sim_file_system.h"
#include "gtest/gtest.h"

namespace aeternus::env::testing {
namespace {

TEST(SimEnvTest, ClockMovesOnlyWhenTold) {
  SimEnv sim(1);
  Clock* const clock = sim.env()->clock;
  const int64_t wall = clock->WallMicros();
  const int64_t monotonic = clock->MonotonicNanos();
  EXPECT_EQ(clock->WallMicros(), wall);
  sim.clock().AdvanceMicros(5);
  EXPECT_EQ(clock->WallMicros(), wall + 5);
  EXPECT_EQ(clock->MonotonicNanos(), monotonic + 5000);
}

TEST(SimEnvTest, SeedDecidesRandomness) {
  const auto draw = [](uint64_t seed) {
    SimEnv sim(seed);
    std::vector<uint64_t> numbers;
    for (int i = 0; i < 4; ++i) numbers.push_back(sim.env()->random->Next());
    return numbers;
  };
  EXPECT_EQ(draw(1), draw(1));
  EXPECT_NE(draw(1), draw(2));
}

TEST(SimEnvTest, TakesOverAFileSystem) {
  auto fs = std::make_unique<SimFileSystem>();
  ASSERT_TRUE(fs->SetContents("/f", "abc").ok());
  SimEnv sim(1, std::move(fs));
  EXPECT_EQ(sim.env()->file_system->ReadFile("/f", 10).value(), "abc");
  EXPECT_EQ(sim.env()->file_system, &sim.file_system());
}

TEST(SimEnvTest, ExecutorRunsTasks) {
  SimEnv sim(1);
  int runs = 0;
  {
    const std::unique_ptr<Executor> executor = sim.env()->executors->NewExecutor(1, "test");
    for (int i = 0; i < 10; ++i) executor->Schedule([&runs] { ++runs; });
  }
  EXPECT_EQ(runs, 10);
}

}  // namespace
}  // namespace aeternus::env::testing
