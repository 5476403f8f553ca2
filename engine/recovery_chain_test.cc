// Which files a directory must hold to be whole: the chain of logs, the manifest, and what each says of the other.
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "base/file_identity.h"
#include "engine/batch_format.h"
#include "engine/file_names.h"
#include "engine/testing/log_frames.h"
#include "engine/testing/machine.h"
#include "engine/testing/past_life.h"
#include "engine/testing/status.h"
#include "env/file_system.h"
#include "gtest/gtest.h"
#include "manifest/manifest.h"
#include "wal/frame.h"
#include "wal/reader.h"

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
using testing::DatabaseIdOf;
using testing::DestroyBatch;
using testing::DestroyFrame;
using testing::FailsWith;
using testing::FramesOf;
using testing::IsLog;
using testing::IsManifest;
using testing::IsRefusedUnchanged;
using testing::KilledAfter;
using testing::kUnsynced;
using testing::Machine;
using testing::Numbered;
using testing::PutNumbered;

std::string PathOf(const std::string& name) { return env::JoinPath(Machine::kDir, name); }

// A killed machine with three logs of three puts each, none of them flushed; LSN i belongs to key i.
Machine ThreeLogs(const WriteOptions& options) { return KilledAfter({.logs = 3, .puts_each = 3, .write = options}); }

TEST(RecoveryChain, EveryLogBecomesAMemtableAgain) {
  Machine machine = ThreeLogs(kUnsynced);
  const auto engine = machine.Open();
  EXPECT_EQ(ContentsOf(*engine), Numbered(1, 10));
  EXPECT_EQ(engine->Stats()->frozen_memtables, 3u);
  ASSERT_TRUE(engine->FlushAllFrozen().value());
  EXPECT_EQ(ContentsOf(*engine), Numbered(1, 10));
  EXPECT_EQ(engine->Stats()->table_count, 3u);
}

TEST(RecoveryChain, ALogThatDoesNotFollowWhatWasReplayedIsDiscardedWithAllBehindIt) {
  for (int log = 0; log < 3; ++log) {
    Machine machine = ThreeLogs(kUnsynced);
    const std::string path = machine.Logs()[static_cast<size_t>(log)];
    DestroyBatch(machine, path, 2);
    EXPECT_EQ(ContentsWhenOpened(machine), Numbered(1, 3 * log + 3)) << path;
  }
}

TEST(RecoveryChain, ALogWithoutItsLinkFollowsNothing) {
  for (int log = 0; log < 3; ++log) {
    Machine machine = ThreeLogs(kUnsynced);
    const std::string path = machine.Logs()[static_cast<size_t>(log)];
    DestroyFrame(machine, path, FramesOf(machine, path).front());
    const auto engine = machine.Open();
    EXPECT_EQ(ContentsOf(*engine), Numbered(1, 3 * log + 1)) << path;
    ASSERT_OK(engine->Put("next", "v"));
    EXPECT_EQ(engine->Stats()->last_lsn, 10u) << "the discarded frames used up their LSNs";
  }
}

// A frame of a later log was written when an older one was already synced.
TEST(RecoveryChain, AGapInAnOlderLogIsALossWhenALaterLogProvesThatItWasSynced) {
  for (size_t batch = 0; batch < 3; ++batch) {
    for (size_t log = 0; log < 2; ++log) {
      Machine machine = ThreeLogs(WriteOptions{});
      const std::string path = machine.Logs()[log];
      DestroyBatch(machine, path, batch);
      EXPECT_TRUE(IsRefusedUnchanged(machine, "a later frame proves")) << path << " batch " << batch;
    }
  }
}

// [MINLOG_EXISTS]
TEST(RecoveryChain, TheOldestLiveLogMustExistEvenWhenNoOtherDoes) {
  Machine machine = ThreeLogs(kUnsynced);
  const std::vector<std::string> logs = machine.Logs();
  machine.Delete(logs[0]);
  EXPECT_TRUE(IsRefusedUnchanged(machine, logs[0] + " is missing"));
  machine.Delete(logs[1]);
  machine.Delete(logs[2]);
  EXPECT_TRUE(IsRefusedUnchanged(machine, logs[0] + " is missing"));
}

