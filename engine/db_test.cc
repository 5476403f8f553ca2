// The shell with background work as a caller sees it: what runs by itself, and how it closes. While it stands still in
// the middle of something: db_parked_test.cc.
#include "aeternus/db.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "base/entry.h"
#include "engine/testing/machine.h"
#include "engine/testing/status.h"
#include "gtest/gtest.h"

namespace aeternus {
namespace {

using testing::Contents;
using testing::ContentsOf;
using testing::ContentsWhenOpened;
using testing::FailsWith;
using testing::kUnsynced;
using testing::Machine;
using testing::Numbered;
using testing::NumberedKey;
using testing::PutEvery;
using testing::PutNumbered;
using Code = absl::StatusCode;

class DbTest : public ::testing::Test {
 protected:
  DbTest() { db_ = Db::Open(Machine::kDir, {.write_buffer_bytes = 1024, .env = machine_.env()}).value(); }

  Stats StatsNow() { return db_->Stats().value(); }

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
    PutEvery(*db_, i, 400, /*step=*/20, kUnsynced);
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

TEST_F(DbTest, BackgroundWorkDropsTombstonesThatHideNothing) {
  ASSERT_OK(db_->Delete("k"));
  ASSERT_OK(db_->Flush());
  ASSERT_OK(db_->WaitForBackgroundWork());
  EXPECT_EQ(StatsNow().tombstone_compactions, 1u);
  EXPECT_EQ(StatsNow().table_count, 0u);
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

TEST_F(DbTest, TheMemoryOfMemtablesIsGivenBackOnceThereIsLittleInThem) {
  db_ = nullptr;
  db_ = Db::Open(Machine::kDir, {.env = machine_.env()}).value();
  const std::string value(64 << 10, 'v');
  for (int i = 0; i < 160; ++i) ASSERT_OK(db_->Put(NumberedKey(i), value, kUnsynced));
  EXPECT_GT(StatsNow().memory_used_bytes, size_t{10} << 20);
  ASSERT_OK(db_->Flush());
  EXPECT_LT(StatsNow().memory_used_bytes, size_t{4} << 20);
}

// A few tables that hold the same keys, too few for a minor compaction.
class DbScansTest : public ::testing::Test {
 protected:
  void Open(bool merge_for_scans) {
    db_ = nullptr;
    db_ = Db::Open(Machine::kDir, {.merge_for_scans = merge_for_scans, .env = machine_.env()}).value();
  }
  void MakeThreeTables() {
    for (int i = 0; i < 3; ++i) {
      PutNumbered(*db_, 0, 100);
      ASSERT_OK(db_->Delete(NumberedKey(50)));
      ASSERT_OK(db_->Flush());
    }
    ASSERT_OK(db_->WaitForBackgroundWork());
    ASSERT_EQ(StatsNow().table_count, 3u);
  }
  Stats StatsNow() { return db_->Stats().value(); }
  void Seek(int times) {
    const auto it = db_->NewIterator({}).value();
    for (int i = 0; i < times; ++i) {
      it->Seek(NumberedKey(i % 50));
      ASSERT_TRUE(it->Valid());
    }
  }

  Machine machine_;
  std::unique_ptr<Db> db_;
};

TEST_F(DbScansTest, TablesThatManyScansMergeBecomeOne) {
  Open(/*merge_for_scans=*/true);
  MakeThreeTables();
  const Contents before = ContentsOf(*db_);
  Seek(1000);
  ASSERT_OK(db_->WaitForBackgroundWork());
  EXPECT_EQ(StatsNow().table_count, 3u) << "a few scans are not worth it";
  Seek(1000);
  ASSERT_OK(db_->WaitForBackgroundWork());
  EXPECT_EQ(StatsNow().table_count, 1u);
  EXPECT_EQ(StatsNow().scan_compactions, 1u);
  EXPECT_EQ(StatsNow().minor_compactions, 0u);
  EXPECT_EQ(ContentsOf(*db_), before);
}

TEST_F(DbScansTest, ScansCountAfterReopeningThoughNothingIsWritten) {
  Open(/*merge_for_scans=*/true);
  MakeThreeTables();
  Open(/*merge_for_scans=*/true);
  for (int i = 0; i < 300; ++i) Seek(7);
  ASSERT_OK(db_->WaitForBackgroundWork());
  EXPECT_EQ(StatsNow().table_count, 1u);
}

TEST_F(DbScansTest, NothingIsMergedForScansWhereThatIsNotWanted) {
  Open(/*merge_for_scans=*/false);
  MakeThreeTables();
  Seek(5000);
  ASSERT_OK(db_->WaitForBackgroundWork());
  EXPECT_EQ(StatsNow().table_count, 3u);
  EXPECT_EQ(StatsNow().scan_compactions, 0u);
}

TEST_F(DbScansTest, WhatWasPaidForOneMergeDoesNotPayForTheNext) {
  Open(/*merge_for_scans=*/true);
  MakeThreeTables();
  const auto kept = db_->NewIterator({}).value();
  Seek(1024);
  ASSERT_OK(db_->WaitForBackgroundWork());
  ASSERT_EQ(StatsNow().table_count, 1u);
  PutNumbered(*db_, 0, 100);
  ASSERT_OK(db_->Flush());
  Seek(600);
  for (int i = 0; i < 5000; ++i) kept->Seek(NumberedKey(i % 50));  // over tables that are merged already
  ASSERT_OK(db_->WaitForBackgroundWork());
  EXPECT_EQ(StatsNow().table_count, 2u);
  EXPECT_EQ(StatsNow().scan_compactions, 1u);
}

TEST_F(DbScansTest, ScansWithinTheBoundsOfOneTablePayForNothing) {
  Open(/*merge_for_scans=*/true);
  PutNumbered(*db_, 0, 100);
  ASSERT_OK(db_->Flush());
  PutNumbered(*db_, 50, 150);
  ASSERT_OK(db_->Flush());
  const auto it = db_->NewIterator({}, {.upper_bound = NumberedKey(50)}).value();
  for (int i = 0; i < 5000; ++i) {
    it->Seek(NumberedKey(i % 50));
    ASSERT_TRUE(it->Valid());
  }
  ASSERT_OK(db_->WaitForBackgroundWork());
  EXPECT_EQ(StatsNow().table_count, 2u);
}

TEST_F(DbScansTest, AMergeThatHasNoRoomIsNobodysError) {
  Open(/*merge_for_scans=*/true);
  MakeThreeTables();
  machine_.disk().SetFreeSpace(0);
  Seek(5000);
  ASSERT_OK(db_->WaitForBackgroundWork());
  EXPECT_EQ(StatsNow().table_count, 3u);
  EXPECT_EQ(StatsNow().state, EngineState::kHealthy);
  EXPECT_GT(StatsNow().reserve_bytes, 0u) << "it is not for what nobody needs";
  machine_.disk().SetFreeSpace(uint64_t{1} << 30);
  Seek(5000);
  ASSERT_OK(db_->WaitForBackgroundWork());
  EXPECT_EQ(StatsNow().table_count, 1u);
}

}  // namespace
}  // namespace aeternus
