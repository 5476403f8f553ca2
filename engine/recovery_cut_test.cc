// What a recovery leaves behind for the next one: the cut, numbers and LSNs never used again, and bytes that are on
// disk before anything counts on them (docs/durability.md, "The cut"; rule names in brackets are the model's).
#include <algorithm>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "base/testing/test_seed.h"
#include "engine/file_names.h"
#include "engine/testing/log_frames.h"
#include "engine/testing/machine.h"
#include "engine/testing/manifest_checkpoint.h"
#include "engine/testing/past_life.h"
#include "engine/testing/status.h"
#include "gtest/gtest.h"

namespace aeternus {
namespace {

using env::testing::CrashMode;
using env::testing::Fault;
using env::testing::FileCall;
using env::testing::FileOp;
using testing::BatchesOf;
using testing::Contents;
using testing::ContentsOf;
using testing::ContentsWhenOpened;
using testing::DestroyBatch;
using testing::DestroyFrame;
using testing::FramesOf;
using testing::IsLog;
using testing::IsRefusedUnchanged;
using testing::KilledAfter;
using testing::kUnsynced;
using testing::LogFrame;
using testing::Machine;
using testing::Numbered;
using testing::PutNumbered;

Contents Merged(Contents a, const Contents& b) {
  a.insert(b.begin(), b.end());
  return a;
}

// [CUT_PROOF]
TEST(RecoveryCut, WhatOneRecoveryFoundTheNextOneMustFindToo) {
  for (size_t batch = 0; batch < 3; ++batch) {
    Machine machine = KilledAfter({.puts_each = 3, .write = kUnsynced});
    EXPECT_EQ(ContentsWhenOpened(machine), Numbered(1, 4));
    const std::string log = machine.Logs()[0];
    DestroyBatch(machine, log, batch);
    EXPECT_TRUE(IsRefusedUnchanged(machine, "an earlier recovery recorded")) << "batch " << batch;
  }
}

TEST(RecoveryCut, TheCutIsKeptWhileItsLogIsLiveThroughAnyNumberOfOpens) {
  Machine machine = KilledAfter({.puts_each = 3, .write = kUnsynced});
  for (int i = 0; i < 4; ++i) EXPECT_EQ(ContentsWhenOpened(machine), Numbered(1, 4));
  const std::string log = machine.Logs()[0];
  DestroyBatch(machine, log, 1);
  EXPECT_TRUE(IsRefusedUnchanged(machine, "an earlier recovery recorded"));
}

TEST(RecoveryCut, FramesBehindTheCutAreNeitherReplayedNorProofs) {
  Machine machine = KilledAfter({.puts_each = 4, .write = kUnsynced});
  const std::string log = machine.Logs()[0];
  const std::vector<LogFrame> batches = BatchesOf(machine, log);
  const std::string whole = *machine.disk().Contents(log);
  DestroyFrame(machine, log, batches[2]);
  EXPECT_EQ(ContentsWhenOpened(machine), Numbered(1, 3));
  // The frames behind the cut come back, as an unsynced write that another crash kept.
  ASSERT_OK(machine.disk().SetContents(log, whole));
  const auto engine = machine.Open();
  ASSERT_NE(engine, nullptr);
  EXPECT_EQ(ContentsOf(*engine), Numbered(1, 3));
  ASSERT_OK(engine->Put("next", "v"));
  EXPECT_EQ(engine->Stats()->last_lsn, 5u);
}

// [CUT_DROPS]: a recovery that saw none of them has ended the chain; what they know of LSNs behind it is of no account.
TEST(RecoveryCut, WhatComesBackBehindTheCutProvesNothingWhateverItKnowsToHaveBeenSynced) {
  Machine killed = KilledAfter({.logs = 2, .puts_each = 4});
  const std::vector<std::string> logs = killed.Logs();
  Machine machine = killed.AfterKill();
  for (size_t batch = 2; batch < 4; ++batch) DestroyFrame(machine, logs[0], BatchesOf(killed, logs[0])[batch]);
  machine.Zero(logs[0], FramesOf(killed, logs[0]).back().offset, 64);  // the seal
  machine.Zero(logs[1], 0, machine.SizeOf(logs[1]));
  ASSERT_EQ(ContentsWhenOpened(machine), Numbered(1, 3));
  for (int returning = 1; returning < 4; ++returning) {
    Machine returned = machine.AfterKill();
    for (size_t log = 0; log < 2; ++log) {
      if ((returning & 1 << log) != 0) {
        ASSERT_OK(returned.disk().SetContents(logs[log], *killed.disk().Contents(logs[log])));
      }
    }
    for (int life = 0; life < 2; ++life) {
      EXPECT_EQ(ContentsWhenOpened(returned), Numbered(1, 3)) << "logs " << returning << ", life " << life;
    }
  }
  // [PASS_OVER]: nor when a younger cut has taken the place of that one.
  PutNumbered(*machine.Open(), 11, 12);
  const Contents present = Merged(Numbered(1, 3), Numbered(11, 12));
  ASSERT_EQ(ContentsWhenOpened(machine), present);
  ASSERT_OK(machine.disk().SetContents(logs[1], *killed.disk().Contents(logs[1])));
  EXPECT_EQ(ContentsWhenOpened(machine), present);
}

// [CUT_DROPS]: before anything is written behind the cut, nothing but the cut tells a discarded log.
TEST(RecoveryCut, WhicheverOfTheDiscardedLogsComesBackTheChainEndsWhereItDid) {
  Machine killed = KilledAfter({.logs = 3, .puts_each = 2, .is_last_sealed = true, .write = kUnsynced});
  const std::vector<std::string> logs = killed.Logs();
  ASSERT_EQ(logs.size(), 3u);
  DestroyBatch(killed, logs[0], 1);
  for (int returning = 1; returning < 4; ++returning) {
    Machine machine = killed.AfterKill();
    EXPECT_EQ(ContentsWhenOpened(machine), Numbered(1, 2));
    ASSERT_EQ(machine.Logs().size(), 1u);
    for (size_t log = 1; log < 3; ++log) {
      if ((returning & 1 << (log - 1)) == 0) continue;
      ASSERT_OK(machine.disk().SetContents(logs[log], *killed.disk().Contents(logs[log])));
    }
    EXPECT_EQ(ContentsWhenOpened(machine), Numbered(1, 2)) << "logs " << returning;
  }
}

// [CUT_DROPS], [PASS_OVER]
TEST(RecoveryCut, LogsDiscardedByARecoveryStayDiscardedWhenACrashBringsThemBack) {
  Machine machine = KilledAfter({.logs = 2, .puts_each = 3, .write = kUnsynced});
  const std::string first = machine.Logs()[0], second = machine.Logs()[1];
  const std::string discarded = *machine.disk().Contents(second);
  DestroyBatch(machine, first, 2);

  for (int life = 0; life < 3; ++life) {
    auto engine = machine.Open();
    ASSERT_NE(engine, nullptr);
    EXPECT_EQ(ContentsOf(*engine), Merged(Numbered(1, 3), Numbered(11, 11 + life)));
    EXPECT_FALSE(machine.disk().FileExists(second).value());
    PutNumbered(*engine, 11 + life, 12 + life);
    EXPECT_EQ(engine->Stats()->last_lsn, static_cast<uint64_t>(7 + life));
    engine.reset();
    // The deletion was not synced, and the crash undoes it.
    ASSERT_OK(machine.disk().SetContents(second, discarded));
  }
}

TEST(RecoveryCut, ALogWithoutItsFirstFrameIsRetiredAndTheNextLifeBeginsAChain) {
  Machine machine = KilledAfter({.puts_each = 3, .write = kUnsynced});
  const std::string log = machine.Logs()[0];
  DestroyFrame(machine, log, FramesOf(machine, log)[0]);
  auto engine = machine.Open();
  EXPECT_EQ(ContentsOf(*engine), Contents{});
  PutNumbered(*engine, 11, 13);
  engine.reset();
  EXPECT_EQ(ContentsWhenOpened(machine), Numbered(11, 13));
}

TEST(RecoveryCut, ALogOfWhichNothingWasReplayedIsDeletedAndCountedNoMore) {
  Machine machine = KilledAfter({.puts_each = 2, .write = kUnsynced});
  DestroyBatch(machine, machine.Logs()[0], 0);
  const auto engine = machine.Open();
  EXPECT_EQ(ContentsOf(*engine), Contents{});
  EXPECT_EQ(machine.Logs().size(), 1u);
  EXPECT_EQ(engine->Stats()->log_files, 1u);
}

// A recovery, some unsynced writes, a crash that tears them, again and again.
TEST(RecoveryCut, AnyNumberOfCrashesInARowLeavesWhatEachRecoveryShowed) {
  std::mt19937_64 random(TestSeed());
  for (int round = 0; round < 40; ++round) {
    Machine machine;
    Contents expected;
    int next = 1;
    uint64_t largest_lsn = 0;
    for (int life = 0; life < 6; ++life) {
      auto engine = machine.Open();
      ASSERT_NE(engine, nullptr) << "life " << life;
      const Contents found = ContentsOf(*engine);
      // What was there after the last recovery, and a prefix of what was written since.
      for (const auto& [key, value] : expected) ASSERT_TRUE(found.contains(key)) << "life " << life;
      Contents since = found;
      for (const auto& [key, value] : expected) since.erase(key);
      if (!since.empty()) {
        const int count = static_cast<int>(since.size());
        const int begin = std::stoi(since.begin()->first.substr(3));
        ASSERT_EQ(since, Numbered(begin, begin + count)) << "life " << life;
      }
      ASSERT_GE(engine->Stats()->last_lsn, largest_lsn);
      expected = found;
      for (int i = static_cast<int>(random() % 8); i > 0; --i, ++next) {
        const bool sync = random() % 5 == 0;
        PutNumbered(*engine, next, next + 1, {.sync = sync});
        if (sync) {
          expected = ContentsOf(*engine);
          largest_lsn = engine->Stats()->last_lsn;
        }
        if (random() % 5 == 0) {
          ASSERT_OK(engine->FreezeMemtable());
        }
        if (random() % 9 == 0) {
          ASSERT_OK(engine->FlushAllFrozen());
        }
      }
      Machine after = machine.AfterPowerLoss({.seed = random()});
      engine.reset();
      machine = std::move(after);
    }
  }
}

// [NUMBER_FRESH]
TEST(RecoveryCut, APreparedSegmentIsNeverPutToUseAfterACrash) {
  Machine machine;
  auto engine = machine.Open();
  PutNumbered(*engine, 1, 2);
  ASSERT_OK(testing::Flush(*engine));  // prepares the next log and names it
  engine.reset();
  const std::string prepared = machine.Logs().back();
  engine = machine.Open();
  PutNumbered(*engine, 2, 3);
  EXPECT_GT(machine.Logs().front(), prepared);
}

// The numbers of the files that are made in four lives, ascending.
std::vector<uint64_t> NumbersOfFourLives(const std::function<void(Engine&, int)>& live) {
  Machine machine;
  std::vector<uint64_t> numbers;
  machine.disk().SetFaultRule([&](const FileCall& call) {
    const size_t digits = call.path.find_first_of("0123456789");
    if (call.op == FileOp::kCreate && digits != std::string::npos)
      numbers.push_back(std::stoul(call.path.substr(digits)));
    return Fault::kNone;
  });
  for (int life = 0; life < 4; ++life) live(*machine.Open(), life);
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

TEST(RecoveryCut, NoFileNumberIsIssuedTwice) {
  const std::vector<uint64_t> numbers = NumbersOfFourLives([](Engine& engine, int life) {
    for (int i = 0; i < 3; ++i) {
      PutNumbered(engine, 3 * life + i, 3 * life + i + 1);
      ASSERT_TRUE(engine.FreezeMemtable().value());
    }
    ASSERT_TRUE(engine.FlushOldestFrozen().value());
  });
  EXPECT_EQ(std::adjacent_find(numbers.begin(), numbers.end()), numbers.end());
}

// More of them than are reserved at a time, and each life takes its greatest ones out of the directory again.
TEST(RecoveryCut, TheNumberOfAFileThatIsGoneIsNotIssuedAgain) {
  const std::vector<uint64_t> numbers = NumbersOfFourLives([](Engine& engine, int life) {
    for (int i = 0; i < (life == 1 ? 2200 : 0); ++i) ASSERT_OK(testing::CheckpointManifest(engine));
    ASSERT_OK(engine.Put("key", "v"));
    ASSERT_OK(testing::Flush(engine));
    ASSERT_OK(engine.Delete("key"));
    ASSERT_OK(testing::Flush(engine));
    ASSERT_TRUE(engine.MajorCompact().value());
    ASSERT_EQ(engine.Stats()->table_count, 0u);
  });
  EXPECT_GT(numbers.size(), 2200u);
  EXPECT_EQ(std::adjacent_find(numbers.begin(), numbers.end()), numbers.end());
}

// [LSN_ABOVE_ALL]
TEST(RecoveryCut, TheLsnOfADiscardedFrameIsNeverUsedAgainHoweverLateTheNextWriteComes) {
  Machine machine = KilledAfter({.puts_each = 6, .write = kUnsynced});
  const std::string log = machine.Logs()[0];
  DestroyBatch(machine, log, 2);
  for (int i = 0; i < 3; ++i) {  // the discarded frames and then their log go; what they used up is remembered
    auto engine = machine.Open();
    EXPECT_EQ(ContentsOf(*engine), Numbered(1, 3));
    ASSERT_OK(engine->FlushAllFrozen());
    ASSERT_OK(engine->Close());
  }
  const auto engine = machine.Open();
  ASSERT_OK(engine->Put("next", "v"));
  EXPECT_EQ(engine->Stats()->last_lsn, 7u);
}

// [SYNC0_IS_CUT]
TEST(RecoveryCut, AfterARecoveryOnlyWhatItReplayedCountsAsDurable) {
  Machine machine = KilledAfter({.puts_each = 6, .write = kUnsynced});
  const std::string log = machine.Logs()[0];
  DestroyBatch(machine, log, 2);
  const auto engine = machine.Open();
  EXPECT_EQ(engine->Stats()->synced_lsn, 2u);
  PutNumbered(*engine, 11, 12, kUnsynced);
  EXPECT_EQ(FramesOf(machine, machine.Logs().back()).back().synced_lsn, Lsn(2));
}

// [FLUSHED_LSN]: what flushes made durable counts as recovered although no table shows a trace of it.
TEST(RecoveryCut, ATornTailIsNotTakenForALossWhenTheNewestFlushedEntriesWereCompactedAway) {
  for (const bool is_reopened : {false, true}) {
    Machine killed;
    auto engine = killed.Open();
    ASSERT_OK(engine->Put("key", "v"));
    ASSERT_OK(testing::Flush(*engine));
    ASSERT_OK(engine->Delete("key"));
    ASSERT_OK(testing::Flush(*engine));
    ASSERT_TRUE(engine->MajorCompact().value());
    ASSERT_EQ(engine->Stats()->table_count, 0u);
    if (is_reopened) {
      engine.reset();
      engine = killed.Open();
    }
    PutNumbered(*engine, 1, 4, kUnsynced);
    engine.reset();
    const std::string log = killed.Logs()[0];
    const std::vector<LogFrame> frames = FramesOf(killed, log);
    ASSERT_EQ(frames[1].synced_lsn, Lsn(2));
    for (size_t frame = 0; frame < frames.size(); ++frame) {
      Machine machine = killed.AfterKill();
      DestroyFrame(machine, log, frames[frame]);
      const auto recovered = machine.Open();
      ASSERT_NE(recovered, nullptr) << "frame " << frame;
      EXPECT_EQ(ContentsOf(*recovered), Numbered(1, std::max(1, static_cast<int>(frame))));
      ASSERT_OK(recovered->Put("next", "v"));
      EXPECT_GT(recovered->Stats()->last_lsn, frame + 1 == frames.size() ? 4u : 5u);
    }
  }
}

// ---- bytes on disk before anything counts on them ----

// [REWRITE]
TEST(RecoveryCut, AReplayedFrameThatAFailedSyncHadLostIsMadeDurableByTheRecoveryThatShowsIt) {
  Machine machine;
  auto engine = machine.Open();
  PutNumbered(*engine, 1, 2);
  machine.FailWhile([](const FileCall& call) { return IsLog(call.path) && call.op == FileOp::kSync; });
  EXPECT_FALSE(engine->Put("key00002", "value 2").ok());
  engine.reset();
  machine.Heal();

  // The page cache still has it; the disk does not.
  ASSERT_EQ(ContentsWhenOpened(machine.AfterKill()), Numbered(1, 3));
  ASSERT_EQ(ContentsWhenOpened(machine.AfterPowerLoss()), Numbered(1, 2));
  const auto recovered = machine.Open();
  EXPECT_EQ(ContentsOf(*recovered), Numbered(1, 3));
  EXPECT_EQ(ContentsWhenOpened(machine.AfterPowerLoss()), Numbered(1, 3));
}

// [REWRITE], [SYNC_BEFORE_CUT]: a kill leaves in the page cache what a power cut would have taken.
TEST(RecoveryCut, WhatWasShownAfterAKillSurvivesThePowerCutThatFollows) {
  Machine machine = KilledAfter({.logs = 3, .puts_each = 2, .is_last_sealed = true, .write = kUnsynced});
  EXPECT_EQ(ContentsWhenOpened(machine.AfterPowerLoss()), Contents{});
  const auto engine = machine.Open();
  EXPECT_EQ(ContentsOf(*engine), Numbered(1, 7));
  EXPECT_EQ(ContentsWhenOpened(machine.AfterPowerLoss()), Numbered(1, 7));
  PutNumbered(*engine, 7, 8);
  EXPECT_EQ(ContentsWhenOpened(machine.AfterPowerLoss()), Numbered(1, 8));
}

// [REWRITE]: the seal of a log whose every frame was synced says nothing of the log behind it.
TEST(RecoveryCut, ASealThatProvesItsLogDoesNotProveTheNextOne) {
  Machine machine;
  auto engine = machine.Open();
  PutNumbered(*engine, 1, 3);
  ASSERT_TRUE(engine->FreezeMemtable().value());
  PutNumbered(*engine, 3, 5, kUnsynced);
  ASSERT_EQ(FramesOf(machine, machine.Logs()[0]).back().synced_lsn, Lsn(2));
  engine.reset();
  engine = machine.Open();
  EXPECT_EQ(ContentsOf(*engine), Numbered(1, 5));
  EXPECT_EQ(ContentsWhenOpened(machine.AfterPowerLoss()), Numbered(1, 5));
}

// [WAIT_OLDER]: of a life whose older logs were not synced by anybody, then of another.
TEST(RecoveryCut, TwoPowerCutsInARowAmongUnsyncedOlderLogsLoseNothingAcknowledged) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Machine machine;
    int next = 1, acknowledged = 0;
    for (int life = 0; life < 2; ++life) {
      const auto engine = machine.Open();
      ASSERT_NE(engine, nullptr) << "seed " << seed;
      const int found = static_cast<int>(ContentsOf(*engine).size());
      ASSERT_GE(found, acknowledged) << "seed " << seed;
      ASSERT_EQ(ContentsOf(*engine), Numbered(1, found + 1)) << "seed " << seed;
      next = found + 1;
      for (int log = 0; log < 3; ++log, next += 2) {
        PutNumbered(*engine, next, next + 2, kUnsynced);
        ASSERT_TRUE(engine->FreezeMemtable().value());
      }
      PutNumbered(*engine, next, next + 1);
      acknowledged = next++;
      PutNumbered(*engine, next, next + 1, kUnsynced);
      Machine after = machine.AfterPowerLoss({.seed = 2 * seed + static_cast<uint64_t>(life)});
      machine = std::move(after);
    }
    const int survivors = static_cast<int>(ContentsWhenOpened(machine).size());
    ASSERT_GE(survivors, acknowledged) << "seed " << seed;
  }
}

// [SYNC_BEFORE_CUT]
TEST(RecoveryCut, ReplayedLogsAreWrittenAgainAndSyncedBeforeTheManifestCountsOnThem) {
  Machine machine = KilledAfter({.puts_each = 3, .write = kUnsynced});
  const std::string log = machine.Logs()[0];
  const std::vector<std::string> calls =
      machine.CallsOf({FileOp::kWriteAt, FileOp::kSync, FileOp::kCreate}, [&] { EXPECT_NE(machine.Open(), nullptr); });
  ASSERT_GE(calls.size(), 3u);
  EXPECT_EQ(calls[0], "write at " + log);
  EXPECT_EQ(calls[1], "sync " + log);
  EXPECT_EQ(calls[2].rfind(std::string("create ") + Machine::kDir + "/MANIFEST-", 0), 0u) << calls[2];
}

TEST(RecoveryCut, AClosedDatabaseIsOpenedWithoutWritingItsLogAgain) {
  Machine machine;
  auto engine = machine.Open();
  PutNumbered(*engine, 1, 4, kUnsynced);
  ASSERT_OK(engine->Close());
  const uint64_t writes = machine.disk().CountOf(FileOp::kWriteAt);
  engine = machine.Open();
  EXPECT_EQ(ContentsOf(*engine), Numbered(1, 4));
  EXPECT_EQ(machine.disk().CountOf(FileOp::kWriteAt), writes);
}

// A disk on which everything that the recovery may find is durable, so that its answer is known.
Machine DurableRemains() {
  Machine machine;
  const auto engine = machine.Open();
  PutNumbered(*engine, 1, 4);
  EXPECT_OK(testing::Flush(*engine));
  PutNumbered(*engine, 4, 7, kUnsynced);
  EXPECT_TRUE(engine->FreezeMemtable().value());
  PutNumbered(*engine, 7, 9, kUnsynced);
  Machine after = machine.AfterPowerLoss({.mode = CrashMode::kKeepAll});
  const std::string last = after.Logs().back();
  DestroyBatch(after, last, 1);
  return after;
}

// [DELETE_LATE], [MAN_DIRSYNC], [EDIT_DURABLE]: wherever a recovery is cut off, the next one gives the same answer.
TEST(RecoveryCut, ARecoveryThatCrashesAtAnyCallIsRepeatedByTheNext) {
  const Machine remains = DurableRemains();
  Machine whole = remains.AfterKill();
  EXPECT_EQ(ContentsWhenOpened(whole), Numbered(1, 8));
  const uint64_t calls = whole.disk().calls();
  for (uint64_t call = 0; call < calls; ++call) {
    Machine machine = remains.AfterKill();
    machine.disk().FailAt(call, Fault::kIoError, /*for_good=*/true);
    { const auto opened = machine.TryOpen(); }
    for (const CrashMode mode : {CrashMode::kDropAll, CrashMode::kKeepAll, CrashMode::kRandom, CrashMode::kRandom}) {
      Machine after = machine.AfterPowerLoss({.mode = mode, .seed = 2 * call + (mode == CrashMode::kRandom ? 1u : 0u)});
      const auto engine = after.Open();
      ASSERT_NE(engine, nullptr) << "call " << call << " of " << calls;
      ASSERT_EQ(ContentsOf(*engine), Numbered(1, 8)) << "call " << call << " of " << calls;
      ASSERT_OK(engine->Put("next", "v"));
      ASSERT_GT(engine->Stats()->last_lsn, 7u);
    }
  }
}

TEST(RecoveryCut, ARecoveryThatFailsAtOneCallSaysSoOrLosesNothing) {
  const Machine remains = DurableRemains();
  Machine whole = remains.AfterKill();
  ASSERT_NE(whole.Open(), nullptr);
  const uint64_t calls = whole.disk().calls();
  for (uint64_t call = 0; call < calls; ++call) {
    for (const Fault fault : {Fault::kIoError, Fault::kNoSpace, Fault::kReadOnly, Fault::kFailAfterPart}) {
      Machine machine = remains.AfterKill();
      machine.disk().FailAt(call, fault);
      {
        const auto opened = machine.TryOpen();
        ASSERT_FALSE(absl::IsDataLoss(opened.status())) << "call " << call << ": " << opened.status();
        if (opened.ok()) {
          ASSERT_EQ(ContentsOf(**opened), Numbered(1, 8)) << "call " << call;
        }
      }
      ASSERT_EQ(ContentsWhenOpened(machine), Numbered(1, 8)) << "call " << call;
    }
  }
}

}  // namespace
}  // namespace aeternus
