// A flush that comes between two steps of a freeze, which are no calls to the disk; at those: engine_race_test.cc.
#include <thread>

#include "aeternus/engine.h"
#include "engine/testing/machine.h"
#include "env/sync_point.h"
#include "gtest/gtest.h"

namespace aeternus {
namespace {

using testing::ContentsOf;
using testing::ContentsWhenOpened;
using testing::Machine;
using testing::Numbered;
using testing::PutNumbered;

TEST(EngineFreezeRace, AFlushBetweenTheSealOfALogAndTheFreezingOfItsMemtableKeepsThatLog) {
  Machine machine;
  const auto engine = machine.Open();
  PutNumbered(*engine, 0, 3);
  ASSERT_TRUE(engine->FreezeMemtable().value());
  PutNumbered(*engine, 3, 6);
  int flushes = 0;
  {
    const env::ScopedSyncPointHandler sealed("commit:frozen", [&] {
      std::thread([&] { EXPECT_TRUE(engine->FlushOldestFrozen().value()); }).join();
      ++flushes;
    });
    ASSERT_TRUE(engine->FreezeMemtable().value());
  }
  EXPECT_EQ(flushes, 1);
  EXPECT_EQ(ContentsOf(*engine), Numbered(0, 6));
  EXPECT_EQ(ContentsWhenOpened(machine.AfterKill()), Numbered(0, 6));
  EXPECT_EQ(ContentsWhenOpened(machine.AfterPowerLoss()), Numbered(0, 6));
}

}  // namespace
}  // namespace aeternus
