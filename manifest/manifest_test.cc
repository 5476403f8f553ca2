#include "manifest/manifest.h"

#include <atomic>
#include <memory>
#include <random>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "base/testing/test_seed.h"
#include "base/types.h"
#include "env/testing/sim_file_system.h"
#include "gtest/gtest.h"
#include "manifest/testing/samples.h"
#include "manifest/version.h"
#include "manifest/version_edit.h"

namespace aeternus {
namespace {

using env::testing::Fault;
using env::testing::FileCall;
using env::testing::FileOp;
using env::testing::SimFileSystem;

constexpr char kDir[] = "db";

ManifestState NewDatabase() {
  ManifestState state;
  state.database_id = DatabaseId(77);
  state.min_log = FileNumber(2);
  state.reserved_numbers_end = FileNumber(10);
  return state;
}

// A directory with a manifest, number 1.
struct Fixture {
  Fixture() {
    EXPECT_TRUE(fs.CreateDirectory(kDir).ok());
    auto created = Manifest::Create(&fs, kDir, NewDatabase(), FileNumber(1));
    EXPECT_TRUE(created.ok()) << created.status();
    manifest = *std::move(created);
  }

  // What a later open finds.
  ManifestState Reread() {
    const auto state = Manifest::Read(&fs, kDir);
    EXPECT_TRUE(state.ok()) << state.status();
    return state.ok() && state->has_value() ? **state : ManifestState();
  }
  void FailEvery(FileOp op, Fault fault) {
    fs.SetFaultRule([op, fault](const FileCall& call) { return call.op == op ? fault : Fault::kNone; });
  }

