// What a failing disk does to a database: what is final and what passes (invariant 5), and that nothing acknowledged is
// lost by either.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "aeternus/engine.h"
#include "engine/testing/machine.h"
#include "engine/testing/manifest_checkpoint.h"
#include "engine/testing/status.h"
#include "gtest/gtest.h"

namespace aeternus {
namespace {

using env::testing::CrashMode;
using env::testing::Fault;
using env::testing::FileCall;
using env::testing::FileOp;
using testing::Contents;
using testing::ContentsOf;
using testing::ContentsWhenOpened;
using testing::FailsWith;
using testing::Flush;
using testing::IsLog;
using testing::IsManifest;
using testing::IsTable;
using testing::kUnsynced;
using testing::Machine;
using testing::Numbered;
using testing::NumberedKey;
using testing::PutNumbered;
using Code = absl::StatusCode;

constexpr uint64_t kPlenty = uint64_t{1} << 30;

class EngineFailureTest : public ::testing::Test {
 protected:
  EngineFailureTest() { StartAfresh(); }

  void StartAfresh() {
    engine_.reset();
    machine_ = Machine();
    engine_ = machine_.Open({.write_buffer_bytes = 4096, .keep_reserve = false});  // full_disk_test.cc has one
    PutNumbered(*engine_, 0, 3);
  }

  // Nothing can be written any more, everything can be read, and opening again brings back what was acknowledged.
  void ExpectFailedForGood(const Contents& visible) {
    machine_.Heal();
    EXPECT_EQ(engine_->Stats()->state, EngineState::kFailed);
    EXPECT_NE(engine_->Stats()->state_reason, "");
    EXPECT_TRUE(FailsWith(engine_->Put("later", "v"), Code::kInternal, {"read-only", Machine::kDir}));
    EXPECT_TRUE(FailsWith(engine_->Write(WriteBatch()), Code::kInternal, {"read-only"}));
    EXPECT_TRUE(FailsWith(engine_->FreezeMemtable(), Code::kInternal, {"read-only"}));
    EXPECT_TRUE(FailsWith(engine_->FlushAllFrozen(), Code::kInternal, {"read-only"}));
    EXPECT_TRUE(FailsWith(engine_->MajorCompact(), Code::kInternal, {"read-only"}));
    EXPECT_EQ(ContentsOf(*engine_), visible);
    { EXPECT_OK(engine_->GetSnapshot()); }
    EXPECT_OK(engine_->Verify()) << "what is in doubt is no damage";

    Machine cut = machine_.AfterPowerLoss();
    EXPECT_TRUE(FailsWith(engine_->Close(), Code::kInternal, {"read-only"}));
    EXPECT_OK(engine_->Close());
    for (Machine* machine : {&machine_, &cut}) {
      const auto recovered = machine->Open();
      ASSERT_NE(recovered, nullptr);
      const Contents found = ContentsOf(*recovered);
      for (const auto& [key, value] : visible) EXPECT_TRUE(found.contains(key)) << key;
      EXPECT_FALSE(found.contains("later"));
      EXPECT_OK(recovered->Put("later", "v"));
      EXPECT_OK(recovered->Verify());
    }
  }