TEST(RecoveryChain, TheLogNamedByAFlushMustExistAlthoughItHoldsNothing) {
  Machine machine;
  auto engine = machine.Open();
  PutNumbered(*engine, 1, 4);
  ASSERT_OK(testing::Flush(*engine));
  engine.reset();
  ASSERT_EQ(machine.Logs().size(), 1u);
  machine.Delete(machine.Logs()[0]);
  EXPECT_TRUE(IsRefusedUnchanged(machine, "is missing"));
}

// [LINK_GAP]
TEST(RecoveryChain, AMissingLogInTheMiddleIsALoss) {
  Machine machine = ThreeLogs(kUnsynced);
  const std::vector<std::string> logs = machine.Logs();
  machine.Delete(logs[1]);
  EXPECT_TRUE(IsRefusedUnchanged(machine, logs[1] + " is missing"));
}

TEST(RecoveryChain, ALogOfAnotherDatabaseIsRefused) {
  Machine other(nullptr, /*seed=*/2);
  PutNumbered(*other.Open(), 1, 4);
  Machine machine = ThreeLogs(WriteOptions{});
  ASSERT_OK(machine.disk().SetContents(PathOf("000900.log"), *other.disk().Contents(other.Logs()[0])));
  EXPECT_TRUE(IsRefusedUnchanged(machine, "another database"));
}

TEST(RecoveryChain, ATableOfAnotherDatabaseIsRefused) {
  Machine other(nullptr, /*seed=*/2);
  const auto engine = other.Open();
  PutNumbered(*engine, 1, 4);
  ASSERT_OK(testing::Flush(*engine));
  Machine machine = ThreeLogs(WriteOptions{});
  ASSERT_OK(machine.disk().SetContents(PathOf("000900.sst"), *other.disk().Contents(other.Tables()[0])));
  EXPECT_TRUE(IsRefusedUnchanged(machine, "000900.sst"));
}

TEST(RecoveryChain, ADamagedHeaderOfAPreparedLogDoesNoHarm) {
  Machine whole;
  auto engine = whole.Open();
  PutNumbered(*engine, 1, 4);
  ASSERT_OK(testing::Flush(*engine));
  engine.reset();
  ASSERT_EQ(whole.Logs().size(), 1u) << "prepared, and named by the flush";
  const std::string prepared = whole.Logs()[0];
  for (uint64_t bit = 0; bit < 8 * kFileIdentitySizeBytes; ++bit) {
    Machine machine = whole.AfterKill();
    machine.FlipBit(prepared, bit);
    engine = machine.Open();
    ASSERT_NE(engine, nullptr) << "bit " << bit;
    PutNumbered(*engine, 4, 6);
    ASSERT_EQ(ContentsWhenOpened(machine.AfterPowerLoss()), Numbered(1, 6)) << "bit " << bit;
  }
}

TEST(RecoveryChain, ALogOfANewerVersionIsNotCalledDamaged) {
  Machine machine = ThreeLogs(WriteOptions{});
  const std::string path = machine.Logs()[2];
  FileIdentity identity =
      DecodeFileIdentity(machine.disk().Contents(path)->substr(0, kFileIdentitySizeBytes), FileKind::kLog, path, 0)
          .value();
  identity.format_version = kFormatVersion + 1;
  machine.Write(path, 0, EncodeFileIdentity(identity));
  const Contents before = machine.Files();
  EXPECT_TRUE(FailsWith(machine.TryOpen(), absl::StatusCode::kUnimplemented, {path, "newer version"}));
  EXPECT_EQ(machine.Files(), before);
}

// A log of one link and one batch, as a writer with that payload would have left it.
void ReplaceOnlyBatch(Machine& machine, uint32_t lsn_count, const std::string& payload, Lsn first_lsn = Lsn(1)) {
  const std::string path = machine.Logs()[0];
  const FileNumber number = *ParseLogName(path.substr(path.rfind('/') + 1));
  const uint64_t offset = BatchesOf(machine, path)[0].offset;
  const wal::Frame frame = {.first_lsn = first_lsn, .lsn_count = lsn_count, .payload = payload};
  std::string bytes(wal::FrameSizeBytes(payload.size()), '\0');
  wal::EncodeFrame(frame, wal::FrameSalt(DatabaseIdOf(machine), number), offset, bytes.data());
  machine.Write(path, offset, bytes);
}

