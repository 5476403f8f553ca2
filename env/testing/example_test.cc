// How to crash-test a program of your own: give it the simulated file system, lose power before each of its calls, let
// each part of what it had not synced survive or not, and look at what a restarted program finds.
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "env/file_system.h"
#include "env/testing/sim_file_system.h"
#include "gtest/gtest.h"

namespace {

using aeternus::env::FileSystem;
using aeternus::env::WritableFile;
using aeternus::env::testing::CrashMode;
using aeternus::env::testing::Fault;
using aeternus::env::testing::FileCall;
using aeternus::env::testing::FileOp;
using aeternus::env::testing::ItemFate;
using aeternus::env::testing::SimFileSystem;

// ---- the program: it keeps one setting in a file, which it replaces as a whole ----

absl::Status Save(FileSystem& fs, const std::string& setting) {
  if (absl::Status status = fs.DeleteFile("/app/new"); !status.ok() && !absl::IsNotFound(status)) return status;
  absl::StatusOr<std::unique_ptr<WritableFile>> file = fs.NewWritableFile("/app/new");
  if (!file.ok()) return file.status();
  if (absl::Status status = (*file)->Append(setting); !status.ok()) return status;
  if (absl::Status status = (*file)->Sync(); !status.ok()) return status;
  if (absl::Status status = fs.RenameFile("/app/new", "/app/setting"); !status.ok()) return status;
  return fs.SyncDirectory("/app");
}

std::string Load(FileSystem& fs) { return fs.ReadFile("/app/setting", 100).value_or("unreadable"); }

// ---- its crash test ----

// The number of crashes after which a restarted program finds neither "old" nor "new", or not "new" although Save had
// returned.
int CountBadCrashes(SimFileSystem& fs) {
  int bad = 0;
  const auto crash = [&](bool is_saved) {
    const size_t items = fs.UnsyncedItems().size();
    for (uint64_t mask = 0; mask < uint64_t{1} << items; ++mask) {  // every choice of what survives
      std::vector<ItemFate> fates;
      for (size_t i = 0; i < items; ++i) {
        fates.push_back((mask >> i & 1) != 0 ? ItemFate::kKept : ItemFate::kDropped);
      }
      const std::unique_ptr<SimFileSystem> after = fs.Crash({.mode = CrashMode::kChosen, .fates = fates});
      const std::string found = Load(*after);
      if (found != "new" && (is_saved || found != "old")) ++bad;
    }
    for (uint64_t seed = 0; seed < 20; ++seed) {  // and some that tear, zero and spoil what was never synced
      const std::string found = Load(*fs.Crash({.mode = CrashMode::kRandom, .seed = seed}));
      if (found != "new" && (is_saved || found != "old")) ++bad;
    }
  };
  fs.SetFaultRule([&](const FileCall&) {  // asked before each call
    crash(/*is_saved=*/false);
    return Fault::kNone;
  });
  EXPECT_TRUE(Save(fs, "new").ok());
  fs.SetFaultRule(nullptr);
  crash(/*is_saved=*/true);
  return bad;
}

TEST(ExampleTest, ASettingIsReplacedAsAWhole) {
  SimFileSystem fs;
  ASSERT_TRUE(fs.SetContents("/app/setting", "old").ok());  // durable
  EXPECT_EQ(CountBadCrashes(fs), 0);
}

// The test is able to fail: it finds out about a disk on which syncing a file does nothing.
TEST(ExampleTest, AMissingSyncIsNoticed) {
  SimFileSystem fs;
  ASSERT_TRUE(fs.SetContents("/app/setting", "old").ok());
  int bad = 0;
  {
    // Both rules in one: crash before each call, and ignore syncs.
    fs.SetFaultRule([](const FileCall& call) { return call.op == FileOp::kSync ? Fault::kIgnored : Fault::kNone; });
    ASSERT_TRUE(Save(fs, "new").ok());
    fs.SetFaultRule(nullptr);
    for (uint64_t seed = 0; seed < 100; ++seed) bad += Load(*fs.Crash({.seed = seed})) != "new" ? 1 : 0;
  }
  EXPECT_GT(bad, 0);
}

}  // namespace