  Machine machine_;
  std::unique_ptr<Engine> engine_;
};

// ---- space ----

TEST_F(EngineFailureTest, WritesFailWhileThereIsNoSpaceAndGoOnWhenItReturnsWithoutReopening) {
  machine_.disk().SetFreeSpace(0);
  int written = 3;
  absl::Status status;
  while ((status = engine_->Put(NumberedKey(written), "value " + std::to_string(written))).ok()) ++written;
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
  EXPECT_EQ(engine_->Stats()->state, EngineState::kOutOfSpace);
  EXPECT_NE(engine_->Stats()->state_reason, "");
  EXPECT_EQ(engine_->Stats()->last_lsn, static_cast<uint64_t>(written));
  EXPECT_EQ(ContentsOf(*engine_), Numbered(0, written));
  Machine after = machine_.AfterPowerLoss();
  after.disk().SetFreeSpace(kPlenty);
  EXPECT_EQ(ContentsWhenOpened(after), Numbered(0, written));

  machine_.disk().SetFreeSpace(kPlenty);
  PutNumbered(*engine_, written, written + 100);
  EXPECT_EQ(engine_->Stats()->state, EngineState::kHealthy);
  ASSERT_OK(Flush(*engine_));
  EXPECT_EQ(ContentsOf(*engine_), Numbered(0, written + 100));
  ASSERT_OK(engine_->Close());
  EXPECT_EQ(ContentsWhenOpened(machine_), Numbered(0, written + 100));
}

TEST_F(EngineFailureTest, TheVeryFirstWriteMayFindNoSpaceToo) {
  Machine machine;
  const auto engine = machine.Open();
  machine.disk().SetFreeSpace(0);
  EXPECT_TRUE(FailsWith(engine->Put("k", "v"), Code::kResourceExhausted));
  EXPECT_EQ(engine->Stats()->state, EngineState::kOutOfSpace);
  machine.disk().SetFreeSpace(kPlenty);
  ASSERT_OK(engine->Put("k", "v"));
  EXPECT_EQ(engine->Stats()->state, EngineState::kHealthy);
  EXPECT_EQ(ContentsWhenOpened(machine.AfterPowerLoss()), (Contents{{"k", "v"}}));
}

TEST_F(EngineFailureTest, AFlushWithoutSpaceLeavesTheMemtableReadableAndIsTriedAgain) {
  ASSERT_TRUE(engine_->FreezeMemtable().value());
  machine_.disk().SetFreeSpace(0);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(FailsWith(engine_->FlushOldestFrozen(), Code::kResourceExhausted));
  EXPECT_EQ(ContentsOf(*engine_), Numbered(0, 3));
  EXPECT_EQ(machine_.Tables().size(), 0u) << "no half-made table is left";
  machine_.disk().SetFreeSpace(kPlenty);
  ASSERT_TRUE(engine_->FlushOldestFrozen().value());
  EXPECT_EQ(engine_->Stats()->table_count, 1u);
  EXPECT_EQ(ContentsOf(*engine_), Numbered(0, 3));
  EXPECT_OK(engine_->Close());
}

TEST_F(EngineFailureTest, ACompactionWithoutSpaceLeavesItsInputsAndIsTriedAgain) {
  ASSERT_OK(Flush(*engine_));
  PutNumbered(*engine_, 3, 6);
  ASSERT_OK(Flush(*engine_));
  machine_.disk().SetFreeSpace(0);
  EXPECT_TRUE(FailsWith(engine_->MajorCompact(), Code::kResourceExhausted));
  EXPECT_EQ(ContentsOf(*engine_), Numbered(0, 6));
  EXPECT_EQ(machine_.Tables().size(), 2u);
  machine_.disk().SetFreeSpace(kPlenty);
  EXPECT_TRUE(engine_->MajorCompact().value());
  EXPECT_EQ(ContentsOf(*engine_), Numbered(0, 6));
}

TEST_F(EngineFailureTest, AnEditThatFindsNoSpaceIsTriedAgain) {
  ASSERT_TRUE(engine_->FreezeMemtable().value());
  machine_.FailWhile([](const FileCall& call) { return IsManifest(call.path) && call.op == FileOp::kReserve; },
                     Fault::kNoSpace);
  EXPECT_TRUE(FailsWith(engine_->FlushOldestFrozen(), Code::kResourceExhausted));
  EXPECT_EQ(engine_->Stats()->state, EngineState::kOutOfSpace);
  machine_.Heal();
  ASSERT_TRUE(engine_->FlushOldestFrozen().value());
  EXPECT_EQ(machine_.Tables().size(), 1u) << "the table of the edit that was refused is gone";
  ASSERT_OK(engine_->Put(NumberedKey(3), "value 3"));
  EXPECT_EQ(engine_->Stats()->state, EngineState::kHealthy);
  EXPECT_EQ(ContentsWhenOpened(machine_.AfterPowerLoss()), Numbered(0, 4));
}

// ---- final failures ----

TEST_F(EngineFailureTest, AFailedSyncOfTheLogIsFinal) {
  for (const Fault fault : {Fault::kIoError, Fault::kNoSpace, Fault::kFailAfterPart}) {
    StartAfresh();
    machine_.FailWhile([](const FileCall& call) { return IsLog(call.path) && call.op == FileOp::kSync; }, fault);
    EXPECT_FALSE(engine_->Put(NumberedKey(3), "value 3").ok());
    EXPECT_EQ(engine_->Stats()->last_lsn, 3u);
    ExpectFailedForGood(Numbered(0, 3));
  }
}

TEST_F(EngineFailureTest, AFailedSyncOfALogThatAFlushCannotDeleteIsFinal) {
  ASSERT_TRUE(engine_->FreezeMemtable().value());
  const std::string frozen = machine_.Logs()[0];
  machine_.FailWhile([&](const FileCall& call) {
    return call.path == frozen && (call.op == FileOp::kDelete || call.op == FileOp::kSync);
  });
  EXPECT_TRUE(FailsWith(engine_->FlushOldestFrozen(), Code::kInternal, {frozen}));
  ExpectFailedForGood(Numbered(0, 3));
}

TEST_F(EngineFailureTest, AFailedSyncOfTheDirectoryBehindADeletedLogIsFinal) {
  ASSERT_TRUE(engine_->FreezeMemtable().value());
  const std::string frozen = machine_.Logs()[0];
  bool is_deleted = false;
  machine_.FailWhile([&](const FileCall& call) {
    is_deleted |= call.path == frozen && call.op == FileOp::kDelete;
    return is_deleted && call.op == FileOp::kSyncDirectory;
  });
  EXPECT_TRUE(FailsWith(engine_->FlushOldestFrozen(), Code::kInternal));
  ASSERT_TRUE(is_deleted);
  ExpectFailedForGood(Numbered(0, 3));
}

TEST_F(EngineFailureTest, AFailedSyncOfALogThatIsBeingMadeIsFinal) {
  ASSERT_TRUE(engine_->FreezeMemtable().value());
  const std::string frozen = machine_.Logs()[0];
  machine_.FailWhile(
      [&](const FileCall& call) { return IsLog(call.path) && call.path != frozen && call.op == FileOp::kSync; });
  EXPECT_TRUE(FailsWith(engine_->FlushOldestFrozen(), Code::kInternal));
  ExpectFailedForGood(Numbered(0, 3));
}

TEST_F(EngineFailureTest, AWriteThatFailsMidwayIsFinal) {
  for (const Fault fault : {Fault::kIoError, Fault::kFailAfterPart}) {
    StartAfresh();
    machine_.FailWhile([](const FileCall& call) { return IsLog(call.path) && call.op == FileOp::kCommit; }, fault);
    EXPECT_TRUE(FailsWith(engine_->Put(NumberedKey(3), "value 3", kUnsynced), Code::kInternal));
    ExpectFailedForGood(Numbered(0, 3));
  }
}

TEST_F(EngineFailureTest, ASealThatFailsMidwayIsFinal) {
  for (const Fault fault : {Fault::kIoError, Fault::kFailAfterPart}) {
    StartAfresh();
    machine_.FailWhile([](const FileCall& call) { return IsLog(call.path) && call.op == FileOp::kCommit; }, fault);
    EXPECT_TRUE(FailsWith(engine_->FreezeMemtable(), Code::kInternal));
    ExpectFailedForGood(Numbered(0, 3));
  }
}

TEST_F(EngineFailureTest, AFailedSyncOfTheDirectoryIsFinal) {
  ASSERT_TRUE(engine_->FreezeMemtable().value());
  machine_.FailWhile([](const FileCall& call) { return call.op == FileOp::kSyncDirectory; });
  EXPECT_TRUE(FailsWith(engine_->Put("k", "v"), Code::kInternal));  // begins a log
  ExpectFailedForGood(Numbered(0, 3));
}

TEST_F(EngineFailureTest, AFailedSyncOfTheDirectoryBehindATableIsFinal) {
  ASSERT_TRUE(engine_->FreezeMemtable().value());
  bool is_table_made = false;  // before it, the next log is
  machine_.FailWhile([&](const FileCall& call) {
    is_table_made |= IsTable(call.path) && call.op == FileOp::kCreate;
    return is_table_made && call.op == FileOp::kSyncDirectory;
  });
  EXPECT_TRUE(FailsWith(engine_->FlushOldestFrozen(), Code::kInternal));
  ASSERT_TRUE(is_table_made);
  ExpectFailedForGood(Numbered(0, 3));
}

// Whether the edit is in the file is unknown, so the table that it may name stays.
TEST_F(EngineFailureTest, AFailedSyncOfTheManifestIsFinalAndKeepsWhatTheEditMayName) {
  for (const Fault fault : {Fault::kIoError, Fault::kNoSpace, Fault::kFailAfterPart}) {
    for (const FileOp op : {FileOp::kSync, FileOp::kCommit}) {
      if (op == FileOp::kCommit && fault == Fault::kNoSpace) continue;  // space is asked for before
      StartAfresh();
      ASSERT_TRUE(engine_->FreezeMemtable().value());
      machine_.FailWhile([op](const FileCall& call) { return IsManifest(call.path) && call.op == op; }, fault);
      EXPECT_FALSE(engine_->FlushOldestFrozen().ok());
      ExpectFailedForGood(Numbered(0, 3));
    }
  }
}

TEST_F(EngineFailureTest, AFailedSyncOfAManifestThatIsWrittenAnewIsFinal) {
  machine_.FailWhile([](const FileCall& call) { return IsManifest(call.path) && call.op == FileOp::kSync; });
  EXPECT_TRUE(FailsWith(testing::CheckpointManifest(*engine_), Code::kInternal));
  ExpectFailedForGood(Numbered(0, 3));
}

TEST_F(EngineFailureTest, TheFirstErrorIsTheCauseAndIsKept) {
  machine_.FailWhile([](const FileCall& call) { return IsLog(call.path) && call.op == FileOp::kSync; });
  EXPECT_TRUE(FailsWith(engine_->Put("k", "v"), Code::kInternal, {"sync", "Input/output error"}));
  machine_.Heal();
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(FailsWith(engine_->Put("k", "v"), Code::kInternal, {"earlier failure", "Input/output error"}));
  }
  EXPECT_NE(engine_->Stats()->state_reason.find("Input/output error"), std::string::npos);
}

// ---- failures of tables ----

TEST_F(EngineFailureTest, ATableThatCannotBeWrittenIsDiscardedAndTriedAgainUnderAnotherNumber) {
  ASSERT_TRUE(engine_->FreezeMemtable().value());
  std::vector<std::string> tried;
  for (const FileOp op : {FileOp::kCreate, FileOp::kAppend, FileOp::kSync, FileOp::kClose}) {
    machine_.FailWhile([&](const FileCall& call) {
      if (IsTable(call.path) && call.op == FileOp::kCreate) tried.push_back(call.path);
      return IsTable(call.path) && call.op == op;
    });
    EXPECT_TRUE(FailsWith(engine_->FlushOldestFrozen(), Code::kInternal)) << FileOpName(op);
    EXPECT_EQ(engine_->Stats()->state, EngineState::kHealthy) << FileOpName(op);
    EXPECT_EQ(ContentsOf(*engine_), Numbered(0, 3));
    EXPECT_EQ(machine_.Tables().size(), 0u) << FileOpName(op);
  }
  std::sort(tried.begin(), tried.end());
  EXPECT_EQ(std::adjacent_find(tried.begin(), tried.end()), tried.end());
  machine_.Heal();
  ASSERT_OK(engine_->Put(NumberedKey(3), "value 3"));
  ASSERT_TRUE(engine_->FlushOldestFrozen().value());
  EXPECT_EQ(ContentsWhenOpened(machine_.AfterPowerLoss()), Numbered(0, 4));
}

TEST_F(EngineFailureTest, AFailedCompactionLosesNothing) {
  for (int i = 1; i < 4; ++i) {
    ASSERT_OK(Flush(*engine_));
    PutNumbered(*engine_, 3 * i, 3 * i + 3);
  }
  const auto snapshot = engine_->GetSnapshot().value();
  for (const FileOp op : {FileOp::kCreate, FileOp::kAppend, FileOp::kSync, FileOp::kClose}) {
    machine_.FailWhile([&](const FileCall& call) { return IsTable(call.path) && call.op == op; });
    EXPECT_TRUE(FailsWith(engine_->MajorCompact(), Code::kInternal)) << FileOpName(op);
    EXPECT_EQ(engine_->Stats()->state, EngineState::kHealthy);
    EXPECT_EQ(engine_->Stats()->table_count, 3u);
    EXPECT_EQ(machine_.Tables().size(), 3u);
  }
  machine_.Heal();
  EXPECT_TRUE(engine_->MajorCompact().value());
  EXPECT_EQ(ContentsOf(*engine_), Numbered(0, 12));
}

TEST_F(EngineFailureTest, AFileThatCannotBeDeletedIsOwedAndTriedAgain) {
  machine_.FailWhile([](const FileCall& call) { return call.op == FileOp::kDelete; });
  ASSERT_OK(Flush(*engine_));
  EXPECT_GT(engine_->Stats()->undeleted_files, 0u);
  EXPECT_EQ(engine_->Stats()->state, EngineState::kHealthy);
  machine_.Heal();
  PutNumbered(*engine_, 3, 6);
  ASSERT_OK(Flush(*engine_));
  EXPECT_EQ(engine_->Stats()->undeleted_files, 0u);
  EXPECT_EQ(machine_.Logs().size(), 1u);
}

TEST_F(EngineFailureTest, AReadThatFailsIsAnErrorAndPasses) {
  ASSERT_OK(Flush(*engine_));
  engine_.reset();
  engine_ = machine_.Open();
  machine_.FailWhile([](const FileCall& call) { return IsTable(call.path) && call.op == FileOp::kRead; });
  EXPECT_TRUE(FailsWith(engine_->Get(NumberedKey(1)), Code::kInternal));
  EXPECT_TRUE(FailsWith(engine_->Scan("a", "z"), Code::kInternal));
  const auto it = engine_->NewIterator({}).value();
  it->SeekToFirst();
  EXPECT_FALSE(it->Valid());
  EXPECT_TRUE(FailsWith(it->status(), Code::kInternal)) << "an error is not the end";
  machine_.Heal();
  EXPECT_EQ(engine_->Get(NumberedKey(1)).value(), "value 1");
  it->SeekToFirst();
  EXPECT_TRUE(it->Valid());
  EXPECT_EQ(ContentsOf(*engine_), Numbered(0, 3));
  EXPECT_EQ(engine_->Stats()->state, EngineState::kHealthy);
}

}  // namespace
}  // namespace aeternus
