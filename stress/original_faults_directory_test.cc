// Faults of the original AeternusDB in its manifest and its directory, and what must hold here instead.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "aeternus/engine.h"
#include "env/testing/sim_file_system.h"
#include "gtest/gtest.h"
#include "stress/seed.h"
#include "stress/sim_database.h"
#include "stress/temp_directory.h"

namespace aeternus::stress {
namespace {

using env::testing::CrashMode;
using env::testing::Fault;
using env::testing::FileCall;
using env::testing::SimFileSystem;

constexpr int kPuts = 60;

// A database with a few tables and something in its log, closed or killed.
std::unique_ptr<SimFileSystem> DiskWithTables(bool close) {
  SimDatabase database;
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

// In the original 472 of 500 keys were gone, and the tables that held them were deleted as orphans.
void FlipEveryManifestBit(bool closed) {
  const std::unique_ptr<SimFileSystem> disk = DiskWithTables(closed);
  const std::string path = FilesOf(*disk, FileRole::kManifest).back();
  const std::string manifest = disk->Contents(path).value();
  const size_t step = IsLongRun() ? 1 : 3;  // in bits; coprime to 8, so that every bit of a byte gets its turn
  size_t reported = 0;
  for (size_t bit = 0; bit < manifest.size() * 8; bit += step) {
    SimDatabase damaged({}, disk->Fork());
    std::string bytes = manifest;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
    ASSERT_TRUE(damaged.disk().SetContents(path, bytes).ok());
    const auto before = damaged.Image();
    const absl::Status status = damaged.Open();
    if (status.ok()) {
      ASSERT_EQ(ReadAll(*damaged).value(), NumberedContents(0, kPuts)) << "bit " << bit;
      continue;
    }
    ++reported;
    for (const auto& [file, content] : before) {
      const absl::StatusOr<std::string> now = damaged.disk().Contents(file);
      ASSERT_TRUE(now.ok()) << "bit " << bit << ": the failed open deleted " << file;
      ASSERT_EQ(*now, content) << "bit " << bit << ": the failed open changed " << file;
    }
  }
  EXPECT_GT(reported, 0u);
}

TEST(OriginalFaultsDirectoryTest, FlippedBitInManifestIsReportedAndNothingIsDeleted) { FlipEveryManifestBit(true); }

TEST(OriginalFaultsDirectoryTest, FlippedBitInManifestOfAKilledDatabaseIsReportedOrHarmless) {
  FlipEveryManifestBit(false);
}

TEST(OriginalFaultsDirectoryTest, FlippedBitAtTheHeadOfTheManifestIsDataLoss) {
  const std::unique_ptr<SimFileSystem> disk = DiskWithTables(true);
  const std::string path = FilesOf(*disk, FileRole::kManifest).back();
  for (size_t offset : {100, 120, 150}) {  // within the snapshot that begins every manifest
    std::string bytes = disk->Contents(path).value();
    bytes[offset] ^= 4;
    SimDatabase damaged({}, disk->Fork());
    ASSERT_TRUE(damaged.disk().SetContents(path, bytes).ok());
    EXPECT_EQ(damaged.Open().code(), absl::StatusCode::kDataLoss) << "offset " << offset;
  }
}

// In the original later events landed behind the torn one, and 62 of 100 acknowledged puts were lost at the next kill.
TEST(OriginalFaultsDirectoryTest, TornManifestTailHarmsNeitherThisOpenNorTheNext) {
  const std::unique_ptr<SimFileSystem> disk = DiskWithTables(false);
  const std::string path = FilesOf(*disk, FileRole::kManifest).back();
  const std::string manifest = disk->Contents(path).value();
  const std::string torn_edit = manifest.substr(64, 200);  // the beginning of a frame, in the wrong place
  for (size_t size = 1; size < torn_edit.size(); size += 7) {
    SimDatabase database({}, disk->Fork());
    ASSERT_TRUE(database.disk().SetContents(path, manifest + torn_edit.substr(0, size)).ok());
    const absl::Status status = database.Open();
    ASSERT_TRUE(status.ok()) << size << " bytes of a torn edit: " << status;
    ASSERT_TRUE(PutNumbered(*database, kPuts, kPuts + 50).ok());
    ASSERT_TRUE(FlushEverything(*database).ok());
    ASSERT_TRUE(PutNumbered(*database, kPuts + 50, kPuts + 100).ok());
    ASSERT_TRUE(database.Reopen().ok());
    ASSERT_EQ(ReadAll(*database).value(), NumberedContents(0, kPuts + 100)) << size << " bytes of a torn edit";
  }
}

TEST(OriginalFaultsDirectoryTest, MovedDirectoryOpens) {
  const TempDirectory parent;
  const std::string old_dir = parent.path() + "/old", new_dir = parent.path() + "/new";
  {
    const std::unique_ptr<Engine> engine = Engine::Open(old_dir, {}).value();
    ASSERT_TRUE(PutNumbered(*engine, 0, 50).ok());
    ASSERT_TRUE(FlushEverything(*engine).ok());
    ASSERT_TRUE(PutNumbered(*engine, 50, 100).ok());
  }
  std::filesystem::rename(old_dir, new_dir);
  const std::unique_ptr<Engine> engine = Engine::Open(new_dir, {}).value();
  EXPECT_EQ(ReadAll(*engine).value(), NumberedContents(0, 100));
  EXPECT_FALSE(std::filesystem::exists(old_dir));
}

TEST(OriginalFaultsDirectoryTest, SecondHandleInThisProcessIsRefused) {
  const TempDirectory dir;
  std::unique_ptr<Engine> engine = Engine::Open(dir.path(), {}).value();
  EXPECT_EQ(Engine::Open(dir.path(), {}).status().code(), absl::StatusCode::kUnavailable);
  ASSERT_TRUE(engine->Put("k", "v").ok()) << "the first handle is none the worse for it";
  engine.reset();
  EXPECT_EQ(Engine::Open(dir.path(), {}).value()->Get("k").value(), "v");
}

TEST(OriginalFaultsDirectoryTest, SecondHandleInAnotherProcessIsRefused) {
  const TempDirectory dir;
  const std::unique_ptr<Engine> engine = Engine::Open(dir.path(), {}).value();
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const absl::Status status = Engine::Open(dir.path(), {}).status();
    _exit(status.code() == absl::StatusCode::kUnavailable ? 0 : 1);
  }
  int exit_status = -1;
  ASSERT_EQ(waitpid(child, &exit_status, 0), child);
  EXPECT_TRUE(WIFEXITED(exit_status) && WEXITSTATUS(exit_status) == 0);
  EXPECT_TRUE(engine->Put("k", "v").ok());
}

// The original synced its directory only at close. Whatever call the power fails at, acknowledged puts are there.
TEST(OriginalFaultsDirectoryTest, DirectoriesAreSyncedBeforeTheyAreCountedOn) {
  SimDatabase database({.write_buffer_bytes = 200});
  int acknowledged = 0;
  int crashes = 0;
  database.disk().SetFaultRule([&](const FileCall& call) {
    SimDatabase crashed(database.config(), database.disk().Crash({.mode = CrashMode::kDropAll}));
    const absl::Status status = crashed.Open();
    EXPECT_TRUE(status.ok()) << "call " << call.index << ": " << status;
    if (!status.ok()) return Fault::kNone;
    const Contents found = ReadAll(*crashed).value();
    EXPECT_GE(found.size(), static_cast<size_t>(acknowledged)) << "call " << call.index;
    EXPECT_EQ(found, NumberedContents(0, static_cast<int>(found.size())));
    ++crashes;
    return Fault::kNone;
  });
  ASSERT_TRUE(database.Open().ok());
  while (acknowledged < 24) {
    ASSERT_TRUE(PutNumbered(*database, acknowledged, acknowledged + 1).ok());
    ++acknowledged;
    const bool is_time_to_flush = acknowledged % 8 == 0;
    ASSERT_TRUE(!is_time_to_flush || database->FlushAllFrozen().ok());
  }
  ASSERT_TRUE(database->MajorCompact().ok());
  database.disk().SetFaultRule(nullptr);
  EXPECT_GT(crashes, 24);
}

}  // namespace
}  // namespace aeternus::stress