TEST(RecoveryChain, ABatchWhoseChecksumFitsAndWhoseOperationsDoNotIsCorruptionAndNoTornTail) {
  std::string two_puts, reversed_range, empty_key;
  EncodePut(&two_puts, "a", "1");
  EncodePut(&two_puts, "b", "2");
  EncodeDeleteRange(&reversed_range, "b", "a");
  EncodePut(&empty_key, "", "v");
  const struct {
    uint32_t lsn_count;
    std::string payload;
  } kCases[] = {{1, "garbage"}, {1, two_puts}, {3, two_puts}, {1, ""}, {1, reversed_range}, {1, empty_key}};
  for (const auto& c : kCases) {
    Machine machine;
    PutNumbered(*machine.Open(), 1, 2);
    ReplaceOnlyBatch(machine, c.lsn_count, c.payload);
    EXPECT_TRUE(IsRefusedUnchanged(machine, machine.Logs()[0])) << absl::CHexEscape(c.payload);
  }
  Machine machine;
  PutNumbered(*machine.Open(), 1, 2);
  ReplaceOnlyBatch(machine, 2, two_puts);
  EXPECT_EQ(ContentsWhenOpened(machine), (Contents{{"a", "1"}, {"b", "2"}}));
}

// [CHECK_LSN]
TEST(RecoveryChain, AWholeFrameWhoseLsnDoesNotFollowEndsItsLogAndUsesUpTheLsn) {
  Machine machine;
  PutNumbered(*machine.Open(), 1, 2);
  std::string put;
  EncodePut(&put, "a", "1");
  ReplaceOnlyBatch(machine, 1, put, Lsn(3));
  const auto engine = machine.Open();
  EXPECT_EQ(ContentsOf(*engine), Contents{});
  ASSERT_OK(engine->Put("next", "v"));
  EXPECT_EQ(engine->Stats()->last_lsn, 4u);
}

// ---- the manifest ----

// Cuts the manifest behind its first `edits` edits.
void LoseEditsBehind(Machine& machine, size_t edits) {
  const std::string path = machine.Manifests()[0];
  const FileNumber number = *Manifest::ParseFileName(path.substr(path.rfind('/') + 1));
  const auto file = machine.disk().NewRandomAccessFile(path).value();
  wal::Reader reader(file.get(), DatabaseIdOf(machine), number);
  for (size_t i = 0; i < edits; ++i) ASSERT_TRUE(reader.Next().value().has_value());
  ASSERT_TRUE(wal::Reader(reader).Next().value().has_value()) << "there was nothing to lose";
  machine.Truncate(path, reader.offset());
}

TEST(RecoveryManifest, ALostEditIsProvenByALogThatWasMadeAfterIt) {
  Machine machine;
  auto engine = machine.Open();  // edit 1: the snapshot
  PutNumbered(*engine, 1, 2);    // edit 2: the first log is in use
  ASSERT_TRUE(engine->FreezeMemtable().value());
  PutNumbered(*engine, 2, 3);  // its log records edit 2
  engine.reset();
  ASSERT_EQ(machine.Logs().size(), 2u);
  LoseEditsBehind(machine, 1);
  EXPECT_TRUE(IsRefusedUnchanged(machine, "manifest edit 2 was durable, but the manifest ends at edit 1"));
}

TEST(RecoveryManifest, ALostEditIsProvenByATableThatWasMadeAfterIt) {
  Machine machine;
  auto engine = machine.Open();
  for (int i = 1; i <= 2; ++i) {
    PutNumbered(*engine, i, i + 1);
    ASSERT_OK(engine->DeleteRange("a", "b"));  // a table with tombstones proves as much as one without
    ASSERT_OK(testing::Flush(*engine));
  }
  engine.reset();
  LoseEditsBehind(machine, 2);  // both flushes
  EXPECT_TRUE(IsRefusedUnchanged(machine, "the table was made when manifest edit 3 was durable"));
}

