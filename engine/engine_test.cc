// The synchronous shell as a caller sees it: what each call does, and what it answers to what it cannot do.
#include "aeternus/engine.h"

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "base/entry.h"
#include "base/file_identity.h"
#include "engine/testing/machine.h"
#include "engine/testing/status.h"
#include "env/file_system.h"
#include "gtest/gtest.h"

namespace aeternus {
namespace {

using env::testing::Fault;
using env::testing::FileCall;
using testing::Contents;
using testing::ContentsOf;
using testing::ContentsWhenOpened;
using testing::FailsWith;
using testing::Flush;
using testing::kUnsynced;
using testing::Machine;
using testing::Numbered;
using testing::NumberedKey;
using testing::PutEvery;
using testing::PutNumbered;
using Code = absl::StatusCode;
using Pairs = std::vector<std::pair<std::string, std::string>>;

class EngineTest : public ::testing::Test {
 protected:
  EngineTest() : engine_(machine_.Open()) {}

  // The value of a key, or "-".
  std::string Get(std::string_view key) {
    const auto value = engine_->Get(key);
    EXPECT_OK(value);
    return value.ok() && value->has_value() ? **value : "-";
  }
  uint64_t LastLsn() { return engine_->Stats()->last_lsn; }
  void Reopen(const EngineConfig& config = {}) {
    engine_.reset();
    engine_ = machine_.Open(config);
  }

  Machine machine_;
  std::unique_ptr<Engine> engine_;
};

// ---- writing and reading ----

TEST_F(EngineTest, AKeyHoldsWhatWasPutLastUntilItIsDeleted) {
  EXPECT_EQ(Get("k"), "-");
  ASSERT_OK(engine_->Put("k", "1"));
  ASSERT_OK(engine_->Put("k", "2"));
  EXPECT_EQ(Get("k"), "2");
  ASSERT_OK(engine_->Delete("k"));
  EXPECT_EQ(Get("k"), "-");
  ASSERT_OK(engine_->Delete("k"));
  ASSERT_OK(engine_->Put("k", ""));
  EXPECT_EQ(engine_->Get("k").value(), std::optional<std::string>("")) << "an empty value is a value";
}

TEST_F(EngineTest, ARangeIsDeletedFromItsStartUpToItsEnd) {
  PutNumbered(*engine_, 0, 10);
  ASSERT_OK(engine_->DeleteRange(NumberedKey(3), NumberedKey(7)));
  ASSERT_OK(engine_->Put(NumberedKey(5), "again"));
  EXPECT_EQ(Get(NumberedKey(2)), "value 2");
  EXPECT_EQ(Get(NumberedKey(3)), "-");
  EXPECT_EQ(Get(NumberedKey(5)), "again");
  EXPECT_EQ(Get(NumberedKey(6)), "-");
  EXPECT_EQ(Get(NumberedKey(7)), "value 7");
}

TEST_F(EngineTest, TheOperationsOfABatchApplyInTheirOrderAndTogether) {
  WriteBatch batch;
  batch.Put("a", "1");
  batch.Put("b", "1");
  batch.DeleteRange("a", "b");
  batch.Put("c", "1");
  batch.Delete("c");
  batch.Put("d", "1");
  ASSERT_OK(engine_->Write(batch));
  EXPECT_EQ(ContentsOf(*engine_), (Contents{{"b", "1"}, {"d", "1"}}));
}

TEST_F(EngineTest, EveryOperationHasItsOwnLsn) {
  EXPECT_EQ(LastLsn(), 0u);
  ASSERT_OK(engine_->Put("a", "1"));
  EXPECT_EQ(LastLsn(), 1u);
  WriteBatch batch;
  ASSERT_OK(engine_->Write(batch));
  EXPECT_EQ(LastLsn(), 1u) << "an empty batch does nothing";
  batch.Put("a", "2");
  batch.Delete("a");
  batch.DeleteRange("a", "b");
  ASSERT_OK(engine_->Write(batch));
  EXPECT_EQ(LastLsn(), 4u);
}

TEST_F(EngineTest, KeysAndValuesMayHoldAnyBytes) {
  const std::string zero(3, '\0'), high(3, '\xff');
  ASSERT_OK(engine_->Put(zero, high));
  ASSERT_OK(engine_->Put(high, zero));
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(Get(zero), high);
    EXPECT_EQ(ContentsOf(*engine_), (Contents{{zero, high}, {high, zero}}));
    ASSERT_OK(Flush(*engine_));
  }
}

TEST_F(EngineTest, AScanHoldsTheVisiblePairsFromItsStartUpToItsEnd) {
  PutNumbered(*engine_, 0, 6);
  ASSERT_OK(engine_->Delete(NumberedKey(3)));
  EXPECT_EQ(engine_->Scan(NumberedKey(2), NumberedKey(5)).value(),
            (Pairs{{NumberedKey(2), "value 2"}, {NumberedKey(4), "value 4"}}));
  EXPECT_EQ(engine_->Scan("b", "a").value(), Pairs{});
  EXPECT_EQ(engine_->Scan("a", "a").value(), Pairs{});
}

TEST_F(EngineTest, ARecordLargerThanBufferAndBudgetIsStored) {
  Reopen({.write_buffer_bytes = 512, .memory_budget_bytes = 1 << 20});
  const std::string huge(3 << 20, 'x'), longest_key(kMaxKeySizeBytes, 'k');
  ASSERT_OK(engine_->Put("huge", huge));
  ASSERT_OK(engine_->Put(longest_key, "v"));
  ASSERT_OK(engine_->Put("small", "v"));
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(Get("huge") == huge);
    EXPECT_EQ(Get(longest_key), "v");
    EXPECT_EQ(Get("small"), "v");
    ASSERT_OK(Flush(*engine_));
  }
  Reopen();
  EXPECT_TRUE(Get("huge") == huge);
}