  SimFileSystem fs;
  std::unique_ptr<Manifest> manifest;
};

VersionEdit AddTable(uint64_t number) {
  VersionEdit edit;
  TableMetadata& table = edit.added_tables.emplace_back();
  table.number = FileNumber(number);
  table.smallest = "a";
  return edit;
}

VersionEdit RemoveTable(uint64_t number) {
  VersionEdit edit;
  edit.removed_tables.emplace_back(number);
  return edit;
}

// ---- names ----

TEST(ManifestTest, FileNamesAreOnePerNumber) {
  for (const uint64_t number : {uint64_t{0}, uint64_t{12}, uint64_t{999'999}, uint64_t{1'000'000}, UINT64_MAX}) {
    EXPECT_EQ(Manifest::ParseFileName(Manifest::FileName(FileNumber(number))), FileNumber(number));
  }
  EXPECT_EQ(Manifest::FileName(FileNumber(12)), "MANIFEST-000012");
  for (const char* name : {"", "CURRENT", "MANIFEST-", "MANIFEST-12", "MANIFEST-0000012", "MANIFEST-+00012",
                           "MANIFEST-00001x", "MANIFEST- 000012", "MANIFEST-99999999999999999999", "manifest-000012"}) {
    EXPECT_EQ(Manifest::ParseFileName(name), std::nullopt) << name;
  }
}

// ---- what is written is read ----

TEST(ManifestTest, EmptyDirectoryHasNoDatabase) {
  SimFileSystem fs;
  ASSERT_TRUE(fs.CreateDirectory(kDir).ok());
  const auto state = Manifest::Read(&fs, kDir);
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_FALSE(state->has_value());
}

TEST(ManifestTest, EveryCommitSurvivesReopeningAndCheckpoints) {
  std::mt19937_64 random(TestSeed());
  Fixture db;
  uint64_t next_manifest = 1'000'000;  // above any table's number
  for (int round = 0; round < 200; ++round) {
    const ManifestState before = db.manifest->state();
    const uint64_t action = random() % 20;
    if (action == 0) {
      ASSERT_TRUE(db.manifest->Checkpoint(FileNumber(next_manifest++)).ok());
    } else if (action == 1) {
      const auto reopened = Manifest::Create(&db.fs, kDir, db.Reread(), FileNumber(next_manifest++));
      ASSERT_TRUE(reopened.ok()) << reopened.status();
      ASSERT_EQ((*reopened)->durable_edit().value, before.last_edit.value + 1);
      db.manifest = Manifest::Create(&db.fs, kDir, db.Reread(), FileNumber(next_manifest++)).value();
    } else {
      ASSERT_TRUE(db.manifest->Commit(RandomEdit(random, before)).ok());
    }
    ASSERT_GT(db.manifest->durable_edit(), before.last_edit);
    const ManifestState reread = db.Reread();
    ASSERT_EQ(Describe(reread), Describe(db.manifest->state()));
    ASSERT_EQ(reread.manifest_number, db.manifest->state().manifest_number);
  }
}

TEST(ManifestTest, CommitAppliesWhatTheEditSaysAndNothingElse) {
  Fixture db;
  VersionEdit edit = AddTable(5);
  edit.min_log = FileNumber(4);
  edit.reserved_numbers_end = FileNumber(20);
  edit.max_lsn = Lsn(99);
  edit.flushed_lsn = Lsn(97);
  edit.cut = LogCut{FileNumber(6), 64, Lsn(99), FileNumber(8)};
  edit.close = CleanClose{FileNumber(9), Lsn(98)};
  ASSERT_TRUE(db.manifest->Commit(edit).ok());
  ASSERT_TRUE(db.manifest->Commit(VersionEdit()).ok());
  const ManifestState state = db.manifest->state();
  EXPECT_NE(state.version->Find(FileNumber(5)), nullptr);
  EXPECT_EQ(state.min_log, FileNumber(4));
  EXPECT_EQ(state.reserved_numbers_end, FileNumber(20));
  EXPECT_EQ(state.max_lsn, Lsn(99));
  EXPECT_EQ(state.cut, edit.cut);
  EXPECT_EQ(state.flushed_lsn, Lsn(97));
  EXPECT_EQ(state.close, edit.close);
  EXPECT_EQ(state.last_edit, EditNumber(3));
}

TEST(ManifestTest, CutIsKeptInSnapshotsWhileItsLogIsLive) {
  Fixture db;
  VersionEdit edit;
  edit.cut = LogCut{FileNumber(6), 64, Lsn(99), FileNumber(8)};
  edit.min_log = FileNumber(6);
  ASSERT_TRUE(db.manifest->Commit(edit).ok());
  ASSERT_TRUE(db.manifest->Checkpoint(FileNumber(30)).ok());
  EXPECT_EQ(db.Reread().cut, edit.cut);
  VersionEdit retire;
  retire.min_log = FileNumber(8);
  ASSERT_TRUE(db.manifest->Commit(retire).ok());
  EXPECT_EQ(db.Reread().cut, std::nullopt);
}

TEST(ManifestTest, CheckpointShedsHistory) {
  Fixture db;
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(db.manifest->Commit(AddTable(100)).ok());
    ASSERT_TRUE(db.manifest->Commit(RemoveTable(100)).ok());
  }
  const uint64_t snapshot_size = db.manifest->snapshot_size_bytes();
  EXPECT_GT(db.manifest->size_bytes(), 10 * snapshot_size);
  EXPECT_EQ(db.manifest->size_bytes(), *db.fs.FileSize("db/MANIFEST-000001"));
  ASSERT_TRUE(db.manifest->Checkpoint(FileNumber(200)).ok());
  EXPECT_EQ(db.manifest->size_bytes(), db.manifest->snapshot_size_bytes());
  EXPECT_EQ(db.manifest->size_bytes(), snapshot_size);
}

// ---- refusals and failures ----

TEST(ManifestTest, RefusedEditWritesNothing) {
  Fixture db;
  ASSERT_TRUE(db.manifest->Commit(AddTable(5)).ok());
  const std::string before = *db.fs.Contents("db/MANIFEST-000001");
  VersionEdit snapshot;
  snapshot.is_snapshot = true;
  VersionEdit other_order;
  other_order.key_order_name = "reverse";
  for (const VersionEdit& refused : {RemoveTable(6), AddTable(5), snapshot, other_order}) {
    EXPECT_TRUE(absl::IsFailedPrecondition(db.manifest->Commit(refused)));
    EXPECT_EQ(*db.fs.Contents("db/MANIFEST-000001"), before);
  }
  EXPECT_TRUE(db.manifest->Commit(RemoveTable(5)).ok()) << "a refusal is not final";
}

TEST(ManifestTest, EveryEditIsSyncedBeforeCommitReturns) {
  Fixture db;
  for (uint64_t number = 5; number < 10; ++number) {
    const uint64_t syncs = db.fs.CountOf(FileOp::kSync);
    ASSERT_TRUE(db.manifest->Commit(AddTable(number)).ok());
    EXPECT_EQ(db.fs.CountOf(FileOp::kSync), syncs + 1);
  }
}

TEST(ManifestTest, FailedWriteOrSyncIsFinal) {
  for (const FileOp op : {FileOp::kCommit, FileOp::kSync}) {
    for (const Fault fault : {Fault::kIoError, Fault::kNoSpace, Fault::kFailAfterPart}) {
      if (op == FileOp::kCommit && fault == Fault::kNoSpace) continue;  // then nothing was written
      Fixture db;
      db.FailEvery(op, fault);
      const absl::Status failure = db.manifest->Commit(AddTable(5));
      EXPECT_FALSE(failure.ok());
      db.fs.SetFaultRule(nullptr);
      const uint64_t calls = db.fs.calls();
      EXPECT_EQ(db.manifest->Commit(AddTable(6)), failure);
      EXPECT_EQ(db.manifest->Checkpoint(FileNumber(7)), failure);
      EXPECT_EQ(db.fs.calls(), calls) << "the file system was touched after the failure";
      EXPECT_EQ(db.manifest->durable_edit(), EditNumber(1));
      EXPECT_TRUE(db.manifest->state().version->tables().empty());
    }
  }
}

TEST(ManifestTest, NoRoomForAnEditIsNotFinal) {
  for (const FileOp op : {FileOp::kReserve, FileOp::kCommit}) {
    Fixture db;
    db.FailEvery(op, Fault::kNoSpace);
    EXPECT_TRUE(absl::IsResourceExhausted(db.manifest->Commit(AddTable(5))));
    db.fs.SetFaultRule(nullptr);
    EXPECT_TRUE(db.manifest->Commit(AddTable(6)).ok());
    EXPECT_EQ(Describe(db.Reread()), Describe(db.manifest->state()));
  }
}

// Wherever it is met short of a sync: in the new file, in the temporary one, in the directory.
TEST(ManifestTest, NoRoomForACheckpointLeavesThePresentManifestInUse) {
  for (const FileOp op : {FileOp::kCreate, FileOp::kReserve, FileOp::kCommit, FileOp::kAppend, FileOp::kRename}) {
    SCOPED_TRACE(FileOpName(op));
    Fixture db;
    ASSERT_TRUE(db.manifest->Commit(AddTable(5)).ok());
    db.FailEvery(op, Fault::kNoSpace);
    EXPECT_TRUE(absl::IsResourceExhausted(db.manifest->Checkpoint(FileNumber(7))));
    EXPECT_FALSE(*db.fs.FileExists("db/MANIFEST-000007"));
    EXPECT_FALSE(*db.fs.FileExists("db/CURRENT.tmp"));
    db.fs.SetFaultRule(nullptr);
    EXPECT_TRUE(db.manifest->Commit(AddTable(6)).ok());
    EXPECT_EQ(db.Reread().manifest_number, FileNumber(1));
    EXPECT_TRUE(db.manifest->Checkpoint(FileNumber(8)).ok());
  }
}

TEST(ManifestTest, FailedCheckpointIsFinal) {
  for (const FileOp op : {FileOp::kSync, FileOp::kSyncDirectory, FileOp::kRename}) {
    for (const Fault fault : {Fault::kIoError, Fault::kNoSpace}) {
      if (op == FileOp::kRename && fault == Fault::kNoSpace) continue;
      Fixture db;
      db.FailEvery(op, fault);
      const absl::Status failure = db.manifest->Checkpoint(FileNumber(7));
      EXPECT_TRUE(absl::IsInternal(failure)) << failure;
      db.fs.SetFaultRule(nullptr);
      EXPECT_EQ(db.manifest->Commit(AddTable(6)), failure);
      EXPECT_EQ(db.manifest->Checkpoint(FileNumber(8)), failure);
    }
  }
}

TEST(ManifestTest, NumberOfAnExistingManifestIsRefused) {
  Fixture db;
  const auto again = Manifest::Create(&db.fs, kDir, NewDatabase(), FileNumber(1));
  EXPECT_TRUE(absl::IsAlreadyExists(again.status()));
  EXPECT_EQ(Describe(db.Reread()), Describe(db.manifest->state()));
}

TEST(ManifestTest, StaleTemporaryIsReplaced) {
  Fixture db;
  ASSERT_TRUE(db.fs.SetContents("db/CURRENT.tmp", "left by a crash").ok());
  ASSERT_TRUE(db.manifest->Checkpoint(FileNumber(7)).ok());
  EXPECT_FALSE(*db.fs.FileExists("db/CURRENT.tmp"));
  EXPECT_EQ(db.Reread().manifest_number, FileNumber(7));
}

// ---- threads ----

TEST(ManifestTest, AccessorsMayBeCalledBesideCommit) {
  Fixture db;
  std::atomic<bool> is_done = false;
  std::thread reader([&] {
    EditNumber last;
    while (!is_done) {
      const ManifestState state = db.manifest->state();
      EXPECT_GE(state.last_edit, last);
      EXPECT_EQ(state.version->tables().size(), state.last_edit.value - 1) << "a state half applied";
      EXPECT_GE(db.manifest->durable_edit(), state.last_edit);
      EXPECT_GE(db.manifest->size_bytes(), db.manifest->snapshot_size_bytes());
      last = state.last_edit;
    }
  });
  for (uint64_t number = 5; number < 205; ++number) EXPECT_TRUE(db.manifest->Commit(AddTable(number)).ok());
  is_done = true;
  reader.join();
}

}  // namespace
}  // namespace aeternus
