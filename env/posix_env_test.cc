#include <memory>
#include <set>
#include <string>

#include "env/env.h"
#include "gtest/gtest.h"

namespace aeternus::env {
namespace {

TEST(PosixEnvTest, IsOneAndComplete) {
  Env* const env = Env::Posix();
  EXPECT_EQ(env, Env::Posix());
  EXPECT_TRUE(env->file_system->FileExists("/").value());
  const std::unique_ptr<Executor> executor = env->executors->NewExecutor(1, "test");
  EXPECT_NE(executor, nullptr);
}

TEST(PosixEnvTest, MonotonicClockNeverGoesBack) {
  Clock* const clock = Env::Posix()->clock;
  int64_t last = clock->MonotonicNanos();
  for (int i = 0; i < 1000; ++i) {
    const int64_t now = clock->MonotonicNanos();
    ASSERT_GE(now, last);
    last = now;
  }
  constexpr int64_t kStartOf2020 = int64_t{1'577'836'800} * 1'000'000;
  EXPECT_GT(clock->WallMicros(), kStartOf2020);
}

TEST(PosixEnvTest, RandomNumbersDiffer) {
  std::set<uint64_t> numbers;
  for (int i = 0; i < 100; ++i) numbers.insert(Env::Posix()->random->Next());
  EXPECT_EQ(numbers.size(), 100u);
}

}  // namespace
}  // namespace aeternus::env
