// What a clean close proves (docs/durability.md, "The clean close"): that nothing of it can be missing later without
// being missed, not even a whole log; and what a close costs.
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "base/file_identity.h"
#include "engine/core.h"
#include "engine/testing/log_frames.h"
#include "engine/testing/machine.h"
#include "engine/testing/status.h"
#include "env/file_system.h"
#include "gtest/gtest.h"
#include "manifest/manifest.h"

namespace aeternus {
namespace {

using env::testing::CrashMode;
using env::testing::Fault;
using env::testing::FileCall;
using env::testing::FileOp;
using testing::Contents;
using testing::ContentsOf;
using testing::ContentsWhenOpened;
using testing::DestroyBatch;
using testing::DestroyFrame;
using testing::FailsWith;
using testing::FramesOf;
using testing::IsManifest;
using testing::IsRefusedUnchanged;
using testing::kUnsynced;
using testing::Machine;
using testing::Numbered;
using testing::PutNumbered;

// The core of a database: Engine would flush its frozen memtables before it closes, and Db whenever it likes.
class CoreDatabase {
 public:
  explicit CoreDatabase(Machine& machine) {
    const EngineConfig defaults;
    core_ = Core::Open(Machine::kDir, {.write_buffer_bytes = defaults.write_buffer_bytes,
                                       .memory_budget_bytes = defaults.memory_budget_bytes,
                                       .table = defaults.table,
                                       .compaction = defaults.compaction,
                                       .create_if_missing = true,
                                       .env = machine.env()})
                .value();
  }
  absl::Status Put(const std::string& key, const std::string& value, const WriteOptions& options) {
    WriteBatch batch;
    batch.Put(key, value);
    PendingCommit commit{.batch = &batch, .sync = options.sync};
    PendingCommit* group[] = {&commit};
    core_->Commit(group);
    return commit.status;
  }
  void Freeze() { EXPECT_TRUE(core_->Freeze().value()); }
  absl::Status Close() { return core_->Close(); }

