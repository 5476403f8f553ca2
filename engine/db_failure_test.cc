// Background work on a failing disk: what is tried again, what ends the waiting of writers, and what makes the database
// read-only.
#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "aeternus/db.h"
#include "engine/testing/machine.h"
#include "engine/testing/status.h"
#include "gtest/gtest.h"

namespace aeternus {
namespace {

using env::testing::Fault;
using env::testing::FileCall;
using env::testing::FileOp;
using testing::Contents;
using testing::ContentsOf;
using testing::ContentsWhenOpened;
using testing::FailsWith;
using testing::IsLog;
using testing::IsTable;
using testing::Machine;
using testing::Numbered;
using testing::NumberedKey;
using testing::PutEvery;
using testing::PutNumbered;
using Code = absl::StatusCode;

constexpr uint64_t kPlenty = uint64_t{1} << 30;

class DbFailureTest : public ::testing::Test {
 protected:
  DbFailureTest() {
    const DbConfig config{
        .write_buffer_bytes = 1024, .max_frozen_memtables = 1, .keep_reserve = false, .env = machine_.env()};
    db_ = Db::Open(Machine::kDir, config).value();
  }

  Stats StatsNow() { return db_->Stats().value(); }

  // Puts numbered keys from `begin` on until one is refused; which one, and why.
  std::pair<int, absl::Status> PutUntilRefused(int begin) {
    for (int i = begin;; ++i) {
      const absl::Status status = db_->Put(NumberedKey(i), "value " + std::to_string(i));
      if (!status.ok()) return {i, status};
    }
  }

