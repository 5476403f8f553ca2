// The chain under schedules: the writer and whoever prepares the next log, switched wherever either blocks.
#include <cstdint>

#include "engine/log_chain.h"
#include "engine/testing/log_chain_on_disk.h"
#include "engine/testing/status.h"
#include "env/testing/sim_scheduler.h"
#include "gtest/gtest.h"

namespace aeternus {
namespace {

class LogChainInSchedule : public testing::LogChainOnDisk {
 public:
  void WriteAndSeal(int logs) {
    for (int i = 0; i < logs; ++i) {
      EXPECT_OK(Append("x"));
      EXPECT_OK(chain_.Seal(&wrote_));
    }
  }
  LogChain& chain() { return chain_; }
};

// It once took whatever log it had just seen to be prepared for still being there, or active: a writer may begin that
// log and seal it meanwhile.
TEST(LogChainSchedule, ANextLogIsFoundHoweverFarTheWriterGets) {
  for (uint64_t seed = 1; seed <= 2000; ++seed) {
    LogChainInSchedule test;
    env::testing::SimScheduler scheduler({.seed = seed});
    ASSERT_OK(scheduler.Run([&] {
      scheduler.Start("writer", [&test] { test.WriteAndSeal(/*logs=*/3); });
      for (int i = 0; i < 3; ++i) EXPECT_GT(test.chain().EnsureNext()->value, 0u);
    }));
  }
}

}  // namespace
}  // namespace aeternus
