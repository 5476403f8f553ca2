// A full disk: what the space reserve is for. A database that has filled its disk frees space by deletes and merges of
// its own, and takes writes again without being reopened; without a reserve the same database is stuck.
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "aeternus/db.h"
#include "aeternus/engine.h"
#include "engine/core.h"
#include "engine/file_names.h"
#include "engine/testing/machine.h"
#include "engine/testing/status.h"
#include "gtest/gtest.h"

namespace aeternus {
namespace {

using env::testing::CrashMode;
using env::testing::Fault;
using env::testing::FileCall;
using testing::Contents;
using testing::ContentsOf;
using testing::FailsWith;
using testing::Flush;
using testing::Machine;
using testing::Numbered;
using testing::NumberedKey;
using testing::PutNumbered;
using Code = absl::StatusCode;

constexpr uint64_t kPlenty = uint64_t{1} << 30;
constexpr int kKeys = 400;

EngineConfig Config(bool keep_reserve = true) { return {.write_buffer_bytes = 4096, .keep_reserve = keep_reserve}; }

std::string ReservePath() { return absl::StrCat(Machine::kDir, "/", kReserveName); }

bool IsReserve(const FileCall& call) { return call.path == ReservePath(); }

// Several tables, and then not a byte of room, as when something else has taken the rest.
std::unique_ptr<Engine> FillDisk(Machine& machine, const EngineConfig& config) {
  auto engine = machine.Open(config);
  for (int i = 0; i < kKeys; i += 100) {
    PutNumbered(*engine, i, i + 100);
    EXPECT_OK(Flush(*engine));
  }
  EXPECT_GE(engine->Stats()->table_count, 4u);
  machine.disk().SetFreeSpace(0);
  return engine;
}

// Puts until one is refused: the log's own room is used up. Which one it was.
int PutUntilRefused(Engine& engine) {
  for (int i = kKeys;; ++i) {
    const absl::Status status = engine.Put(NumberedKey(i), absl::StrCat("value ", i));
    if (status.ok()) continue;
    EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
    return i;
  }
}

// What frees space: everything but a few keys is deleted, and the tables are merged. The first error.
absl::Status Shrink(Engine& engine, int end) {
  absl::Status status = engine.DeleteRange(NumberedKey(10), NumberedKey(end));
  status.Update(Flush(engine));
  if (status.ok()) status = engine.MajorCompact().status();
  return status;
}

TEST(FullDisk, IsLeftByDeletesAndMergesAndWritesResumeWithoutReopening) {
  Machine machine;
  const auto engine = FillDisk(machine, Config());
  EXPECT_GT(engine->Stats()->reserve_bytes, 0u);
  const int end = PutUntilRefused(*engine);
  EXPECT_EQ(engine->Stats()->state, EngineState::kOutOfSpace);
  EXPECT_GT(engine->Stats()->reserve_bytes, 0u) << "puts never get it";
  EXPECT_EQ(ContentsOf(*engine), Numbered(0, end));

  EXPECT_OK(Shrink(*engine, end));
  EXPECT_EQ(ContentsOf(*engine), Numbered(0, 10));
  EXPECT_EQ(engine->Stats()->state, EngineState::kHealthy);
  EXPECT_GT(engine->Stats()->reserve_bytes, 0u) << "kept back again";
  EXPECT_EQ(machine.SizeOf(ReservePath()), engine->Stats()->reserve_bytes);
  PutNumbered(*engine, 10, 60);
  EXPECT_OK(engine->Close());
  EXPECT_EQ(testing::ContentsWhenOpened(machine), Numbered(0, 60));
}

TEST(FullDisk, IsATrapWithoutAReserve) {
  Machine machine;
  const auto engine = FillDisk(machine, Config(/*keep_reserve=*/false));
  EXPECT_EQ(engine->Stats()->reserve_bytes, 0u);
  const int end = PutUntilRefused(*engine);
  const size_t tables = engine->Stats()->table_count;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(FailsWith(Shrink(*engine, end), Code::kResourceExhausted));
  EXPECT_EQ(engine->Stats()->table_count, tables);
  EXPECT_FALSE(engine->Put("k", "v").ok());
  machine.disk().SetFreeSpace(kPlenty);  // room made outside is the only way out
  EXPECT_OK(Shrink(*engine, end));
  EXPECT_OK(engine->Put("k", "v"));
}

TEST(FullDisk, ManySingleDeletesFitTooThoughTheyFillMemtables) {
  Machine machine;
  const auto engine = FillDisk(machine, Config());
  const int end = PutUntilRefused(*engine);
  for (int i = 10; i < end; ++i) {
    ASSERT_OK(engine->Delete(NumberedKey(i))) << i;
    if (i % 50 == 0) {
      ASSERT_OK(Flush(*engine));
    }
  }
  ASSERT_OK(Flush(*engine));
  EXPECT_OK(engine->MajorCompact());
  EXPECT_EQ(ContentsOf(*engine), Numbered(0, 10));
  EXPECT_OK(engine->Put("k", "v"));
  EXPECT_EQ(engine->Stats()->state, EngineState::kHealthy);
}

TEST(FullDisk, RefusesPutsWhileTheReserveIsLentAndWritesDeletes) {
  Machine machine;
  const auto engine = FillDisk(machine, Config());
  PutUntilRefused(*engine);
  // Deletes use up the room of the log, then the reserve.
  while (engine->Stats()->reserve_bytes > 0) ASSERT_OK(engine->Delete(NumberedKey(0)));
  EXPECT_EQ(engine->Stats()->state, EngineState::kOutOfSpace);
  EXPECT_FALSE(*machine.disk().FileExists(ReservePath()));
  EXPECT_TRUE(FailsWith(engine->Put("k", "v"), Code::kResourceExhausted, {"full", "nothing but deletes"}));
  WriteBatch mixed;
  mixed.Delete(NumberedKey(1));
  mixed.Put("k", "v");
  EXPECT_TRUE(FailsWith(engine->Write(mixed), Code::kResourceExhausted, {"nothing but deletes"}));
  EXPECT_EQ(engine->Get(NumberedKey(1)).value(), "value 1");
  EXPECT_OK(engine->Delete(NumberedKey(2)));
  EXPECT_EQ(engine->Stats()->state, EngineState::kOutOfSpace) << "a delete that got through is no room";
  machine.disk().SetFreeSpace(kPlenty);
  EXPECT_OK(engine->Put("k", "v")) << "the first put after space has returned finds it";
  EXPECT_EQ(engine->Stats()->state, EngineState::kHealthy);
  EXPECT_GT(engine->Stats()->reserve_bytes, 0u);
}

TEST(FullDisk, ADeleteIsWrittenThoughAPutOfItsGroupIsRefused) {
  Machine machine;
  PutUntilRefused(*FillDisk(machine, Config()));
  const auto core =
      Core::Open(Machine::kDir,
                 {.write_buffer_bytes = 4096, .memory_budget_bytes = size_t{64} << 20, .env = machine.env()})
          .value();
  WriteBatch put_batch, delete_batch;
  put_batch.Put(NumberedKey(0), "new");
  delete_batch.Delete(NumberedKey(1));
  PendingCommit put{.batch = &put_batch}, remove{.batch = &delete_batch};
  PendingCommit* const group[] = {&put, &remove};
  do {
    core->Commit(group);
    ASSERT_OK(remove.status);
  } while (put.status.ok());
  EXPECT_TRUE(absl::IsResourceExhausted(put.status)) << put.status;
  EXPECT_EQ(core->Get(NumberedKey(1), {}).value(), std::nullopt);
}

TEST(FullDisk, ADatabaseOnItOpensByMeansOfTheReserve) {
  Machine machine;
  auto engine = FillDisk(machine, Config());
  const int end = PutUntilRefused(*engine);
  engine.reset();
  for (const bool is_killed : {true, false}) {
    Machine after = is_killed ? machine.AfterKill() : machine.AfterPowerLoss();
    const auto reopened = after.Open(Config());
    ASSERT_NE(reopened, nullptr);
    EXPECT_EQ(ContentsOf(*reopened), Numbered(0, end));
    EXPECT_EQ(reopened->Stats()->state == EngineState::kOutOfSpace, reopened->Stats()->reserve_bytes == 0);
    EXPECT_OK(Shrink(*reopened, end));
    EXPECT_OK(reopened->Put("k", "v"));
    EXPECT_EQ(reopened->Stats()->state, EngineState::kHealthy);
    EXPECT_GT(reopened->Stats()->reserve_bytes, 0u);
  }
}

TEST(FullDisk, WithoutAReserveOpenIsRefusedAndEveryTryLeavesTheDiskAsItWas) {
  Machine machine;
  auto engine = FillDisk(machine, Config(/*keep_reserve=*/false));
  const int end = PutUntilRefused(*engine);
  engine.reset();
  const Contents before = machine.Files();
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(FailsWith(machine.TryOpen(Config()).status(), Code::kResourceExhausted, {Machine::kDir}));
    EXPECT_EQ(machine.Files(), before);
  }
  machine.disk().SetFreeSpace(kPlenty);
  EXPECT_EQ(testing::ContentsWhenOpened(machine), Numbered(0, end));
}

// Of an open that finds room for some of its files, and not for all.
TEST(FullDisk, WhateverRoomThereIsAnOpenThatIsRefusedLeavesNothingBehind) {
  Machine full;
  FillDisk(full, Config(/*keep_reserve=*/false)).reset();
  const Contents before = full.Files();
  int refused = 0, opened = 0;
  for (uint64_t room = 0; room < 32768; room += 256) {
    Machine machine = full.AfterKill();
    machine.disk().SetFreeSpace(room);
    if (machine.TryOpen(Config(/*keep_reserve=*/false)).ok()) {
      ++opened;
      continue;
    }
    ++refused;
    EXPECT_EQ(machine.Files(), before) << "room for " << room;
  }
  EXPECT_GT(refused, 1);
  EXPECT_GT(opened, 1);
}

TEST(FullDisk, ACompactionThatHasNotEnoughOfTheReserveGivesItBack) {
  Machine machine;
  const auto engine = machine.Open(Config());
  for (int i = 0; i < 3000; i += 100) {
    PutNumbered(*engine, i, i + 100);
    ASSERT_OK(Flush(*engine));
  }
  ASSERT_GT(engine->Stats()->table_bytes, engine->Stats()->reserve_bytes);
  machine.disk().SetFreeSpace(0);
  EXPECT_TRUE(FailsWith(engine->MajorCompact(), Code::kResourceExhausted));
  EXPECT_GT(engine->Stats()->reserve_bytes, 0u);
}

TEST(FullDisk, AFlushThatNeededTheReserveKeepsItBackAgainAsSoonAsThereIsRoom) {
  Machine machine;
  const auto engine = machine.Open(Config());
  PutNumbered(*engine, 0, 10);
  bool is_first = true;
  machine.FailWhile([&](const FileCall& call) { return testing::IsTable(call.path) && std::exchange(is_first, false); },
                    Fault::kNoSpace);
  EXPECT_OK(Flush(*engine));
  EXPECT_FALSE(is_first);
  EXPECT_GT(engine->Stats()->reserve_bytes, 0u);
  EXPECT_EQ(engine->Stats()->state, EngineState::kHealthy);
}

TEST(FullDisk, AMemtableCanBeFrozenThoughItsLogHasNoRoomForASeal) {
  for (int size = 0; size < 64; size += 8) {  // of a batch; one of them leaves no room
    Machine machine;
    const auto engine = machine.Open();  // its memtable is not full when the log is
    ASSERT_OK(engine->Put("k", "v"));
    machine.disk().SetFreeSpace(0);
    const std::string value(static_cast<size_t>(size), 'v');
    while (engine->Put("k", value, testing::kUnsynced).ok()) {
    }
    EXPECT_OK(engine->FreezeMemtable()) << size;
  }
}

// At every call from the first delete to the first put after it: whatever the disk holds then opens once it has room,
// and shows one state or the next. Mostly it opens while it is still full.
TEST(FullDisk, ACrashAtAnyCallWhileItIsLeftLosesNothing) {
  Machine machine;
  const auto engine = FillDisk(machine, Config());
  const int end = PutUntilRefused(*engine);
  const Contents full = ContentsOf(*engine);
  std::vector<std::unique_ptr<env::testing::SimFileSystem>> disks;
  machine.disk().SetFaultRule([&](const FileCall& call) {
    disks.push_back(machine.disk().Fork());
    disks.push_back(machine.disk().Crash({.mode = CrashMode::kDropAll}));
    disks.push_back(machine.disk().Crash({.mode = CrashMode::kRandom, .seed = call.index}));
    return Fault::kNone;
  });
  EXPECT_OK(Shrink(*engine, end));
  EXPECT_OK(engine->Put(NumberedKey(10), "value 10"));
  machine.disk().SetFaultRule(nullptr);
  size_t opened_full = 0;
  for (size_t i = 0; i < disks.size(); ++i) {
    SCOPED_TRACE(absl::StrCat("crash state ", i, " of ", disks.size()));
    Machine roomy(disks[i]->Fork());
    roomy.disk().SetFreeSpace(kPlenty);
    Machine crashed(std::move(disks[i]));
    const auto engine_full = crashed.TryOpen(Config());
    opened_full += engine_full.ok() ? 1 : 0;
    EXPECT_TRUE(engine_full.ok() || absl::IsResourceExhausted(engine_full.status())) << engine_full.status();
    const auto engine_roomy = roomy.Open(Config());
    ASSERT_NE(engine_roomy, nullptr);
    const Contents found = ContentsOf(*engine_roomy);
    EXPECT_TRUE(found == full || found == Numbered(0, 10) || found == Numbered(0, 11)) << found.size();
    if (engine_full.ok()) {
      EXPECT_EQ(ContentsOf(**engine_full), found);
    }
    EXPECT_GT(engine_roomy->Stats()->reserve_bytes, 0u);
    EXPECT_OK(engine_roomy->Verify());
    if (HasFailure()) return;
  }
  std::cout << "crash states while a full disk is left: " << disks.size() << "\n"
            << "of these opened while the disk was still full: " << opened_full << "\n";
  EXPECT_GE(disks.size(), 60u);
  EXPECT_GE(opened_full, disks.size() / 2);
}

TEST(FullDisk, FailuresOfTheReserveItselfAreNobodysError) {
  for (const Fault fault : {Fault::kIoError, Fault::kNoSpace, Fault::kReadOnly, Fault::kFailAfterPart}) {
    Machine machine;
    machine.disk().SetFaultRule([fault](const FileCall& call) { return IsReserve(call) ? fault : Fault::kNone; });
    const auto engine = machine.Open(Config());
    EXPECT_EQ(engine->Stats()->reserve_bytes, 0u);
    PutNumbered(*engine, 0, 200);
    EXPECT_OK(Flush(*engine));
    EXPECT_OK(engine->MajorCompact());
    EXPECT_EQ(engine->Stats()->state, EngineState::kHealthy);
    EXPECT_OK(engine->Close());
    EXPECT_EQ(testing::ContentsWhenOpened(machine), Numbered(0, 200));
  }
}

TEST(FullDisk, ADirectoryOfThatNameIsSomebodyElsesAndDoesNotMatter) {
  Machine machine;
  ASSERT_OK(machine.disk().SetContents(absl::StrCat(ReservePath(), "/of books"), "Nabokov"));
  const auto engine = machine.Open(Config());
  PutNumbered(*engine, 0, 200);
  EXPECT_OK(Flush(*engine));
  EXPECT_EQ(engine->Stats()->reserve_bytes, 0u);
  EXPECT_OK(engine->Close());
  EXPECT_EQ(*machine.disk().Contents(absl::StrCat(ReservePath(), "/of books")), "Nabokov");
}

// The shell with background work.
TEST(FullDisk, IsLeftByADbToo) {
  Machine machine;
  const auto db = Db::Open(Machine::kDir, {.write_buffer_bytes = 4096, .env = machine.env()}).value();
  PutNumbered(*db, 0, kKeys);
  ASSERT_OK(db->Flush());
  ASSERT_OK(db->WaitForBackgroundWork());
  machine.disk().SetFreeSpace(0);
  int end = kKeys;
  absl::Status status;
  while ((status = db->Put(NumberedKey(end), absl::StrCat("value ", end))).ok()) ++end;
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
  EXPECT_EQ(ContentsOf(*db), Numbered(0, end));
  EXPECT_OK(db->DeleteRange(NumberedKey(10), NumberedKey(end)));
  EXPECT_OK(db->Flush());
  EXPECT_OK(db->MajorCompact());
  EXPECT_EQ(ContentsOf(*db), Numbered(0, 10));
  EXPECT_OK(db->Put(NumberedKey(10), "value 10"));
  ASSERT_OK(db->WaitForBackgroundWork());
  EXPECT_EQ(db->Stats()->state, EngineState::kHealthy);
  EXPECT_GT(db->Stats()->reserve_bytes, 0u);
  EXPECT_OK(db->Close());
  EXPECT_EQ(testing::ContentsWhenOpened(machine), Numbered(0, 11));
}

// A write buffer of several MiB, and values of 64 KiB to fill it.
class FullDiskLargeBuffer : public ::testing::Test {
 protected:
  static constexpr uint64_t kBufferBytes = uint64_t{8} << 20;
  static constexpr uint64_t kLittleReserveBytes = uint64_t{2} << 20;
  static constexpr uint64_t kFullReserveBytes = kBufferBytes + kBufferBytes / 4;