// ---- what is refused ----

TEST_F(EngineTest, ABadRequestIsRefusedInItsOwnTermsAndChangesNothing) {
  PutNumbered(*engine_, 0, 3);
  const std::string too_long(kMaxKeySizeBytes + 1, 'k');
  WriteBatch bad_batch;
  bad_batch.Put("good", "v");
  bad_batch.DeleteRange("b", "a");
  const struct {
    std::function<absl::Status()> request;
    Code code;
    std::string_view word;
  } kCases[] = {
      {[&] { return engine_->Put("", "v"); }, Code::kInvalidArgument, "key is empty"},
      {[&] { return engine_->Delete(""); }, Code::kInvalidArgument, "key is empty"},
      {[&] { return engine_->Get("").status(); }, Code::kInvalidArgument, "key is empty"},
      {[&] { return engine_->DeleteRange("", "b"); }, Code::kInvalidArgument, "start of the range"},
      {[&] { return engine_->DeleteRange("a", ""); }, Code::kInvalidArgument, "end of the range"},
      {[&] { return engine_->DeleteRange("b", "a"); }, Code::kInvalidArgument, "empty or reversed"},
      {[&] { return engine_->DeleteRange("a", "a"); }, Code::kInvalidArgument, "empty or reversed"},
      {[&] { return engine_->Scan("", "b").status(); }, Code::kInvalidArgument, "bound of the scan is empty"},
      {[&] { return engine_->Scan("a", "").status(); }, Code::kInvalidArgument, "bound of the scan is empty"},
      {[&] { return engine_->Put(too_long, "v"); }, Code::kResourceExhausted, "65536"},
      {[&] { return engine_->Write(bad_batch); }, Code::kInvalidArgument, "operation 1 of the batch"},
  };
  for (const auto& c : kCases) EXPECT_TRUE(FailsWith(c.request(), c.code, {c.word})) << c.word;
  EXPECT_EQ(LastLsn(), 3u);
  EXPECT_EQ(engine_->Stats()->state, EngineState::kHealthy);
  EXPECT_EQ(ContentsOf(*engine_), Numbered(0, 3));
}