TEST(RecoveryManifest, AnyNumberOfLostEditsIsRefusedOrLosesNothing) {
  Machine machine;
  auto engine = machine.Open();
  for (int i = 1; i <= 6; ++i) {
    PutNumbered(*engine, i, i + 1);
    ASSERT_OK(testing::Flush(*engine));
    if (i % 3 != 0) continue;
    ASSERT_TRUE(engine->MajorCompact().value());
  }
  const uint64_t edits = 1 + 1 + 6 + 2;
  engine.reset();
  for (uint64_t kept = 0; kept + 1 < edits; ++kept) {
    Machine damaged = machine.AfterKill();
    LoseEditsBehind(damaged, kept);
    EXPECT_TRUE(IsRefusedUnchanged(damaged)) << kept << " of " << edits << " edits";
  }
  EXPECT_EQ(ContentsWhenOpened(machine), Numbered(1, 7));
}

// [GONE_OR_SYNCED]: no crash brings back the log, of which nothing was ever synced.
TEST(RecoveryManifest, TheEditOfAFlushIsMissedWhenItIsLostBecauseItsLogIsGoneForGood) {
  Machine machine;
  const auto engine = machine.Open();     // edit 1: the snapshot
  PutNumbered(*engine, 1, 4, kUnsynced);  // edit 2: the first log is in use
  const std::string log = machine.Logs()[0];
  ASSERT_OK(testing::Flush(*engine));  // edit 3
  Machine after = machine.AfterPowerLoss();
  LoseEditsBehind(after, 2);
  EXPECT_TRUE(IsRefusedUnchanged(after, log + " is missing"));
}

TEST(RecoveryManifest, TheEditOfAFlushMayBeLostWhereItsLogCouldNotBeDeleted) {
  Machine machine;
  const auto engine = machine.Open();
  PutNumbered(*engine, 1, 4, kUnsynced);
  machine.FailWhile([](const FileCall& call) { return IsLog(call.path) && call.op == FileOp::kDelete; });
  ASSERT_OK(testing::Flush(*engine));
  Machine after = machine.AfterPowerLoss();
  LoseEditsBehind(after, 2);
  EXPECT_EQ(ContentsWhenOpened(after), Numbered(1, 4));
}

// [EDIT_DURABLE]: the page cache still shows an edit whose sync had failed, and a power cut takes it away.
TEST(RecoveryManifest, WhatAnOpenMakesBeforeItsSwitchCountsOnNoEditThatItHasOnlyRead) {
  Machine machine;
  auto engine = machine.Open();
  PutNumbered(*engine, 1, 4);
  ASSERT_TRUE(engine->FreezeMemtable().value());
  machine.FailWhile([](const FileCall& call) { return IsManifest(call.path) && call.op == FileOp::kSync; });
  EXPECT_FALSE(engine->FlushOldestFrozen().ok());
  engine.reset();
  machine.Heal();

  Machine whole = machine.AfterKill();
  ASSERT_EQ(ContentsWhenOpened(whole), Numbered(1, 4));
  ASSERT_EQ(whole.Tables().size(), 1u) << "the edit is read";
  const uint64_t calls = whole.disk().calls();
  for (uint64_t call = 0; call < calls; ++call) {
    Machine cut = machine.AfterKill();
    cut.disk().FailAt(call, Fault::kIoError, /*for_good=*/true);
    { const auto opened = cut.TryOpen(); }
    for (const CrashMode mode : {CrashMode::kDropAll, CrashMode::kKeepAll, CrashMode::kRandom}) {
      ASSERT_EQ(ContentsWhenOpened(cut.AfterPowerLoss({.mode = mode, .seed = call})), Numbered(1, 4))
          << "call " << call << " of " << calls;
    }
  }
}

TEST(RecoveryManifest, AMissingOrShortTableIsALoss) {
  Machine machine;
  auto engine = machine.Open();
  PutNumbered(*engine, 1, 100);
  ASSERT_OK(testing::Flush(*engine));
  engine.reset();
  const std::string table = machine.Tables()[0];
  Machine cut = machine.AfterKill();
  cut.Truncate(table, cut.SizeOf(table) - 1);
  EXPECT_TRUE(IsRefusedUnchanged(cut, table));
  machine.Delete(table);
  EXPECT_TRUE(IsRefusedUnchanged(machine, table));
}

