// Directories in which there is more than a database: files with other names are never touched, files of another
// database are refused by their identity, and nothing of either is used or deleted.
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "aeternus/engine.h"
#include "base/file_identity.h"
#include "base/types.h"
#include "env/testing/sim_file_system.h"
#include "gtest/gtest.h"
#include "stress/sim_database.h"

namespace aeternus::stress {
namespace {

using env::testing::SimFileSystem;
using Image = std::map<std::string, std::string>;

constexpr int kPuts = 40;

// Two tables, one log with entries, closed or killed.
std::unique_ptr<SimFileSystem> DiskWithADatabase(uint64_t seed, bool close) {
  SimDatabase database({}, nullptr, seed);
  EXPECT_TRUE(database.Open().ok());
  for (int i = 0; i < kPuts; i += 20) {
    EXPECT_TRUE(PutNumbered(*database, i, i + 15).ok());
    EXPECT_TRUE(FlushEverything(*database).ok());
    EXPECT_TRUE(PutNumbered(*database, i + 15, i + 20).ok());
  }
  if (close) {
    EXPECT_TRUE(database.Close().ok());
  } else {
    database.Drop();
  }
  return database.disk().Fork();
}

std::string Path(std::string_view name) { return absl::StrCat(SimDatabase::kDirectory, "/", name); }

// Works on the open database so that everything which deletes files has its turn.
void WriteFlushCompactAndReopen(SimDatabase& database) {
  ASSERT_TRUE(PutNumbered(*database, kPuts, kPuts + 20).ok());
  ASSERT_TRUE(FlushEverything(*database).ok());
  ASSERT_TRUE(database->MajorCompact().value());
  ASSERT_TRUE(database->Verify().ok());
  ASSERT_TRUE(database.Close().ok());
  ASSERT_TRUE(database.Open().ok());
  EXPECT_EQ(ReadAll(*database).value(), NumberedContents(0, kPuts + 20));
}

TEST(ForeignFilesTest, FilesWithOtherNamesAreNeverTouched) {
  const std::vector<std::string> names = {"notes.txt",
                                          "000001.log.bak",
                                          "1.log",
                                          "0000001.log",
                                          "000001.LOG",
                                          "-00001.sst",
                                          "+00001.sst",
                                          "000000.sst",
                                          "000001.ldb",
                                          "000001.sst~",
                                          ".sst",
                                          ".log",
                                          " 000001.sst",
                                          "MANIFEST",
                                          "MANIFEST-",
                                          "MANIFEST-1",
                                          "MANIFEST-00000x",
                                          "CURRENT.old",
                                          "current",
                                          "LOCK.old",
                                          "CURRENT.tmp2",
                                          "18446744073709551616.sst",
                                          "\xff\xfe.sst",
                                          "000001.sst.tmp",
                                          "lost+found/inode",
                                          "sub/000001.sst",
                                          "sub/CURRENT",
                                          "sub/MANIFEST-000001",
                                          "000001.sst.d/x"};
  for (const bool closed : {true, false}) {
    SimDatabase database({}, DiskWithADatabase(1, closed));
    for (const std::string& name : names) ASSERT_TRUE(database.disk().SetContents(Path(name), "of " + name).ok());
    ASSERT_TRUE(database.Open().ok());
    WriteFlushCompactAndReopen(database);
    for (const std::string& name : names) {
      const absl::StatusOr<std::string> now = database.disk().Contents(Path(name));
      ASSERT_TRUE(now.ok()) << name << " was deleted";
      EXPECT_EQ(*now, "of " + name);
    }
  }
}

TEST(ForeignFilesTest, ADirectoryOfForeignFilesIsNoDatabaseAndBecomesOneOnRequest) {
  SimDatabase database({.create_if_missing = false});
  ASSERT_TRUE(database.disk().SetContents(Path("notes.txt"), "mine").ok());
  ASSERT_TRUE(database.disk().SetContents(Path("MANIFEST-1"), "mine").ok());
  EXPECT_EQ(database.Open().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(database.Image(), (Image{{Path("MANIFEST-1"), "mine"}, {Path("notes.txt"), "mine"}})) << "not even a lock";
  SimDatabase created({}, database.disk().Fork());
  ASSERT_TRUE(created.Open().ok());
  ASSERT_TRUE(PutNumbered(*created, 0, kPuts).ok());
  ASSERT_TRUE(FlushEverything(*created).ok());
  WriteFlushCompactAndReopen(created);
  EXPECT_EQ(created.disk().Contents(Path("notes.txt")).value(), "mine");
  EXPECT_EQ(created.disk().Contents(Path("MANIFEST-1")).value(), "mine");
}

// Files without content: nothing is known by them, and anybody's will do.
bool IsMerePresence(const std::string& path) { return path == Path("LOCK") || path == Path("RESERVE"); }

// Opening is refused, or reading is, with DataLoss; no byte changes of what holds anything.
void ExpectRefusedUnchanged(SimDatabase& database, std::string_view what) {
  const Image before = database.Image();
  absl::Status status = database.Open();
  if (status.ok()) {
    status = ReadAll(*database).status();
    EXPECT_EQ(database->Verify().code(), absl::StatusCode::kDataLoss) << what;
    EXPECT_EQ(database->MajorCompact().status().code(), absl::StatusCode::kDataLoss) << what;
  }
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << what << ": " << status;
  database.Drop();
  for (const auto& [path, bytes] : before) {
    const absl::StatusOr<std::string> now = database.disk().Contents(path);
    // Only what the open database wrote itself may differ: CURRENT and the log and manifest that it began.
    if (path == Path("CURRENT") || path.find("MANIFEST-") != std::string::npos || IsMerePresence(path)) continue;
    ASSERT_TRUE(now.ok()) << what << ": deleted " << path;
    EXPECT_EQ(*now, bytes) << what << ": changed " << path;
  }
}

// The same life on another machine leaves files of the same names and sizes, but of another database.
TEST(ForeignFilesTest, FilesOfAnotherDatabaseWithTheSameNamesAreRefused) {
  for (const bool closed : {true, false}) {
    const std::unique_ptr<SimFileSystem> ours = DiskWithADatabase(1, closed);
    const std::unique_ptr<SimFileSystem> theirs = DiskWithADatabase(2, closed);
    ASSERT_EQ(ours->Files(), theirs->Files());
    int replaced = 0;
    for (const std::string& path : ours->Files()) {
      if (IsMerePresence(path)) continue;
      const std::string foreign = theirs->Contents(path).value();
      ASSERT_NE(ours->Contents(path).value(), foreign);
      SimDatabase database({}, ours->Fork());
      ASSERT_TRUE(database.disk().SetContents(path, foreign).ok());
      ExpectRefusedUnchanged(database, path);
      ++replaced;
    }
    EXPECT_GE(replaced, 5);
  }
}

// A file of another database under a name that ours does not use: who put it there wants it back.
TEST(ForeignFilesTest, FilesOfAnotherDatabaseUnderFreeNamesAreRefusedAndNotDeleted) {
  const std::unique_ptr<SimFileSystem> theirs = DiskWithADatabase(2, /*close=*/false);
  for (const bool closed : {true, false}) {
    for (const std::string& path : theirs->Files()) {
      for (const uint64_t number : {uint64_t{1}, uint64_t{900'000}}) {
        std::string name;
        if (path.ends_with(".log")) name = absl::StrCat(number == 1 ? "000001" : "900000", ".log");
        if (path.ends_with(".sst")) name = absl::StrCat(number == 1 ? "000001" : "900000", ".sst");
        SimDatabase database({}, DiskWithADatabase(1, closed));
        if (name.empty() || database.disk().Contents(Path(name)).ok()) continue;
        const std::string foreign = theirs->Contents(path).value();
        ASSERT_TRUE(database.disk().SetContents(Path(name), foreign).ok());
        EXPECT_EQ(database.Open().code(), absl::StatusCode::kDataLoss) << name;
        EXPECT_EQ(database.disk().Contents(Path(name)).value(), foreign) << name;
        // Moved away, as the message asks for, it leaves a database that is as it was.
        ASSERT_TRUE(database.disk().DeleteFile(Path(name)).ok());
        ASSERT_TRUE(database.Open().ok());
        EXPECT_EQ(ReadAll(*database).value(), NumberedContents(0, kPuts));
      }
    }
  }
}

// It cannot be told from what a failed attempt to create this very database left, which a crash may bring back at any
// time; so it is no reason not to open.
TEST(ForeignFilesTest, AManifestOfAnotherDatabaseBesideTheOneInForceIsLeftAlone) {
  const std::unique_ptr<SimFileSystem> theirs = DiskWithADatabase(2, /*close=*/false);
  for (const std::string& path : theirs->Files()) {
    if (path.find("MANIFEST-") == std::string::npos) continue;
    const std::string foreign = theirs->Contents(path).value();
    for (const std::string_view name : {"MANIFEST-000099", "MANIFEST-900000"}) {
      SimDatabase database({}, DiskWithADatabase(1, /*close=*/true));
      ASSERT_FALSE(database.disk().Contents(Path(name)).ok());
      ASSERT_TRUE(database.disk().SetContents(Path(name), foreign).ok());
      for (int open = 0; open < 2; ++open) {
        ASSERT_TRUE(database.Open().ok()) << name;
        EXPECT_EQ(ReadAll(*database).value(), NumberedContents(0, kPuts));
        EXPECT_EQ(database.disk().Contents(Path(name)).value(), foreign) << name;
        database.Drop();
      }
    }
  }
}

TEST(ForeignFilesTest, ACurrentThatIsNoneOfOursIsRefused) {
  for (const std::string& bytes :
       {std::string("MANIFEST-000001\n"), std::string(), std::string(64, '\0'), std::string(1 << 20, 'x'),
        EncodeFileIdentity({.kind = FileKind::kCurrent, .edit = EditNumber(1)})}) {
    SimDatabase database({}, DiskWithADatabase(1, /*close=*/true));
    ASSERT_TRUE(database.disk().SetContents(Path("CURRENT"), bytes).ok());
    const Image before = database.Image();
    EXPECT_EQ(database.Open().code(), absl::StatusCode::kDataLoss) << bytes.size() << " bytes";
    EXPECT_EQ(database.Image(), before);
  }
}

}  // namespace
}  // namespace aeternus::stress