TEST_F(EngineTest, AfterCloseEveryCallSaysThatItIsClosed) {
  ASSERT_OK(engine_->Put("k", "v"));
  ASSERT_OK(engine_->Close());
  ASSERT_OK(engine_->Close());
  PinnedValue pinned;
  WriteBatch batch;
  const std::vector<absl::Status> answers = {
      engine_->Put("k", "v"),
      engine_->Delete("k"),
      engine_->DeleteRange("a", "b"),
      engine_->Write(batch),
      engine_->Get("k").status(),
      engine_->Get({}, "k", &pinned).status(),
      engine_->Scan("a", "b").status(),
      engine_->Scan("b", "a").status(),
      engine_->NewIterator({}).status(),
      engine_->GetSnapshot().status(),
      engine_->FreezeMemtable().status(),
      engine_->FlushOldestFrozen().status(),
      engine_->FlushAllFrozen().status(),
      engine_->MinorCompact().status(),
      engine_->TombstoneCompact().status(),
      engine_->MajorCompact().status(),
      engine_->Stats().status(),
      engine_->Verify(),
  };
  for (size_t i = 0; i < answers.size(); ++i) {
    EXPECT_TRUE(FailsWith(answers[i], Code::kFailedPrecondition, {Machine::kDir, "closed"})) << "call " << i;
  }
}

// ---- opening ----

TEST(EngineOpen, RefusesAConfigurationOutOfBoundsBeforeTouchingAnything) {
  Machine machine;
  EXPECT_TRUE(FailsWith(machine.TryOpen({.write_buffer_bytes = 0}), Code::kInvalidArgument, {"write_buffer_bytes"}));
  EXPECT_TRUE(FailsWith(Engine::Open("", {.env = machine.env()}), Code::kInvalidArgument, {"empty"}));
  EXPECT_EQ(machine.disk().calls(), 0u);
}

TEST(EngineOpen, MakesTheDirectoryAndItsParentsOnlyWhenTold) {
  Machine machine;
  EXPECT_TRUE(FailsWith(machine.TryOpen({.create_if_missing = false}), Code::kNotFound, {Machine::kDir}));
  EXPECT_FALSE(machine.disk().FileExists(Machine::kDir).value());
  ASSERT_OK(machine.disk().CreateDirectory(Machine::kDir));
  EXPECT_TRUE(FailsWith(machine.TryOpen({.create_if_missing = false}), Code::kNotFound, {Machine::kDir}));
  EXPECT_TRUE(machine.disk().Files().empty()) << "a directory that is no database is left alone";

  PutNumbered(*machine.Open({.error_if_exists = true}), 0, 1);
  EXPECT_TRUE(FailsWith(machine.TryOpen({.error_if_exists = true}), Code::kAlreadyExists, {Machine::kDir}));
  EXPECT_EQ(ContentsOf(*machine.Open({.create_if_missing = false})), Numbered(0, 1));
}

TEST(EngineOpen, RefusesAFileWhereTheDirectoryShouldBe) {
  Machine machine;
  ASSERT_OK(machine.disk().SetContents(Machine::kDir, "a file"));
  EXPECT_TRUE(FailsWith(machine.TryOpen(), Code::kFailedPrecondition, {Machine::kDir}));
  EXPECT_EQ(machine.disk().Contents(Machine::kDir).value(), "a file");
}

TEST(EngineOpen, OnlyOneHandleAtATimeHasADirectory) {
  Machine machine;
  auto first = machine.Open();
  EXPECT_TRUE(FailsWith(machine.TryOpen(), Code::kUnavailable, {Machine::kDir}));
  ASSERT_OK(first->Put("k", "v"));
  ASSERT_OK(first->Close());
  auto second = machine.Open();  // Close released it, though the first object lives
  ASSERT_NE(second, nullptr);
  second.reset();
  EXPECT_EQ(ContentsWhenOpened(machine), (Contents{{"k", "v"}}));
}

TEST(EngineOpen, AReadOnlyDiskIsRefusedAsSuch) {
  Machine machine;
  PutNumbered(*machine.Open(), 0, 3);
  const Contents before = machine.Files();
  machine.disk().SetFaultRule([](const FileCall&) { return Fault::kReadOnly; });
  EXPECT_TRUE(FailsWith(machine.TryOpen(), Code::kPermissionDenied, {Machine::kDir}));
  EXPECT_EQ(machine.Files(), before);
}

