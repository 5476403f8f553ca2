// The shell with background work while a flush or a compaction stands still: who waits for it, who does not, and what
// ends the waiting. The threads are parked at sync points.
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "aeternus/db.h"
#include "engine/testing/machine.h"
#include "engine/testing/status.h"
#include "env/testing/parking_spot.h"
#include "gtest/gtest.h"

namespace aeternus {
namespace {

using env::testing::FileCall;
using env::testing::FileOp;
using env::testing::ParkingSpot;
using testing::Contents;
using testing::ContentsOf;
using testing::ContentsWhenOpened;
using testing::FailsWith;
using testing::Machine;
using testing::Numbered;
using testing::NumberedKey;
using testing::PutEvery;
using testing::PutNumbered;
using Code = absl::StatusCode;

class DbParkedTest : public ::testing::Test {
 protected:
  DbParkedTest() { Reopen(); }

  void Reopen(DbConfig config = {.write_buffer_bytes = 1024}) {
    db_.reset();
    config.env = machine_.env();
    auto db = Db::Open(Machine::kDir, config);
    ASSERT_OK(db);
    db_ = *std::move(db);
  }
  Stats StatsNow() { return db_->Stats().value(); }

  // Fills memtables until `count` are frozen; with their flush parked.
  int FillUntilFrozen(size_t count) {
    int i = 0;
    while (StatsNow().frozen_memtables < count) {
      PutNumbered(*db_, i, i + 1);
      ++i;
    }
    return i;
  }

  Machine machine_;
  std::unique_ptr<Db> db_;
};

TEST_F(DbParkedTest, AWriterWaitsWhileTheFrozenMemtablesAreFullAndGoesOnWhenOneIsFlushed) {
  ParkingSpot flush("flush:begin");
  Reopen({.write_buffer_bytes = 1024, .max_frozen_memtables = 2});
  const int written = FillUntilFrozen(2);
  EXPECT_EQ(StatsNow().state, EngineState::kThrottled);
  EXPECT_NE(StatsNow().state_reason.find("2 memtables are full"), std::string::npos);
  EXPECT_EQ(StatsNow().writer_waits, 0u) << "the active memtable had room";

  std::thread writer([&] { PutNumbered(*db_, written, written + 100); });
  while (StatsNow().writer_waits == 0) std::this_thread::yield();
  EXPECT_EQ(StatsNow().frozen_memtables, 2u);
  EXPECT_NE(StatsNow().last_writer_wait_reason.find("max_frozen_memtables"), std::string::npos);
  // Readers never wait for that.
  EXPECT_GE(ContentsOf(*db_).size(), static_cast<size_t>(written));
  EXPECT_EQ(db_->Get(NumberedKey(0)).value(), "value 0");

  flush.Leave();
  writer.join();
  ASSERT_OK(db_->Flush());
  EXPECT_EQ(StatsNow().state, EngineState::kHealthy);
  EXPECT_EQ(ContentsOf(*db_), Numbered(0, written + 100));
}

TEST_F(DbParkedTest, CloseEndsTheWaitingOfEveryWriterWithThatAnswer) {
  ParkingSpot flush("flush:begin");
  Reopen({.write_buffer_bytes = 1024, .max_frozen_memtables = 1});
  const int written = FillUntilFrozen(1);
  std::vector<std::thread> writers;
  std::atomic<int> refused{0};
  for (int i = 0; i < 3; ++i) {
    writers.emplace_back([&] {
      const absl::Status status = db_->Put("waiting", std::string(1000, 'x'));
      EXPECT_TRUE(FailsWith(status, Code::kFailedPrecondition, {"closed"}));
      ++refused;
    });
  }
  while (StatsNow().writer_waits == 0) std::this_thread::yield();
  std::thread closer([&] { EXPECT_OK(db_->Close()); });
  for (std::thread& writer : writers) writer.join();  // before the flush goes on
  EXPECT_EQ(refused, 3);
  flush.Leave();
  closer.join();
  EXPECT_EQ(ContentsWhenOpened(machine_), Numbered(0, written));
}

TEST_F(DbParkedTest, AFlushOfTheCallerWaitsForTheFlushThatRuns) {
  ParkingSpot spot("flush:begin");
  PutNumbered(*db_, 0, 3);
  absl::Notification done;
  std::thread caller([&] {
    EXPECT_OK(db_->Flush());
    done.Notify();
  });
  spot.WaitUntilTaken();
  EXPECT_FALSE(done.HasBeenNotified());
  EXPECT_EQ(ContentsOf(*db_), Numbered(0, 3)) << "what is being flushed stays visible";
  ASSERT_OK(db_->Put("meanwhile", "v"));
  spot.Leave();
  caller.join();
  EXPECT_EQ(StatsNow().table_count, 1u);
}

TEST_F(DbParkedTest, WritesAndReadsFinishWhileACompactionStandsStill) {
  ParkingSpot spot("compaction:begin");
  for (int i = 0; i < 4; ++i) {
    PutEvery(*db_, i, 40, /*step=*/4);
    ASSERT_OK(db_->Flush());
  }
  spot.WaitUntilTaken();
  PutNumbered(*db_, 40, 200);
  ASSERT_OK(db_->Flush());
  EXPECT_EQ(ContentsOf(*db_), Numbered(0, 200));
  EXPECT_EQ(StatsNow().minor_compactions, 0u);
  spot.Leave();
  ASSERT_OK(db_->WaitForBackgroundWork());
  EXPECT_GT(StatsNow().minor_compactions, 0u);
  EXPECT_EQ(ContentsOf(*db_), Numbered(0, 200));
}

TEST_F(DbParkedTest, AFlushIsOverWhenTheErrorOfAnEarlierAttemptIs) {
  ParkingSpot spot("flush:end");
  std::atomic<int> failures{0};
  machine_.FailWhile(
      [&](const FileCall& call) { return call.path.ends_with(".sst") && call.op == FileOp::kSync && ++failures == 1; });
  PutNumbered(*db_, 0, 3);
  std::thread first([&] { EXPECT_OK(db_->Flush()); });
  // The table is in force, and the error not yet gone.
  spot.WaitUntilTaken();
  EXPECT_EQ(StatsNow().frozen_memtables, 0u);
  EXPECT_NE(StatsNow().background_error, "");
  std::string error_after = "none was asked for";
  std::thread second([&] {
    EXPECT_OK(db_->Flush());
    error_after = StatsNow().background_error;
  });
  for (int i = 0; i < 1000; ++i) std::this_thread::yield();  // time for a Flush that does not wait to come back
  spot.Leave();
  first.join();
  second.join();
  EXPECT_EQ(error_after, "");
}

TEST_F(DbParkedTest, MayBeDestroyedInTheMiddleOfAFlushOrACompaction) {
  for (const bool is_flush : {true, false}) {
    Reopen();
    ParkingSpot spot(is_flush ? "flush:begin" : "compaction:begin");
    if (is_flush) {
      FillUntilFrozen(1);
    } else {
      for (int i = 0; i < 4; ++i) {
        PutEvery(*db_, i, 40, /*step=*/4);
        ASSERT_OK(db_->Flush());
      }
    }
    spot.WaitUntilTaken();
    const Contents expected = ContentsOf(*db_);
    auto it = db_->NewIterator({}).value();
    Machine killed = machine_.AfterKill();
    std::thread destroyer([&] { db_.reset(); });
    spot.Leave();
    destroyer.join();
    it.reset();
    EXPECT_EQ(ContentsWhenOpened(machine_), expected);
    EXPECT_EQ(ContentsWhenOpened(killed), expected);
  }
}

}  // namespace
}  // namespace aeternus