  Machine machine_;
  std::unique_ptr<Db> db_;
};

TEST_F(DbFailureTest, AFlushThatFailsAFewTimesIsTriedAgainUnderNewNumbers) {
  std::atomic<int> failures{0};
  machine_.FailWhile(
      [&](const FileCall& call) { return IsTable(call.path) && call.op == FileOp::kSync && ++failures <= 3; });
  PutNumbered(*db_, 0, 3);
  ASSERT_OK(db_->Flush());
  EXPECT_EQ(failures, 4);
  EXPECT_EQ(StatsNow().state, EngineState::kHealthy);
  EXPECT_EQ(StatsNow().background_error, "") << "it was mended";
  EXPECT_EQ(machine_.Tables().size(), 1u);
  EXPECT_EQ(ContentsOf(*db_), Numbered(0, 3));
}

TEST_F(DbFailureTest, AFlushThatSucceedsMakesUpForThoseThatFailedBeforeIt) {
  std::atomic<int> failures{0};
  machine_.FailWhile(
      [&](const FileCall& call) { return IsTable(call.path) && call.op == FileOp::kSync && ++failures % 4 != 0; });
  for (int i = 0; i < 3; ++i) {
    PutNumbered(*db_, i, i + 1);
    ASSERT_OK(db_->Flush()) << "three attempts of each fail";
  }
  EXPECT_GE(failures, 12);
  EXPECT_EQ(StatsNow().state, EngineState::kHealthy);
}

TEST_F(DbFailureTest, AFlushThatKeepsFailingMakesTheDatabaseReadOnlyAndEveryWriteSaysWhy) {
  machine_.FailWhile([&](const FileCall& call) { return IsTable(call.path) && call.op == FileOp::kAppend; });
  PutNumbered(*db_, 0, 3);
  EXPECT_FALSE(db_->Flush().ok());
  EXPECT_EQ(StatsNow().state, EngineState::kFailed);
  EXPECT_NE(StatsNow().background_error.find("Input/output error"), std::string::npos);
  machine_.Heal();
  EXPECT_TRUE(FailsWith(db_->Put("k", "v"), Code::kInternal, {"read-only", "Input/output error"}));
  EXPECT_TRUE(FailsWith(db_->Flush(), Code::kInternal, {"read-only"}));
  EXPECT_EQ(ContentsOf(*db_), Numbered(0, 3));
  EXPECT_TRUE(FailsWith(db_->Close(), Code::kInternal, {"read-only"}));
  EXPECT_EQ(ContentsWhenOpened(machine_), Numbered(0, 3));
}

TEST_F(DbFailureTest, AWriterThatWaitsIsToldWhenTheFlushKeepsFailing) {
  machine_.FailWhile([&](const FileCall& call) { return IsTable(call.path) && call.op == FileOp::kCreate; });
  const auto [written, why] = PutUntilRefused(0);
  EXPECT_TRUE(FailsWith(why, Code::kInternal, {"Input/output error"}));
  EXPECT_EQ(ContentsOf(*db_), Numbered(0, written));
  db_.reset();
  machine_.Heal();
  EXPECT_EQ(ContentsWhenOpened(machine_.AfterPowerLoss()), Numbered(0, written));
}

TEST_F(DbFailureTest, WithoutSpaceWritersAreRefusedAndGoOnWhenItReturns) {
  machine_.FailWhile([&](const FileCall& call) { return IsTable(call.path); }, Fault::kNoSpace);
  const auto [written, why] = PutUntilRefused(0);
  EXPECT_TRUE(absl::IsResourceExhausted(why)) << why;
  for (int i = 0; i < 10; ++i) {  // however often: running out of space is never final
    EXPECT_TRUE(FailsWith(db_->Put("large", std::string(1000, 'x')), Code::kResourceExhausted));
  }
  EXPECT_NE(StatsNow().state, EngineState::kFailed);
  EXPECT_NE(StatsNow().background_error, "");
  EXPECT_EQ(ContentsOf(*db_), Numbered(0, written));
  EXPECT_TRUE(FailsWith(db_->Flush(), Code::kResourceExhausted));
  EXPECT_TRUE(FailsWith(db_->WaitForBackgroundWork(), Code::kResourceExhausted));

  machine_.Heal();
  PutNumbered(*db_, written, written + 200);
  ASSERT_OK(db_->Flush());
  ASSERT_OK(db_->WaitForBackgroundWork());
  EXPECT_EQ(StatsNow().state, EngineState::kHealthy);
  EXPECT_EQ(StatsNow().background_error, "");
  EXPECT_EQ(ContentsOf(*db_), Numbered(0, written + 200));
}

TEST_F(DbFailureTest, AFullDiskRefusesWritesOfEveryKindUntilThereIsRoom) {
  PutNumbered(*db_, 0, 3);
  machine_.disk().SetFreeSpace(0);
  const auto [written, why] = PutUntilRefused(3);
  EXPECT_TRUE(absl::IsResourceExhausted(why)) << why;
  EXPECT_EQ(ContentsOf(*db_), Numbered(0, written));
  machine_.disk().SetFreeSpace(kPlenty);
  PutNumbered(*db_, written, written + 300);
  ASSERT_OK(db_->Flush());
  EXPECT_EQ(ContentsOf(*db_), Numbered(0, written + 300));
  ASSERT_OK(db_->Close());
  EXPECT_EQ(ContentsWhenOpened(machine_.AfterPowerLoss()), Numbered(0, written + 300));
}

TEST_F(DbFailureTest, AFailedCompactionIsToldAndTriedAgainByTheNextFlush) {
  std::atomic<bool> compacting{false};
  for (int i = 0; i < 3; ++i) {
    PutEvery(*db_, i, 20, /*step=*/4);
    ASSERT_OK(db_->Flush());
  }
  ASSERT_OK(db_->WaitForBackgroundWork());
  // The flush writes one table and reads none; the compaction behind it reads.
  machine_.FailWhile([&](const FileCall& call) {
    if (IsTable(call.path) && call.op == FileOp::kRead) compacting = true;
    return compacting && IsTable(call.path) && call.op != FileOp::kDelete;
  });
  PutEvery(*db_, 3, 20, /*step=*/4);
  ASSERT_OK(db_->Flush());
  EXPECT_TRUE(FailsWith(db_->WaitForBackgroundWork(), Code::kInternal, {"Input/output error"}));
  EXPECT_NE(StatsNow().background_error, "");
  EXPECT_EQ(StatsNow().state, EngineState::kHealthy);
  machine_.Heal();
  EXPECT_EQ(ContentsOf(*db_), Numbered(0, 20));
  PutNumbered(*db_, 20, 25);
  ASSERT_OK(db_->Flush());
  ASSERT_OK(db_->WaitForBackgroundWork());
  EXPECT_GT(StatsNow().minor_compactions, 0u);
  EXPECT_EQ(StatsNow().background_error, "");
  EXPECT_EQ(ContentsOf(*db_), Numbered(0, 25));
}

TEST_F(DbFailureTest, AFailedLogSyncIsFinalForEveryWriter) {
  PutNumbered(*db_, 0, 3);
  machine_.FailWhile([](const FileCall& call) { return IsLog(call.path) && call.op == FileOp::kSync; });
  EXPECT_FALSE(db_->Put("k", "v").ok());
  machine_.Heal();
  EXPECT_TRUE(FailsWith(db_->Put("k", "v"), Code::kInternal, {"read-only"}));
  EXPECT_TRUE(FailsWith(db_->MajorCompact(), Code::kInternal, {"read-only"}));
  EXPECT_EQ(ContentsOf(*db_), Numbered(0, 3));
  EXPECT_TRUE(FailsWith(db_->Close(), Code::kInternal));
  EXPECT_EQ(ContentsWhenOpened(machine_.AfterPowerLoss()), Numbered(0, 3));
}

}  // namespace
}  // namespace aeternus