TEST(EngineOpen, ADatabaseOfANewerVersionIsRefusedAsSuchAndUnchanged) {
  const std::string current = env::JoinPath(Machine::kDir, "CURRENT");
  for (const bool is_feature : {false, true}) {
    Machine machine;
    PutNumbered(*machine.Open(), 0, 3);
    const std::string path = machine.Manifests()[0];
    FileIdentity identity = DecodeFileIdentity(machine.disk().Contents(path)->substr(0, kFileIdentitySizeBytes),
                                               FileKind::kManifest, path, 0)
                                .value();
    (is_feature ? identity.incompatible_features : identity.format_version) = kFormatVersion + 1;
    machine.Write(path, 0, EncodeFileIdentity(identity));
    const Contents before = machine.Files();
    EXPECT_TRUE(FailsWith(machine.TryOpen(), Code::kUnimplemented, {path, "newer version"}));
    EXPECT_EQ(machine.Files(), before);
  }
}

TEST(EngineOpen, AMovedDirectoryOpens) {
  Machine machine;
  auto engine = machine.Open();
  PutNumbered(*engine, 0, 5);
  ASSERT_OK(Flush(*engine));
  PutNumbered(*engine, 5, 8);
  engine.reset();
  const std::string elsewhere = "/elsewhere";
  for (const auto& [path, bytes] : machine.Files()) {
    ASSERT_OK(machine.disk().SetContents(elsewhere + path.substr(std::string(Machine::kDir).size()), bytes));
    machine.Delete(path);
  }
  const auto moved = Engine::Open(elsewhere, {.env = machine.env()});
  ASSERT_OK(moved);
  EXPECT_EQ(ContentsOf(**moved), Numbered(0, 8));
  EXPECT_OK((*moved)->Verify());
}

// ---- flushing and compacting ----

TEST_F(EngineTest, EachJobSaysWhetherItDidAnything) {
  EXPECT_FALSE(engine_->FreezeMemtable().value());
  EXPECT_FALSE(engine_->FlushOldestFrozen().value());
  EXPECT_FALSE(engine_->FlushAllFrozen().value());
  EXPECT_FALSE(engine_->MinorCompact().value());
  EXPECT_FALSE(engine_->TombstoneCompact().value());
  EXPECT_FALSE(engine_->MajorCompact().value());

  PutNumbered(*engine_, 0, 3);
  EXPECT_FALSE(engine_->FlushAllFrozen().value()) << "the active memtable is not frozen";
  EXPECT_TRUE(engine_->FreezeMemtable().value());
  EXPECT_FALSE(engine_->FreezeMemtable().value());
  EXPECT_TRUE(engine_->FlushOldestFrozen().value());
  EXPECT_FALSE(engine_->FlushOldestFrozen().value());
  EXPECT_FALSE(engine_->MajorCompact().value()) << "one table is merged already";
  EXPECT_EQ(ContentsOf(*engine_), Numbered(0, 3));
}

TEST_F(EngineTest, AFullMemtableIsFrozenAndKeptUntilFlushed) {
  Reopen({.write_buffer_bytes = 512});
  PutNumbered(*engine_, 0, 200);
  const Stats full = engine_->Stats().value();
  EXPECT_GT(full.frozen_memtables, 5u);
  EXPECT_LE(full.active_memtable_bytes, 512u);
  EXPECT_EQ(full.table_count, 0u) << "nothing is flushed but when told";
  EXPECT_EQ(ContentsOf(*engine_), Numbered(0, 200));
  ASSERT_TRUE(engine_->FlushOldestFrozen().value());
  EXPECT_EQ(engine_->Stats()->frozen_memtables, full.frozen_memtables - 1);
  ASSERT_TRUE(engine_->FlushAllFrozen().value());
  EXPECT_EQ(engine_->Stats()->frozen_memtables, 0u);
  EXPECT_EQ(engine_->Stats()->table_count, full.frozen_memtables);
  EXPECT_EQ(ContentsOf(*engine_), Numbered(0, 200));
}

