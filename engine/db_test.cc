// The shell with background work as a caller sees it: what runs by itself, when writers wait, and how it closes.
#include "aeternus/db.h"

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "base/entry.h"
#include "engine/testing/machine.h"
#include "engine/testing/status.h"
#include "env/sync_point.h"
#include "env/testing/parking_spot.h"
#include "gtest/gtest.h"

namespace aeternus {
namespace {

using env::testing::ParkingSpot;
using testing::Contents;
using testing::ContentsOf;
using testing::ContentsWhenOpened;
using testing::FailsWith;
using testing::kUnsynced;
using testing::Machine;
using testing::Numbered;
using testing::NumberedKey;
using testing::PutNumbered;
using Code = absl::StatusCode;

class DbTest : public ::testing::Test {
 protected:
  DbTest() { Reopen(); }

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

TEST_F(DbTest, ReadsWhatWasWrittenInEveryWay) {
  ASSERT_OK(db_->Put("a", "1"));
  WriteBatch batch;
  batch.Put("b", "2");
  batch.Put("c", "3");
  ASSERT_OK(db_->Write(batch));
  ASSERT_OK(db_->Delete("a"));
  ASSERT_OK(db_->DeleteRange("c", "d"));
  EXPECT_EQ(db_->Get("a").value(), std::nullopt);
  EXPECT_EQ(db_->Get("b").value(), "2");
  PinnedValue pinned;
  ASSERT_TRUE(db_->Get({}, "b", &pinned).value());
  EXPECT_EQ(pinned.view(), "2");
  EXPECT_EQ(db_->Scan("a", "z").value(), (std::vector<std::pair<std::string, std::string>>{{"b", "2"}}));
  EXPECT_EQ(ContentsOf(*db_), (Contents{{"b", "2"}}));
  EXPECT_EQ(StatsNow().last_lsn, 5u);
}

TEST_F(DbTest, ABadRequestIsRefusedBeforeItIsQueued) {
  const std::string too_long(kMaxKeySizeBytes + 1, 'k');
  WriteBatch batch;
  batch.Put("good", "v");
  batch.Put("", "v");
  EXPECT_TRUE(FailsWith(db_->Put("", "v"), Code::kInvalidArgument, {"key is empty"}));
  EXPECT_TRUE(FailsWith(db_->Write(batch), Code::kInvalidArgument, {"operation 1"}));
  EXPECT_TRUE(FailsWith(db_->DeleteRange("b", "a"), Code::kInvalidArgument));
  EXPECT_TRUE(FailsWith(db_->Put(too_long, "v"), Code::kResourceExhausted));
  EXPECT_TRUE(FailsWith(db_->Get(""), Code::kInvalidArgument));
  EXPECT_TRUE(FailsWith(db_->Scan("", "b"), Code::kInvalidArgument));
  EXPECT_EQ(StatsNow().last_lsn, 0u);
  EXPECT_TRUE(FailsWith(Db::Open(Machine::kDir, {.write_buffer_bytes = 1}), Code::kInvalidArgument));
}

TEST_F(DbTest, FlushPutsEverythingIntoTablesAndDeletesTheirLogs) {
  PutNumbered(*db_, 0, 500);
  ASSERT_OK(db_->Flush());
  const Stats stats = StatsNow();
  EXPECT_EQ(stats.frozen_memtables, 0u);
  EXPECT_EQ(stats.active_memtable_entries, 0u);
  EXPECT_GT(stats.flushes, 5u);
  EXPECT_LE(stats.log_files, 1u);
  EXPECT_EQ(ContentsOf(*db_), Numbered(0, 500));
  ASSERT_OK(db_->Flush()) << "with nothing to flush";
  EXPECT_EQ(StatsNow().flushes, stats.flushes);
}

TEST_F(DbTest, BackgroundWorkMergesTablesUntilNothingIsDue) {
  for (int i = 0; i < 20; ++i) {
    PutNumbered(*db_, 20 * i, 20 * i + 20, kUnsynced);
    ASSERT_OK(db_->Flush());
  }
  ASSERT_OK(db_->WaitForBackgroundWork());
  const Stats stats = StatsNow();
  EXPECT_GT(stats.minor_compactions, 0u);
  for (const std::vector<uint64_t>& bucket : stats.size_buckets) EXPECT_LT(bucket.size(), 4u);
  EXPECT_EQ(stats.background_error, "");
  EXPECT_EQ(ContentsOf(*db_), Numbered(0, 400));
  EXPECT_OK(db_->Verify());
}

TEST_F(DbTest, AMajorCompactionMergesAllTablesAndSaysSo) {
  EXPECT_FALSE(db_->MajorCompact().value());
  for (int i = 0; i < 2; ++i) {
    PutNumbered(*db_, 10 * i, 10 * i + 10);
    ASSERT_OK(db_->Flush());
  }
  EXPECT_TRUE(db_->MajorCompact().value());
  EXPECT_EQ(StatsNow().table_count, 1u);
  EXPECT_FALSE(db_->MajorCompact().value());
  EXPECT_EQ(ContentsOf(*db_), Numbered(0, 20));
}

TEST_F(DbTest, WhatAKilledProcessLeftInLogsIsFlushedAfterOpening) {
  {
    const auto engine = Engine::Open("/killed", {.write_buffer_bytes = 512, .env = machine_.env()}).value();
    PutNumbered(*engine, 0, 100);
  }
  const auto db = Db::Open("/killed", {.max_frozen_memtables = 1, .env = machine_.env()}).value();
  ASSERT_OK(db->WaitForBackgroundWork());
  EXPECT_EQ(db->Stats()->frozen_memtables, 0u);
  PutNumbered(*db, 100, 200);
  EXPECT_EQ(ContentsOf(*db), Numbered(0, 200));
}

// ---- writers that wait ----

TEST_F(DbTest, AWriterWaitsWhileTheFrozenMemtablesAreFullAndGoesOnWhenOneIsFlushed) {
  if (!env::kSyncPointsAreCompiledIn) return;
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

TEST_F(DbTest, CloseEndsTheWaitingOfEveryWriterWithThatAnswer) {
  if (!env::kSyncPointsAreCompiledIn) return;
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

TEST_F(DbTest, AFlushOfTheCallerWaitsForTheFlushThatRuns) {
  if (!env::kSyncPointsAreCompiledIn) return;
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

TEST_F(DbTest, WritesAndReadsFinishWhileACompactionStandsStill) {
  if (!env::kSyncPointsAreCompiledIn) return;
  ParkingSpot spot("compaction:begin");
  for (int i = 0; i < 4; ++i) {
    PutNumbered(*db_, 10 * i, 10 * i + 10);
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

// ---- closing ----

TEST_F(DbTest, CloseMakesUnsyncedWritesDurableAndAfterItEveryCallSaysClosed) {
  PutNumbered(*db_, 0, 50, kUnsynced);
  ASSERT_OK(db_->Close());
  ASSERT_OK(db_->Close());
  EXPECT_EQ(ContentsWhenOpened(machine_.AfterPowerLoss()), Numbered(0, 50));
  PinnedValue pinned;
  WriteBatch batch;
  const std::vector<absl::Status> answers = {
      db_->Put("k", "v"),           db_->Delete("k"),
      db_->DeleteRange("a", "b"),   db_->Write(batch),
      db_->Get("k").status(),       db_->Get({}, "k", &pinned).status(),
      db_->Scan("a", "b").status(), db_->NewIterator({}).status(),
      db_->GetSnapshot().status(),  db_->Flush(),
      db_->WaitForBackgroundWork(), db_->MajorCompact().status(),
      db_->Stats().status(),        db_->Verify(),
  };
  for (size_t i = 0; i < answers.size(); ++i) {
    EXPECT_TRUE(FailsWith(answers[i], Code::kFailedPrecondition, {"closed"})) << "call " << i;
  }
}

TEST_F(DbTest, CloseIsRefusedWhileHandlesLiveAndBackgroundWorkGoesOn) {
  PutNumbered(*db_, 0, 10);
  auto it = db_->NewIterator({}).value();
  auto snapshot = db_->GetSnapshot().value();
  EXPECT_TRUE(FailsWith(db_->Close(), Code::kFailedPrecondition, {"1 iterator, 1 snapshot still alive"}));
  PutNumbered(*db_, 10, 200);
  ASSERT_OK(db_->Flush());
  EXPECT_GT(StatsNow().flushes, 0u);
  it.reset();
  snapshot.reset();
  EXPECT_OK(db_->Close());
  EXPECT_EQ(ContentsWhenOpened(machine_), Numbered(0, 200));
}

TEST_F(DbTest, MayBeDestroyedInTheMiddleOfAFlushOrACompaction) {
  if (!env::kSyncPointsAreCompiledIn) return;
  for (const bool is_flush : {true, false}) {
    Reopen();
    ParkingSpot spot(is_flush ? "flush:begin" : "compaction:begin");
    if (is_flush) {
      FillUntilFrozen(1);
    } else {
      for (int i = 0; i < 4; ++i) {
        PutNumbered(*db_, 10 * i, 10 * i + 10);
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

TEST_F(DbTest, HandlesMayOutliveIt) {
  PutNumbered(*db_, 0, 200);
  ASSERT_OK(db_->Flush());
  auto it = db_->NewIterator({}).value();
  it->SeekToFirst();
  auto snapshot = db_->GetSnapshot().value();
  PinnedValue pinned;
  ASSERT_TRUE(db_->Get({}, NumberedKey(7), &pinned).value());
  db_.reset();
  EXPECT_EQ(pinned.view(), "value 7");
  EXPECT_TRUE(FailsWith(it->Refresh(), Code::kFailedPrecondition));
  snapshot.reset();
  it.reset();
  EXPECT_EQ(pinned.view(), "value 7");
}

}  // namespace
}  // namespace aeternus
