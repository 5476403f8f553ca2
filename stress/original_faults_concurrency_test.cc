// Faults of the original AeternusDB in how its threads met: its compaction held the write lock, each write synced by
// itself, and nothing ever held writers back. Schedules and counters, never timings.
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "aeternus/db.h"
#include "aeternus/engine.h"
#include "env/sync_point.h"
#include "env/testing/parking_spot.h"
#include "env/testing/sim_env.h"
#include "env/testing/sim_file_system.h"
#include "gtest/gtest.h"
#include "stress/sim_database.h"

namespace aeternus::stress {
namespace {

using env::testing::Fault;
using env::testing::FileCall;
using env::testing::FileOp;
using env::testing::ParkingSpot;
using env::testing::SimEnv;

TEST(OriginalFaultsConcurrencyTest, ReadsAndWritesFinishWhileACompactionIsParked) {
  if (!env::kSyncPointsAreCompiledIn) GTEST_SKIP() << "sync points are compiled out";
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

TEST(OriginalFaultsConcurrencyTest, ReadsAndWritesFinishWhileAFlushIsParked) {
  if (!env::kSyncPointsAreCompiledIn) GTEST_SKIP() << "sync points are compiled out";
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

// In the original a get waited for the sync of a put.
TEST(OriginalFaultsConcurrencyTest, ReadsFinishWhileALogSyncIsParked) {
  SimEnv env(1);
  DbConfig config;
  config.env = env.env();
  const std::unique_ptr<Db> db = Db::Open("/db", config).value();
  ASSERT_TRUE(db->Put("k", "old").ok());
  absl::Notification parked, go_on;
  std::atomic<bool> is_used{false};
  env.file_system().SetFaultRule([&](const FileCall& call) {
    if (call.op == FileOp::kSync && !is_used.exchange(true)) {
      parked.Notify();
      go_on.WaitForNotification();
    }
    return Fault::kNone;
  });
  std::thread writer([&] { EXPECT_TRUE(db->Put("k", "new").ok()); });
  parked.WaitForNotification();
  EXPECT_EQ(db->Get("k").value(), "old") << "what is not acknowledged is not visible yet";
  EXPECT_EQ(ReadAll(*db).value().size(), 1u);
  go_on.Notify();
  writer.join();
  EXPECT_EQ(db->Get("k").value(), "new");
}

// The first writer's sync is held up until seven others are under way; while they are let wait, they come together. How
// many groups they form is up to the scheduler, so there are rounds until one was shared.
TEST(OriginalFaultsConcurrencyTest, WritersInAGroupShareASync) {
  constexpr int kWriters = 8;
  SimEnv env(1);
  DbConfig config;
  config.env = env.env();
  const std::unique_ptr<Db> db = Db::Open("/db", config).value();
  std::atomic<int> writing{0};
  env.file_system().SetFaultRule([&](const FileCall& call) {
    for (int i = 0; call.op == FileOp::kSync && i < 1000 && writing < kWriters; ++i) std::this_thread::yield();
    return Fault::kNone;
  });
  const Stats before = db->Stats().value();
  std::vector<std::thread> writers;
  for (int w = 0; w < kWriters; ++w) {
    writers.emplace_back([&, w] {
      for (int i = 0; i < 200; ++i) {
        ++writing;
        EXPECT_TRUE(db->Put(absl::StrCat(w, "/", i), "v").ok());
        --writing;
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  env.file_system().SetFaultRule(nullptr);
  const Stats after = db->Stats().value();
  EXPECT_EQ(after.commits - before.commits, kWriters * 200u);
  EXPECT_LT(after.commit_groups - before.commit_groups, kWriters * 200u);
  EXPECT_LT(after.log_syncs - before.log_syncs, kWriters * 200u);
}

TEST(OriginalFaultsConcurrencyTest, WriterWaitsWhenFrozenMemtablesAreFull) {
  if (!env::kSyncPointsAreCompiledIn) GTEST_SKIP() << "sync points are compiled out";
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