TEST_F(EngineTest, TablesOfOneSizeAreMergedWhenThereAreEnoughOfThem) {
  Reopen({.compaction = {.min_threshold = 3}});
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(engine_->MinorCompact().value());
    PutEvery(*engine_, i, 30, /*step=*/3);
    ASSERT_OK(Flush(*engine_));
  }
  EXPECT_EQ(engine_->Stats()->size_buckets.size(), 1u);
  EXPECT_TRUE(engine_->MinorCompact().value());
  EXPECT_FALSE(engine_->MinorCompact().value());
  EXPECT_EQ(engine_->Stats()->table_count, 1u);
  EXPECT_EQ(engine_->Stats()->minor_compactions, 1u);
  EXPECT_EQ(ContentsOf(*engine_), Numbered(0, 30));
}

TEST_F(EngineTest, TablesOfKeysThatWereWrittenInOrderAreLeftAloneAndReadAsOne) {
  Reopen({.compaction = {.min_threshold = 2, .max_threshold = 8}});
  for (int i = 0; i < 7; ++i) {
    PutNumbered(*engine_, 10 * i, 10 * i + 10);
    ASSERT_OK(Flush(*engine_));
    EXPECT_FALSE(engine_->MinorCompact().value());
  }
  const auto it = engine_->NewIterator({}).value();
  Contents backward;
  for (it->SeekToLast(); it->Valid(); it->Prev()) backward.emplace(it->key(), it->value());
  EXPECT_EQ(backward, Numbered(0, 70));
  for (int i = 0; i < 70; ++i) {
    it->Seek(NumberedKey(i));
    ASSERT_TRUE(it->Valid());
    EXPECT_EQ(it->key(), NumberedKey(i));
  }
  EXPECT_EQ(ContentsOf(*engine_), Numbered(0, 70));
  PutNumbered(*engine_, 70, 80);
  ASSERT_OK(Flush(*engine_));
  EXPECT_TRUE(engine_->MinorCompact().value()) << "there are as many as there may be";
  EXPECT_EQ(engine_->Stats()->table_count, 1u);
  EXPECT_EQ(ContentsOf(*engine_), Numbered(0, 80));
}

TEST_F(EngineTest, AMajorCompactionLeavesOneTableWithoutSpentTombstones) {
  PutNumbered(*engine_, 0, 20);
  ASSERT_OK(Flush(*engine_));
  ASSERT_OK(engine_->DeleteRange(NumberedKey(5), NumberedKey(15)));
  ASSERT_OK(engine_->Delete(NumberedKey(0)));
  ASSERT_OK(Flush(*engine_));
  PutNumbered(*engine_, 30, 31);  // in memory: left alone
  EXPECT_TRUE(engine_->MajorCompact().value());
  const Stats stats = engine_->Stats().value();
  ASSERT_EQ(stats.tables.size(), 1u);
  EXPECT_EQ(stats.tables[0].put_count, 9u);
  EXPECT_EQ(stats.tables[0].delete_count + stats.tables[0].range_tombstone_count, 0u);
  EXPECT_EQ(stats.active_memtable_entries, 1u);
  EXPECT_EQ(ContentsOf(*engine_).size(), 10u);
}

TEST_F(EngineTest, TombstoneCompactionDropsWhatHidesNothingAndEndsWhenNothingIsLeftToDrop) {
  Reopen({.compaction = {.tombstone_ratio = 0.1}});
  PutNumbered(*engine_, 0, 10);
  ASSERT_OK(Flush(*engine_));
  for (int i = 20; i < 30; ++i) ASSERT_OK(engine_->Delete(NumberedKey(i)));
  ASSERT_OK(engine_->Delete(NumberedKey(0)));  // hides something
  PutNumbered(*engine_, 40, 41);
  ASSERT_OK(Flush(*engine_));
  EXPECT_TRUE(engine_->TombstoneCompact().value());
  EXPECT_FALSE(engine_->TombstoneCompact().value());
  uint64_t tombstones = 0;
  const Stats stats = engine_->Stats().value();
  for (const TableStats& table : stats.tables) tombstones += table.delete_count;
  EXPECT_EQ(tombstones, 1u);
  EXPECT_EQ(Get(NumberedKey(0)), "-");
  EXPECT_EQ(ContentsOf(*engine_).size(), 10u);
}