TEST(RecoveryManifest, NoCurrentBesideLogsOrTablesIsALoss) {
  Machine machine;
  auto engine = machine.Open();
  PutNumbered(*engine, 1, 4);
  Machine with_log = machine.AfterKill();
  with_log.Delete(PathOf("CURRENT"));
  EXPECT_TRUE(IsRefusedUnchanged(with_log, "CURRENT"));

  ASSERT_OK(testing::Flush(*engine));
  Machine with_table = machine.AfterKill();
  with_table.Delete(PathOf("CURRENT"));
  for (const std::string& log : with_table.Logs()) with_table.Delete(log);
  EXPECT_TRUE(IsRefusedUnchanged(with_table, "CURRENT"));
}

TEST(RecoveryManifest, AFlippedBitAnywhereInTheManifestOrCurrentIsRefused) {
  Machine machine;
  auto engine = machine.Open();
  for (int i = 1; i <= 2; ++i) {
    PutNumbered(*engine, i, i + 1);
    ASSERT_OK(testing::Flush(*engine));
  }
  engine.reset();
  for (const std::string& path : {PathOf("CURRENT"), machine.Manifests()[0]}) {
    for (uint64_t bit = 0; bit < 8 * machine.SizeOf(path); ++bit) {
      Machine damaged = machine.AfterKill();
      damaged.FlipBit(path, bit);
      ASSERT_TRUE(IsRefusedUnchanged(damaged)) << path << " bit " << bit;
    }
  }
}

TEST(RecoveryManifest, ACrashDuringCreationLeavesADirectoryInWhichADatabaseCanBeMade) {
  Machine whole;
  const auto engine = whole.Open();
  const uint64_t calls = whole.disk().calls();
  for (uint64_t call = 0; call < calls; ++call) {
    for (const CrashMode mode : {CrashMode::kDropAll, CrashMode::kKeepAll, CrashMode::kRandom}) {
      Machine machine;
      machine.disk().FailAt(call, Fault::kIoError, /*for_good=*/true);
      const bool opened = machine.TryOpen().ok();
      Machine after = machine.AfterPowerLoss({.mode = mode, .seed = call});
      const auto recovered = after.Open();
      ASSERT_NE(recovered, nullptr) << "call " << call << " of " << calls << (opened ? ", opened" : "");
      ASSERT_EQ(ContentsOf(*recovered), Contents{});
      PutNumbered(*recovered, 1, 2);
    }
  }
}

TEST(RecoveryManifest, WhatACrashLeftHalfMadeGoesWithTheNextOpen) {
  Machine machine;
  PutNumbered(*machine.Open(), 1, 4);
  for (const char* const name : {"000098.sst", "MANIFEST-000099"}) {
    ASSERT_OK(machine.disk().SetContents(env::JoinPath(Machine::kDir, name), "half"));
  }
  EXPECT_EQ(ContentsWhenOpened(machine), Numbered(1, 4));
  EXPECT_EQ(machine.Tables().size(), 0u);
  EXPECT_EQ(machine.Manifests().size(), 1u);
}

TEST(RecoveryManifest, AManifestOfAnotherDatabaseStays) {
  Machine machine, other(nullptr, /*seed=*/2);
  for (Machine* each : {&machine, &other}) PutNumbered(*each->Open(), 1, 4);
  const std::string path = env::JoinPath(Machine::kDir, "MANIFEST-000099");
  ASSERT_OK(machine.disk().SetContents(path, *other.disk().Contents(other.Manifests()[0])));
  EXPECT_EQ(ContentsWhenOpened(machine), Numbered(1, 4));
  EXPECT_TRUE(machine.disk().FileExists(path).value());
}

TEST(RecoveryManifest, ForeignFilesAreLeftAlone) {
  Machine machine = ThreeLogs(WriteOptions{});
  const Contents foreign = {{PathOf("notes.txt"), "mine"},
                            {PathOf("0000012.log"), "not a log"},
                            {PathOf("12.sst"), "not a table"},
                            {PathOf("MANIFEST-12"), "not a manifest"}};
  for (const auto& [path, bytes] : foreign) ASSERT_OK(machine.disk().SetContents(path, bytes));
  auto engine = machine.Open();
  ASSERT_NE(engine, nullptr);
  ASSERT_TRUE(engine->FlushAllFrozen().value());
  ASSERT_OK(engine->Close());
  const Contents files = machine.Files();
  for (const auto& [path, bytes] : foreign) EXPECT_TRUE(files.contains(path) && files.at(path) == bytes) << path;
}

}  // namespace
}  // namespace aeternus
