// Schedules of two threads that once met badly, or must not: each parks one thread at a sync point while the other goes
// all the way.
#include <thread>

#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "aeternus/engine.h"
#include "gtest/gtest.h"
#include "stress/parking.h"
#include "stress/sim_database.h"

namespace aeternus::stress {
namespace {

// The flush decides which log is the oldest one needed while the freeze has sealed a log and not yet shown its
// memtable.
TEST(ScheduleTest, AFlushDuringAFreezeKeepsTheLogOfWhatIsBeingFrozen) {
  if (!kHasSyncPoints) GTEST_SKIP() << "sync points are compiled out";
  SimDatabase database;
  ASSERT_TRUE(database.Open().ok());
  ASSERT_TRUE(PutNumbered(*database, 0, 10).ok());
  ASSERT_TRUE(database->FreezeMemtable().value());
  ASSERT_TRUE(PutNumbered(*database, 10, 20).ok());
  {
    ParkingSpot freezing("commit:frozen");
    std::thread freeze([&] { EXPECT_TRUE(database->FreezeMemtable().value()); });
    freezing.WaitUntilTaken();
    absl::Notification flushed;
    std::thread flush([&] {
      EXPECT_TRUE(database->FlushOldestFrozen().ok());
      flushed.Notify();
    });
    // Time enough for a flush that does not wait for the freeze; one that does is as right, and takes this long.
    flushed.WaitForNotificationWithTimeout(absl::Milliseconds(200));
    freezing.Leave();
    freeze.join();
    flush.join();
  }
  EXPECT_EQ(ReadAll(*database).value(), NumberedContents(0, 20));
  const absl::Status reopened = database.Reopen();
  ASSERT_TRUE(reopened.ok()) << reopened;
  EXPECT_EQ(ReadAll(*database).value(), NumberedContents(0, 20));
}

}  // namespace
}  // namespace aeternus::stress