 private:
  std::shared_ptr<Core> core_;
};

// A machine whose database was closed with `logs` logs of three puts each, none of them flushed.
Machine ClosedWith(int logs, const WriteOptions& options) {
  Machine machine;
  CoreDatabase database(machine);
  for (int log = 0; log < logs; ++log) {
    if (log > 0) database.Freeze();
    PutNumbered(database, 3 * log + 1, 3 * log + 4, options);
  }
  EXPECT_OK(database.Close());
  return machine.AfterPowerLoss();
}

ManifestState ManifestOf(Machine& machine) { return Manifest::Read(&machine.disk(), Machine::kDir).value().value(); }

struct Loss {
  const char* name;
  std::function<void(Machine&, const std::string& log)> inflict;
};
// Ways to lose everything from a log's link to its seal at once.
const Loss kWholeLogLosses[] = {
    {"zeroed", [](Machine& m, const std::string& log) { m.Zero(log, 0, m.SizeOf(log)); }},
    {"zeroed behind its header",
     [](Machine& m, const std::string& log) {
       m.Zero(log, kFileIdentitySizeBytes, m.SizeOf(log) - kFileIdentitySizeBytes);
     }},
    {"cut to its header", [](Machine& m, const std::string& log) { m.Truncate(log, kFileIdentitySizeBytes); }},
    {"cut to nothing", [](Machine& m, const std::string& log) { m.Truncate(log, 0); }},
    {"deleted", [](Machine& m, const std::string& log) { m.Delete(log); }},
};

// [CLOSE_PROOF]
TEST(RecoveryClose, AfterACleanCloseNoLogIsLostAsAWholeWithoutBeingMissed) {
  for (const WriteOptions& options : {WriteOptions{}, kUnsynced}) {
    for (int logs = 1; logs <= 3; ++logs) {
      const Machine closed = ClosedWith(logs, options);
      const std::vector<std::string> paths = closed.Logs();
      ASSERT_EQ(paths.size(), static_cast<size_t>(logs));
      for (const std::string& path : paths) {
        for (const Loss& loss : kWholeLogLosses) {
          Machine machine = closed.AfterKill();
          loss.inflict(machine, path);
          ASSERT_TRUE(IsRefusedUnchanged(machine, path)) << path << " of " << logs << " " << loss.name;
        }
      }
    }
  }
}

TEST(RecoveryClose, ALifeOfASingleWriteIsProvenToo) {
  for (int life = 1; life <= 3; ++life) {
    Machine machine;
    for (int i = 1; i <= life; ++i) {
      CoreDatabase database(machine);
      PutNumbered(database, i, i + 1, kUnsynced);
      ASSERT_OK(database.Close());
    }
    const std::string last = machine.Logs().back();
    machine.Zero(last, kFileIdentitySizeBytes, machine.SizeOf(last) - kFileIdentitySizeBytes);
    EXPECT_TRUE(IsRefusedUnchanged(machine, last)) << "life " << life;
  }
}

TEST(RecoveryClose, TheLossOfAllLogsIsMissedToo) {
  for (const Loss& loss : kWholeLogLosses) {
    Machine machine = ClosedWith(3, kUnsynced);
    const std::vector<std::string> paths = machine.Logs();
    for (const std::string& path : paths) loss.inflict(machine, path);
    EXPECT_TRUE(IsRefusedUnchanged(machine, paths[0])) << loss.name;
  }
}

// Frozen, and no log begun behind it: no seal knows that the frozen log was synced.
TEST(RecoveryClose, WhatWasFrozenLastIsProvenAsWell) {
  Machine closed;
  CoreDatabase database(closed);
  PutNumbered(database, 1, 4, kUnsynced);
  database.Freeze();
  ASSERT_OK(database.Close());
  const std::vector<std::string> logs = closed.Logs();
  ASSERT_EQ(logs.size(), 1u) << "a close begins no log";
  for (const testing::LogFrame& frame : testing::BatchesOf(closed, logs[0])) {
    Machine machine = closed.AfterPowerLoss();
    DestroyFrame(machine, logs[0], frame);
    EXPECT_TRUE(IsRefusedUnchanged(machine, logs[0]));
  }
  for (const Loss& loss : kWholeLogLosses) {
    Machine machine = closed.AfterPowerLoss();
    loss.inflict(machine, logs[0]);
    EXPECT_TRUE(IsRefusedUnchanged(machine, logs[0])) << loss.name;
  }
  EXPECT_EQ(ContentsWhenOpened(closed.AfterPowerLoss()), Numbered(1, 4));
}

TEST(RecoveryClose, WhatALaterLifeAddsIsProvenByItsOwnClose) {
  Machine machine = ClosedWith(1, kUnsynced);
  for (int life = 1; life <= 3; ++life) {
    const auto engine = machine.Open();
    PutNumbered(*engine, 3 * life + 1, 3 * life + 4, kUnsynced);
    ASSERT_OK(engine->Close());
    const std::string newest = machine.Logs().back();
    EXPECT_EQ(ManifestOf(machine).close->last_lsn, Lsn(static_cast<uint64_t>(3 * life + 3)));
    Machine damaged = machine.AfterPowerLoss();
    damaged.Truncate(newest, kFileIdentitySizeBytes);
    EXPECT_TRUE(IsRefusedUnchanged(damaged, newest)) << "life " << life;
  }
  EXPECT_EQ(ContentsWhenOpened(machine), Numbered(1, 13));
}

// The proof of the close gives way to that of the cut, and both to the tables.
TEST(RecoveryClose, AfterReopeningTheCutOrTheTablesProveWhatTheCloseDid) {
  const Machine closed = ClosedWith(2, kUnsynced);
  Machine killed = closed.AfterKill();
  { const auto engine = killed.Open(); }
  EXPECT_EQ(ManifestOf(killed).close, std::nullopt);
  for (const std::string& log : killed.Logs()) {
    Machine machine = killed.AfterKill();
    machine.Truncate(log, kFileIdentitySizeBytes);
    EXPECT_TRUE(IsRefusedUnchanged(machine, log));
  }

  Machine flushed = closed.AfterKill();
  const auto engine = flushed.Open();
  ASSERT_TRUE(engine->FlushAllFrozen().value());
  ASSERT_OK(engine->Close());
  EXPECT_EQ(ManifestOf(flushed).close, std::nullopt);
  ASSERT_EQ(flushed.Logs().size(), 1u);
  flushed.Truncate(flushed.Logs()[0], kFileIdentitySizeBytes);  // holds nothing
  EXPECT_EQ(ContentsWhenOpened(flushed), Numbered(1, 7));
}

// ---- crashes and failures around a close ----

TEST(RecoveryClose, ACloseThatIsCutOffAnywhereIsAKill) {
  const auto live = [](Machine& machine) {
    CoreDatabase database(machine);
    PutNumbered(database, 1, 4);
    database.Freeze();
    PutNumbered(database, 4, 7, kUnsynced);
    return database;
  };
  Machine whole;
  CoreDatabase database = live(whole);
  const uint64_t before = whole.disk().calls();
  ASSERT_OK(database.Close());
  const uint64_t calls = whole.disk().calls() - before;
  ASSERT_GT(calls, 4u);
  for (uint64_t call = 0; call < calls; ++call) {
    Machine machine;
    CoreDatabase closing = live(machine);
    machine.disk().FailAt(machine.disk().calls() + call, Fault::kIoError, /*for_good=*/true);
    const bool closed = closing.Close().ok();
    for (uint64_t seed = 0; seed < 8; ++seed) {
      const CrashMode mode = seed == 0 ? CrashMode::kDropAll : seed == 1 ? CrashMode::kKeepAll : CrashMode::kRandom;
      Machine after = machine.AfterPowerLoss({.mode = mode, .seed = seed});
      const auto recovered = after.Open();
      ASSERT_NE(recovered, nullptr) << "call " << call << " of " << calls;
      const Contents found = ContentsOf(*recovered);
      ASSERT_EQ(found, Numbered(1, static_cast<int>(found.size()) + 1));
      ASSERT_GE(found.size(), closed ? 6u : 3u) << "call " << call << " of " << calls;
      ASSERT_OK(recovered->Put("next", "v"));
      ASSERT_OK(recovered->Close());
    }
  }
}

// [FAILED_NO_SEAL]
TEST(RecoveryClose, AnEngineThatFailedProvesNothingByItsClose) {
  Machine machine;
  const auto engine = machine.Open();
  PutNumbered(*engine, 1, 3);
  machine.FailWhile([](const FileCall& call) { return call.op == FileOp::kSync; });
  EXPECT_FALSE(engine->Put("lost", "v").ok());
  machine.Heal();
  EXPECT_TRUE(FailsWith(engine->Close(), absl::StatusCode::kInternal));
  EXPECT_EQ(FramesOf(machine, machine.Logs()[0]).back().type, wal::FrameType::kBatch);
  EXPECT_EQ(ManifestOf(machine).close, std::nullopt);
  EXPECT_EQ(ContentsWhenOpened(machine.AfterPowerLoss()), Numbered(1, 3));
}

// [CLOSE_SYNC_FIRST]
TEST(RecoveryClose, TheManifestCountsOnTheLogsOnlyOnceTheyAreSynced) {
  Machine machine;
  CoreDatabase database(machine);
  PutNumbered(database, 1, 3, kUnsynced);
  database.Freeze();
  PutNumbered(database, 3, 5, kUnsynced);
  const std::vector<std::string> calls =
      machine.CallsOf({FileOp::kCommit, FileOp::kSync}, [&] { EXPECT_OK(database.Close()); });
  const std::string first = machine.Logs()[0], second = machine.Logs()[1], manifest = machine.Manifests()[0];
  EXPECT_EQ(calls, (std::vector<std::string>{"sync " + first, "sync " + second, "commit " + second, "sync " + second,
                                             "commit " + manifest, "sync " + manifest}));
}

TEST(RecoveryClose, WithoutRoomForItsProofACloseSaysSoAndLosesNothing) {
  Machine machine;
  const auto engine = machine.Open();
  PutNumbered(*engine, 1, 4, kUnsynced);
  machine.FailWhile([](const FileCall& call) { return IsManifest(call.path) && call.op == FileOp::kReserve; },
                    Fault::kNoSpace);
  EXPECT_TRUE(FailsWith(engine->Close(), absl::StatusCode::kResourceExhausted));
  EXPECT_OK(engine->Close());
  machine.Heal();
  EXPECT_EQ(ContentsWhenOpened(machine.AfterPowerLoss()), Numbered(1, 4));
}

// ---- what a close costs ----

TEST(RecoveryClose, ACloseWithNothingToProveWritesNothing) {
  Machine fresh;
  ASSERT_OK(fresh.Open()->Close());
  const Machine with_log = ClosedWith(1, kUnsynced);
  Machine flushed;
  const auto engine = flushed.Open();
  PutNumbered(*engine, 1, 4);
  ASSERT_OK(testing::Flush(*engine));
  ASSERT_OK(engine->Close());
  for (const Machine* machine : std::vector<const Machine*>{&fresh, &with_log, &flushed}) {
    Machine again = machine->AfterPowerLoss();
    CoreDatabase opened(again);
    const Contents files = again.Files();
    const uint64_t syncs = again.disk().CountOf(FileOp::kSync);
    ASSERT_OK(opened.Close());
    EXPECT_EQ(again.Files(), files);
    EXPECT_EQ(again.disk().CountOf(FileOp::kSync), syncs);
  }
}

// ---- databases of before ----

// A manifest in which nobody recorded the close: its seal proves what it did.
TEST(RecoveryClose, WithoutTheEditOfTheCloseEverythingIsReadAndTheSealStillProves) {
  const Machine closed = ClosedWith(2, kUnsynced);
  Machine old = closed.AfterKill();
  const std::string manifest = old.Manifests()[0];
  const uint64_t size = old.SizeOf(manifest);
  old.Zero(manifest, size - 8, 8);
  ASSERT_EQ(ManifestOf(old).close, std::nullopt);
  EXPECT_EQ(ContentsWhenOpened(old.AfterKill()), Numbered(1, 7));
  for (const std::string& log : old.Logs()) {
    Machine machine = old.AfterKill();
    DestroyBatch(machine, log, 1);
    EXPECT_TRUE(IsRefusedUnchanged(machine, log));
  }
}

}  // namespace
}  // namespace aeternus