TEST_F(EngineTest, LogsAndTablesThatAreNotNeededAnyMoreAreDeleted) {
  for (int i = 0; i < 4; ++i) {
    PutNumbered(*engine_, i, i + 1);
    ASSERT_OK(Flush(*engine_));
    EXPECT_EQ(machine_.Logs().size(), 1u);
    EXPECT_EQ(machine_.Logs().size(), engine_->Stats()->log_files);
  }
  EXPECT_EQ(machine_.Tables().size(), 4u);
  ASSERT_TRUE(engine_->MajorCompact().value());
  EXPECT_EQ(machine_.Tables().size(), 1u);
  EXPECT_EQ(engine_->Stats()->undeleted_files, 0u);
  for (int i = 0; i < 3; ++i) Reopen();
  EXPECT_LE(machine_.Logs().size(), 1u);
  EXPECT_EQ(machine_.Tables().size(), 1u);
  EXPECT_EQ(machine_.Manifests().size(), 1u);
}

// ---- what it tells about itself ----

TEST_F(EngineTest, StatsAgreeWithTheFilesOfTheDirectory) {
  for (int i = 0; i < 3; ++i) {
    PutNumbered(*engine_, 20 * i, 20 * i + 5 * (i + 1));
    ASSERT_OK(engine_->Delete("gone"));
    ASSERT_OK(Flush(*engine_));
  }
  const Stats stats = engine_->Stats().value();
  EXPECT_EQ(stats.table_count, 3u);
  EXPECT_EQ(stats.flushes, 3u);
  ASSERT_EQ(stats.tables.size(), 3u);
  uint64_t bytes = 0, last_size = 0;
  for (const TableStats& table : stats.tables) {
    EXPECT_GE(table.size_bytes, last_size) << "by size, ascending";
    last_size = table.size_bytes;
    bytes += table.size_bytes;
    EXPECT_EQ(table.delete_count, 1u);
    EXPECT_LE(table.min_lsn, table.max_lsn);
    EXPECT_EQ(table.smallest_key, "gone");
  }
  uint64_t bytes_on_disk = 0;
  for (const std::string& path : machine_.Tables()) bytes_on_disk += machine_.SizeOf(path);
  EXPECT_EQ(stats.table_bytes, bytes);
  EXPECT_EQ(bytes, bytes_on_disk);
  EXPECT_EQ(stats.state, EngineState::kHealthy);
  EXPECT_EQ(stats.state_reason, "");
}

TEST_F(EngineTest, StatsTellSyncedWritesFromOthers) {
  PutNumbered(*engine_, 0, 3);
  EXPECT_EQ(engine_->Stats()->synced_lsn, 3u);
  const uint64_t syncs = engine_->Stats()->log_syncs;
  PutNumbered(*engine_, 3, 6, kUnsynced);
  EXPECT_EQ(engine_->Stats()->synced_lsn, 3u);
  EXPECT_EQ(engine_->Stats()->last_lsn, 6u);
  EXPECT_EQ(engine_->Stats()->log_syncs, syncs);
  PutNumbered(*engine_, 6, 7);
  EXPECT_EQ(engine_->Stats()->synced_lsn, 7u) << "a synced write covers everything before it";
  EXPECT_EQ(engine_->Stats()->commits, 7u);
}

TEST_F(EngineTest, TheMemoryBudgetIsOneNumberOfItsParts) {
  Reopen({.memory_budget_bytes = 1 << 20});
  for (int i = 0; i < 5; ++i) {
    PutNumbered(*engine_, 1000 * i, 1000 * i + 1000, kUnsynced);
    ASSERT_OK(Flush(*engine_));
  }
  PutNumbered(*engine_, 5000, 5100, kUnsynced);
  EXPECT_EQ(ContentsOf(*engine_), Numbered(0, 5100));
  const Stats stats = engine_->Stats().value();
  EXPECT_EQ(stats.memory_limit_bytes, size_t{1} << 20);
  EXPECT_GT(stats.memtable_memory_bytes, 0u);
  EXPECT_GT(stats.frame_memory_bytes, 0u);
  EXPECT_GE(stats.memory_used_bytes, stats.memtable_memory_bytes + stats.frame_memory_bytes);
  EXPECT_LE(stats.frame_memory_bytes, stats.memory_limit_bytes);
}

}  // namespace
}  // namespace aeternus
