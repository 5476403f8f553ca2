// Faults of the original AeternusDB in who waited for whom: its compaction and its flush held the write lock, and
// nothing ever held writers back. Threads parked at sync points and counters, never timings.
#include <atomic>
#include <memory>
#include <thread>

#include "aeternus/db.h"
#include "aeternus/engine.h"
#include "env/testing/parking_spot.h"
#include "env/testing/sim_env.h"
#include "gtest/gtest.h"
#include "stress/sim_database.h"

namespace aeternus::stress {
namespace {

using env::testing::ParkingSpot;
using env::testing::SimEnv;

TEST(OriginalFaultsWaitingTest, ReadsAndWritesFinishWhileACompactionIsParked) {
  SimDatabase database;
  ASSERT_TRUE(database.Open().ok());
  for (int i = 0; i < 100; i += 50) {
    ASSERT_TRUE(PutNumbered(*database, i, i + 50).ok());
    ASSERT_TRUE(FlushEverything(*database).ok());
  }
  ParkingSpot merging("compaction:merging");
  std::thread compaction([&] { EXPECT_TRUE(database->MajorCompact().value()); });
  merging.WaitUntilTaken();
  EXPECT_EQ(database->Get(NumberedKey(17)).value(), NumberedValue(17));
  EXPECT_EQ(ReadAll(*database).value(), NumberedContents(0, 100));
  EXPECT_TRUE(PutNumbered(*database, 100, 150).ok());
  EXPECT_TRUE(FlushEverything(*database).ok());
  EXPECT_EQ(ReadAll(*database).value(), NumberedContents(0, 150));
  merging.Leave();
  compaction.join();
  EXPECT_EQ(ReadAll(*database).value(), NumberedContents(0, 150));
  EXPECT_EQ(database->Stats().value().table_count, 2u);
}

TEST(OriginalFaultsWaitingTest, ReadsAndWritesFinishWhileAFlushIsParked) {
  SimDatabase database;
  ASSERT_TRUE(database.Open().ok());
  ASSERT_TRUE(PutNumbered(*database, 0, 50).ok());
  ASSERT_TRUE(database->FreezeMemtable().ok());
  ParkingSpot flushing("flush:begin");
  std::thread flush([&] { EXPECT_TRUE(database->FlushAllFrozen().value()); });
  flushing.WaitUntilTaken();
  EXPECT_EQ(database->Get(NumberedKey(17)).value(), NumberedValue(17));
  EXPECT_TRUE(PutNumbered(*database, 50, 100).ok());
  EXPECT_EQ(ReadAll(*database).value(), NumberedContents(0, 100));
  flushing.Leave();
  flush.join();
  EXPECT_EQ(ReadAll(*database).value(), NumberedContents(0, 100));
}

TEST(OriginalFaultsWaitingTest, WriterWaitsWhenFrozenMemtablesAreFull) {
  SimEnv env(1);
  DbConfig config;
  config.env = env.env();
  config.write_buffer_bytes = 1024;
  config.max_frozen_memtables = 2;
  const std::unique_ptr<Db> db = Db::Open("/db", config).value();
  ParkingSpot flushing("flush:begin");
  std::atomic<int> written{0};
  std::thread writer([&] {
    for (; written < 500; ++written) {
      EXPECT_TRUE(db->Put(NumberedKey(written), NumberedValue(written), {.sync = false}).ok());
    }
  });
  flushing.WaitUntilTaken();
  while (db->Stats().value().writer_waits == 0 && written < 500) std::this_thread::yield();
  const Stats stats = db->Stats().value();
  EXPECT_LT(written, 500);
  EXPECT_GE(stats.writer_waits, 1u);
  EXPECT_LE(stats.frozen_memtables, 2u);
  EXPECT_EQ(db->Get(NumberedKey(0)).value(), NumberedValue(0)) << "readers do not wait with the writer";
  flushing.Leave();
  writer.join();
  ASSERT_TRUE(db->WaitForBackgroundWork().ok());
  EXPECT_FALSE(db->Stats().value().last_writer_wait_reason.empty());
  EXPECT_EQ(ReadAll(*db).value(), NumberedContents(0, 500));
}

}  // namespace
}  // namespace aeternus::stress