  FullDiskLargeBuffer() { machine_.disk().SetFreeSpace(kPlenty); }

  absl::Status Put(Engine& engine, int i) { return engine.Put(NumberedKey(i), value_); }
  uint64_t ReserveBytes(Engine& engine) { return engine.Stats()->reserve_bytes; }

  const std::string value_ = std::string(64 << 10, 'v');
  const EngineConfig config_{.write_buffer_bytes = kBufferBytes};
  Machine machine_;
};

TEST_F(FullDiskLargeBuffer, KeepsLittleBackWhileLittleIsInMemory) {
  const auto engine = machine_.Open(config_);
  EXPECT_GT(ReserveBytes(*engine), 0u);
  EXPECT_LE(ReserveBytes(*engine), kLittleReserveBytes);
  for (int i = 0; i < 15; ++i) ASSERT_OK(Put(*engine, i));
  EXPECT_LE(ReserveBytes(*engine), kLittleReserveBytes);
  for (int i = 15; i < 100; ++i) {
    ASSERT_OK(Put(*engine, i));
    const uint64_t flush_bytes = static_cast<uint64_t>(i + 1) * value_.size();
    ASSERT_GE(ReserveBytes(*engine), flush_bytes + flush_bytes / 4);
    ASSERT_LE(ReserveBytes(*engine), 3 * flush_bytes);
  }
  EXPECT_GE(ReserveBytes(*engine), kFullReserveBytes);
  EXPECT_EQ(machine_.SizeOf(ReservePath()), ReserveBytes(*engine));
  ASSERT_OK(Flush(*engine));
  EXPECT_LE(ReserveBytes(*engine), kLittleReserveBytes);
  EXPECT_EQ(machine_.SizeOf(ReservePath()), ReserveBytes(*engine));
}

TEST_F(FullDiskLargeBuffer, APutIsRefusedWhereItsFlushMightFindNoRoom) {
  const auto engine = machine_.Open(config_);
  machine_.disk().SetFreeSpace(kFullReserveBytes / 2);
  int end = 0;
  absl::Status status;
  while ((status = Put(*engine, end)).ok()) ++end;
  EXPECT_TRUE(FailsWith(status, Code::kResourceExhausted, {Machine::kDir, "keep_reserve"}));
  EXPECT_EQ(engine->Stats()->state, EngineState::kOutOfSpace);
  EXPECT_GT(end, 0);
  EXPECT_GT(ReserveBytes(*engine), 0u);
  machine_.disk().SetFreeSpace(0);
  ASSERT_OK(Flush(*engine)) << "what was taken can be flushed";
  machine_.disk().SetFreeSpace(kPlenty);
  for (int i = 0; i < 40; ++i) ASSERT_OK(Put(*engine, end + i));
  EXPECT_EQ(engine->Stats()->state, EngineState::kHealthy);
  EXPECT_GE(ReserveBytes(*engine), kFullReserveBytes / 2);
  EXPECT_EQ(ContentsOf(*engine).size(), static_cast<size_t>(end) + 40);
}

TEST_F(FullDiskLargeBuffer, DeletesAreWrittenWhereAPutIsRefused) {
  const auto engine = machine_.Open(config_);
  machine_.disk().SetFreeSpace(kFullReserveBytes / 2);
  int end = 0;
  while (Put(*engine, end).ok()) ++end;
  for (int i = 0; i < end; ++i) ASSERT_OK(engine->Delete(NumberedKey(i))) << i;
  ASSERT_OK(Flush(*engine));
  EXPECT_TRUE(ContentsOf(*engine).empty());
  EXPECT_EQ(engine->Stats()->state, EngineState::kHealthy);
  ASSERT_OK(Put(*engine, 0));
}

TEST_F(FullDiskLargeBuffer, WhatARecoveryFindsInTheLogIsCoveredToo) {
  const auto engine = machine_.Open(config_);
  for (int i = 0; i < 40; ++i) ASSERT_OK(Put(*engine, i));
  Machine killed = machine_.AfterKill();
  killed.disk().SetFreeSpace(kPlenty);
  const auto reopened = killed.Open(config_);
  EXPECT_GE(ReserveBytes(*reopened), kFullReserveBytes);
  killed.disk().SetFreeSpace(0);
  ASSERT_OK(Flush(*reopened));
  EXPECT_EQ(ContentsOf(*reopened).size(), 40u);
}

}  // namespace
}  // namespace aeternus
