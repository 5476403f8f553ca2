// What a crash of the simulated disk may leave, and what it may not.
#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/types/span.h"
#include "base/testing/test_seed.h"
#include "env/file_system.h"
#include "env/testing/sim_file_system.h"
#include "gtest/gtest.h"

namespace aeternus::env::testing {
namespace {

constexpr size_t kSector = 512;

// Everything on a disk as text: "path=contents" of each file, long contents shortened to "3xa" for "aaa".
std::string Show(const SimFileSystem& fs) {
  std::vector<std::string> files;
  for (const std::string& path : fs.Files()) {
    const std::string contents = *fs.Contents(path);
    std::vector<std::string> runs;
    for (size_t at = 0; at < contents.size();) {
      const size_t end = std::min(contents.find_first_not_of(contents[at], at), contents.size());
      runs.push_back(absl::StrCat(end - at, "x", contents[at] == '\0' ? "0" : std::string(1, contents[at])));
      at = end;
    }
    files.push_back(absl::StrCat(path, "=", absl::StrJoin(runs, "+")));
  }
  return absl::StrJoin(files, " ");
}

// Item i survives iff bit i of `mask` is set.
std::string AfterMask(const SimFileSystem& fs, uint64_t mask) {
  std::vector<ItemFate> fates;
  for (; mask != 0; mask >>= 1) fates.push_back((mask & 1) != 0 ? ItemFate::kKept : ItemFate::kDropped);
  return Show(*fs.Crash({.mode = CrashMode::kChosen, .fates = fates}));
}

// What each choice of surviving items leaves.
std::set<std::string> AfterEveryMask(const SimFileSystem& fs) {
  std::set<std::string> outcomes;
  const size_t items = fs.UnsyncedItems().size();
  for (uint64_t mask = 0; mask < uint64_t{1} << items; ++mask) outcomes.insert(AfterMask(fs, mask));
  return outcomes;
}

std::set<std::string> AfterRandom(const SimFileSystem& fs, int seeds = 3000) {
  std::set<std::string> outcomes;
  for (int seed = 0; seed < seeds; ++seed) {
    outcomes.insert(Show(*fs.Crash({.seed = static_cast<uint64_t>(seed)})));
  }
  return outcomes;
}

std::string AfterDroppingAll(const SimFileSystem& fs) { return Show(*fs.Crash({.mode = CrashMode::kDropAll})); }
std::string AfterKeepingAll(const SimFileSystem& fs) { return Show(*fs.Crash({.mode = CrashMode::kKeepAll})); }

// A file that is there, its directory entry durable.
std::unique_ptr<WritableFile> NewDurableName(SimFileSystem& fs, const std::string& path) {
  std::unique_ptr<WritableFile> file = *fs.NewWritableFile(path);
  EXPECT_TRUE(fs.SyncDirectory(DirectoryOf(path)).ok());
  return file;
}

std::unique_ptr<LogFile> NewDurableLog(SimFileSystem& fs, const std::string& path, uint64_t allocate_bytes) {
  std::unique_ptr<LogFile> log = *fs.NewLogFile(path, allocate_bytes);
  EXPECT_TRUE(log->Sync().ok());
  EXPECT_TRUE(fs.SyncDirectory(DirectoryOf(path)).ok());
  return log;
}

absl::Status AppendFrame(LogFile& log, std::string_view frame) {
  absl::StatusOr<absl::Span<char>> span = log.Reserve(frame.size());
  if (!span.ok()) return span.status();
  frame.copy(span->data(), frame.size());
  return log.Commit(frame.size(), LogFile::Next::kSync);
}

void FailNext(SimFileSystem& fs, Fault fault) { fs.FailAt(fs.calls(), fault); }

// ---- files ----

TEST(SimCrashTest, SyncedBytesSurviveEveryCrash) {
  SimFileSystem fs;
  std::unique_ptr<WritableFile> file = NewDurableName(fs, "/f");
  ASSERT_TRUE(file->Append(std::string(1000, 'a')).ok());
  ASSERT_TRUE(file->Sync().ok());
  EXPECT_EQ(fs.UnsyncedItems().size(), 0u);
  EXPECT_EQ(AfterDroppingAll(fs), "/f=1000xa");
  EXPECT_EQ(AfterRandom(fs, 100), std::set<std::string>{"/f=1000xa"});
}

TEST(SimCrashTest, UnsyncedBytesAreDroppedOrKept) {
  SimFileSystem fs;
  std::unique_ptr<WritableFile> file = NewDurableName(fs, "/f");
  ASSERT_TRUE(file->Append(std::string(600, 'a')).ok());
  ASSERT_TRUE(file->Sync().ok());
  ASSERT_TRUE(file->Append(std::string(1000, 'b')).ok());
  EXPECT_EQ(AfterDroppingAll(fs), "/f=600xa");
  EXPECT_EQ(AfterKeepingAll(fs), "/f=600xa+1000xb");
  EXPECT_EQ(Show(fs), "/f=600xa+1000xb");
}

TEST(SimCrashTest, CrashLeavesTheOriginalAloneAndAllItFindsIsDurable) {
  SimFileSystem fs;
  std::unique_ptr<WritableFile> file = *fs.NewWritableFile("/f");
  ASSERT_TRUE(file->Append("aaa").ok());
  std::unique_ptr<SimFileSystem> after = fs.Crash({.mode = CrashMode::kKeepAll});
  EXPECT_EQ(after->UnsyncedItems().size(), 0u);
  EXPECT_EQ(AfterDroppingAll(*after), "/f=3xa");
  EXPECT_EQ(fs.UnsyncedItems().size(), 2u);
  EXPECT_EQ(AfterDroppingAll(fs), "");
}

TEST(SimCrashTest, ItemsAreSectorsInTheOrderOfTheWrites) {
  SimFileSystem fs;
  std::unique_ptr<LogFile> log = NewDurableLog(fs, "/log", 2048);
  ASSERT_TRUE(AppendFrame(*log, std::string(500, 'a')).ok());  // item 0
  ASSERT_TRUE(AppendFrame(*log, std::string(600, 'b')).ok());  // items 1 (12 bytes), 2 (512), 3 (76)
  ASSERT_EQ(fs.UnsyncedItems().size(), 4u);
  EXPECT_EQ(AfterMask(fs, 0b0000), "/log=2048x0");
  EXPECT_EQ(AfterMask(fs, 0b0001), "/log=500xa+1548x0");
  EXPECT_EQ(AfterMask(fs, 0b0010), "/log=500x0+12xb+1536x0");
  EXPECT_EQ(AfterMask(fs, 0b0100), "/log=512x0+512xb+1024x0");
  EXPECT_EQ(AfterMask(fs, 0b1000), "/log=1024x0+76xb+948x0");
  EXPECT_EQ(AfterMask(fs, 0b1111), "/log=500xa+600xb+948x0");
  EXPECT_EQ(AfterEveryMask(fs).size(), 16u);
}

TEST(SimCrashTest, ItemsWithoutAFateAreDropped) {
  SimFileSystem fs;
  std::unique_ptr<LogFile> log = NewDurableLog(fs, "/log", 70 * kSector);
  ASSERT_TRUE(AppendFrame(*log, std::string(70 * kSector, 'a')).ok());
  ASSERT_EQ(fs.UnsyncedItems().size(), 70u);
  EXPECT_EQ(AfterMask(fs, ~uint64_t{0}), absl::StrCat("/log=", 64 * kSector, "xa+", 6 * kSector, "x0"));
  EXPECT_EQ(AfterMask(fs, 0), absl::StrCat("/log=", 70 * kSector, "x0"));
}

TEST(SimCrashTest, SizeTravelsWithTheSectorsThatSurvive) {
  SimFileSystem fs;
  std::unique_ptr<WritableFile> file = NewDurableName(fs, "/f");
  ASSERT_TRUE(file->Append(std::string(700, 'a')).ok());
  EXPECT_EQ(AfterEveryMask(fs), (std::set<std::string>{"/f=", "/f=512xa", "/f=512x0+188xa", "/f=700xa"}));
}

TEST(SimCrashTest, GrownFileMayComeBackShorterOrZeroed) {
  SimFileSystem fs;
  std::unique_ptr<WritableFile> file = NewDurableName(fs, "/f");
  ASSERT_TRUE(file->Append("aaaaaaaa").ok());
  const std::set<std::string> outcomes = AfterRandom(fs);
  for (const char* expected : {"/f=", "/f=8xa", "/f=8x0", "/f=3x0", "/f=4xa", "/f=4xa+4x0", "/f=4x0+4xa"}) {
    EXPECT_TRUE(outcomes.contains(expected)) << expected;
  }
  EXPECT_GT(outcomes.size(), 100u) << "garbage";
}

TEST(SimCrashTest, AllocationIsAnItemUntilItIsSynced) {
  SimFileSystem fs;
  std::unique_ptr<LogFile> log = *fs.NewLogFile("/log", 1000);
  ASSERT_TRUE(fs.SyncDirectory("/").ok());
  EXPECT_EQ(AfterEveryMask(fs), (std::set<std::string>{"/log=", "/log=1000x0"}));
  ASSERT_TRUE(AppendFrame(*log, "aaa").ok());
  EXPECT_EQ(AfterEveryMask(fs), (std::set<std::string>{"/log=", "/log=1000x0", "/log=3xa", "/log=3xa+997x0"}));
  ASSERT_TRUE(log->Sync().ok());
  ASSERT_TRUE(log->Reserve(1000).ok());
  EXPECT_EQ(AfterEveryMask(fs), (std::set<std::string>{"/log=3xa+997x0", "/log=3xa+1000x0"}));
  ASSERT_TRUE(log->Sync().ok());
  EXPECT_EQ(AfterDroppingAll(fs), "/log=3xa+1000x0");
}

TEST(SimCrashTest, SectorWithSyncedBytesIsOldOrNew) {
  SimFileSystem fs;
  std::unique_ptr<LogFile> log = NewDurableLog(fs, "/log", 1024);
  ASSERT_TRUE(AppendFrame(*log, "aaa").ok());
  ASSERT_TRUE(log->Sync().ok());
  ASSERT_TRUE(AppendFrame(*log, "bb").ok());
  EXPECT_EQ(AfterRandom(fs), (std::set<std::string>{"/log=3xa+1021x0", "/log=3xa+2xb+1019x0"}));

  ASSERT_TRUE(fs.SetContents("/log", std::string(1024, 'c')).ok());
  std::unique_ptr<PatchFile> patch = *fs.NewPatchFile("/log");
  ASSERT_TRUE(patch->WriteAt(500, std::string(24, 'd')).ok());
  EXPECT_EQ(AfterRandom(fs), (std::set<std::string>{"/log=1024xc", "/log=500xc+12xd+512xc", "/log=512xc+12xd+500xc",
                                                    "/log=500xc+24xd+500xc"}));
}

TEST(SimCrashTest, GarbageStaysInSectorsThatWereWrittenAndNeverSynced) {
  SimFileSystem fs;
  std::unique_ptr<LogFile> log = NewDurableLog(fs, "/log", 4 * kSector);
  ASSERT_TRUE(AppendFrame(*log, std::string(kSector, 'a')).ok());
  ASSERT_TRUE(log->Sync().ok());
  ASSERT_TRUE(AppendFrame(*log, std::string(kSector, 'b')).ok());
  bool was_garbage_seen = false;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    const std::string contents = *fs.Crash({.seed = seed})->Contents("/log");
    ASSERT_EQ(contents.size(), 4 * kSector);
    EXPECT_EQ(contents.substr(0, kSector), std::string(kSector, 'a'));
    EXPECT_EQ(contents.substr(2 * kSector), std::string(2 * kSector, '\0'));
    was_garbage_seen |= contents.substr(kSector, kSector).find_first_not_of(std::string("b\0", 2)) != std::string::npos;
  }
  EXPECT_TRUE(was_garbage_seen);
}

TEST(SimCrashTest, SeedDecidesEverything) {
  SimFileSystem fs;
  for (int i = 0; i < 5; ++i) {
    std::unique_ptr<WritableFile> file = *fs.NewWritableFile(absl::StrCat("/f", i));
    ASSERT_TRUE(file->Append(std::string(3000, 'a')).ok());
  }
  std::unique_ptr<SimFileSystem> fork = fs.Fork();
  std::set<std::string> outcomes;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    const std::string once = Show(*fs.Crash({.seed = seed}));
    EXPECT_EQ(once, Show(*fs.Crash({.seed = seed})));
    EXPECT_EQ(once, Show(*fork->Crash({.seed = seed})));
    outcomes.insert(once);
  }
  EXPECT_GT(outcomes.size(), 25u);
}

TEST(SimCrashTest, ForkKeepsWrittenAndSyncedApart) {
  SimFileSystem fs;
  std::unique_ptr<WritableFile> file = *fs.NewWritableFile("/f");
  ASSERT_TRUE(file->Append("aa").ok());
  ASSERT_TRUE(file->Sync().ok());
  ASSERT_TRUE(file->Append("bb").ok());
  std::unique_ptr<SimFileSystem> fork = fs.Fork();
  EXPECT_EQ(Show(*fork), "/f=2xa+2xb");
  EXPECT_EQ(fork->UnsyncedItems().size(), fs.UnsyncedItems().size());
  EXPECT_EQ(AfterEveryMask(*fork), AfterEveryMask(fs));
  // Another handle of the file syncs what the first one wrote.
  std::unique_ptr<PatchFile> patch = *fork->NewPatchFile("/f");
  ASSERT_TRUE(patch->Sync().ok());
  ASSERT_TRUE(fork->SyncDirectory("/").ok());
  EXPECT_EQ(AfterDroppingAll(*fork), "/f=2xa+2xb");
  EXPECT_EQ(AfterDroppingAll(fs), "");
}

// ---- failed syncs ----

TEST(SimCrashTest, FailedSyncLosesTheDataForGoodAndReadsStillSeeIt) {
  SimFileSystem fs;
  std::unique_ptr<LogFile> log = NewDurableLog(fs, "/log", 1024);
  ASSERT_TRUE(AppendFrame(*log, "aaa").ok());
  FailNext(fs, Fault::kIoError);
  EXPECT_FALSE(log->Sync().ok());
  EXPECT_EQ(Show(fs), "/log=3xa+1021x0");
  ASSERT_TRUE(log->Sync().ok());
  ASSERT_TRUE(AppendFrame(*log, "bb").ok());
  ASSERT_TRUE(log->Sync().ok());
  EXPECT_EQ(Show(fs), "/log=3xa+2xb+1019x0");
  EXPECT_EQ(AfterKeepingAll(fs), "/log=3x0+2xb+1019x0");
  EXPECT_EQ(AfterRandom(*fs.Fork(), 100), std::set<std::string>{"/log=3x0+2xb+1019x0"});
}

TEST(SimCrashTest, DataLostInAFailedSyncIsDurableWhenWrittenAgain) {
  SimFileSystem fs;
  std::unique_ptr<LogFile> log = NewDurableLog(fs, "/log", 1024);
  ASSERT_TRUE(AppendFrame(*log, "aaa").ok());
  FailNext(fs, Fault::kIoError);
  EXPECT_FALSE(log->Sync().ok());
  std::unique_ptr<PatchFile> patch = *fs.NewPatchFile("/log");
  ASSERT_TRUE(patch->WriteAt(0, "aaa").ok());
  ASSERT_TRUE(patch->Sync().ok());
  EXPECT_EQ(AfterDroppingAll(fs), "/log=3xa+1021x0");
}

TEST(SimCrashTest, SyncThatFailsHalfWaySyncsTheFirstHalf) {
  SimFileSystem fs;
  std::unique_ptr<LogFile> log = NewDurableLog(fs, "/log", 1024);
  ASSERT_TRUE(AppendFrame(*log, "aaa").ok());
  ASSERT_TRUE(AppendFrame(*log, "bbb").ok());
  FailNext(fs, Fault::kFailAfterPart);
  EXPECT_FALSE(log->Sync().ok());
  EXPECT_EQ(AfterKeepingAll(fs), "/log=3xa+1021x0");
}

TEST(SimCrashTest, FailedDirectorySyncLosesTheNamesForGood) {
  SimFileSystem fs;
  ASSERT_TRUE(fs.SetContents("/old", "ooo").ok());
  std::unique_ptr<WritableFile> file = *fs.NewWritableFile("/f");
  ASSERT_TRUE(file->Append("aaa").ok());
  ASSERT_TRUE(file->Sync().ok());
  ASSERT_TRUE(fs.DeleteFile("/old").ok());
  FailNext(fs, Fault::kIoError);
  EXPECT_FALSE(fs.SyncDirectory("/").ok());
  EXPECT_EQ(Show(fs), "/f=3xa");
  ASSERT_TRUE(fs.SyncDirectory("/").ok());
  EXPECT_EQ(fs.UnsyncedItems().size(), 0u);
  EXPECT_EQ(AfterKeepingAll(fs), "/old=3xo");
  // A new change of the name is a new chance.
  ASSERT_TRUE(fs.RenameFile("/f", "/g").ok());
  ASSERT_TRUE(fs.SyncDirectory("/").ok());
  EXPECT_EQ(AfterDroppingAll(fs), "/g=3xa /old=3xo");
}

// ---- names ----

TEST(SimCrashTest, NewNamesSurviveIndependently) {
  SimFileSystem fs;
  for (const char* path : {"/a", "/b"}) {
    std::unique_ptr<WritableFile> file = *fs.NewWritableFile(path);
    ASSERT_TRUE(file->Append("x").ok());
    ASSERT_TRUE(file->Sync().ok());
  }
  ASSERT_EQ(fs.UnsyncedItems().size(), 2u);
  const std::set<std::string> expected = {"", "/a=1xx", "/b=1xx", "/a=1xx /b=1xx"};
  EXPECT_EQ(AfterEveryMask(fs), expected);
  EXPECT_EQ(AfterRandom(fs, 300), expected);
}

TEST(SimCrashTest, NamesAreDurableOnceTheirDirectoryIsSynced) {
  SimFileSystem fs;
  ASSERT_TRUE(fs.CreateDirectory("/a").ok());
  ASSERT_TRUE(fs.CreateDirectory("/b").ok());
  ASSERT_TRUE(fs.NewWritableFile("/a/f").ok());
  ASSERT_TRUE(fs.NewWritableFile("/b/f").ok());
  ASSERT_TRUE(fs.SyncDirectory("/a").ok());
  EXPECT_EQ(AfterDroppingAll(fs), "/a/f=");
  ASSERT_TRUE(fs.DeleteFile("/a/f").ok());
  EXPECT_EQ(AfterDroppingAll(fs), "/a/f=");
  ASSERT_TRUE(fs.SyncDirectory("/a").ok());
  EXPECT_EQ(AfterDroppingAll(fs), "");
}

TEST(SimCrashTest, CreatedDirectoriesAreDurable) {
  SimFileSystem fs;
  ASSERT_TRUE(fs.CreateDirectory("/a/b").ok());
  std::unique_ptr<SimFileSystem> after = fs.Crash({.mode = CrashMode::kDropAll});
  EXPECT_EQ(after->ListDirectory("/a").value(), std::vector<std::string>{"b"});
  EXPECT_TRUE(after->ListDirectory("/a/b").value().empty());
}

TEST(SimCrashTest, RenameLeavesTheOldOrTheNewTarget) {
  SimFileSystem fs;
  ASSERT_TRUE(fs.SetContents("/CURRENT", "o").ok());
  std::unique_ptr<WritableFile> file = *fs.NewWritableFile("/tmp");
  ASSERT_TRUE(file->Append("n").ok());
  ASSERT_TRUE(file->Sync().ok());
  ASSERT_TRUE(fs.RenameFile("/tmp", "/CURRENT").ok());
  const std::set<std::string> expected = {"/CURRENT=1xo", "/CURRENT=1xo /tmp=1xn", "/CURRENT=1xn"};
  EXPECT_EQ(AfterEveryMask(fs), expected);
  EXPECT_EQ(AfterRandom(fs, 300), expected);
  ASSERT_TRUE(fs.SyncDirectory("/").ok());
  EXPECT_EQ(AfterDroppingAll(fs), "/CURRENT=1xn");
}

TEST(SimCrashTest, RenamedFileMayStillLackItsBytes) {
  SimFileSystem fs;
  std::unique_ptr<WritableFile> file = *fs.NewWritableFile("/tmp");
  ASSERT_TRUE(file->Append("n").ok());
  ASSERT_TRUE(fs.RenameFile("/tmp", "/CURRENT").ok());
  ASSERT_TRUE(fs.SyncDirectory("/").ok());
  EXPECT_EQ(AfterEveryMask(fs), (std::set<std::string>{"/CURRENT=", "/CURRENT=1xn"}));
}

TEST(SimCrashTest, AFileNeverComesBackUnderTwoNames) {
  SimFileSystem fs;
  ASSERT_TRUE(fs.SetContents("/a", "x").ok());
  ASSERT_TRUE(fs.RenameFile("/a", "/b").ok());
  ASSERT_TRUE(fs.RenameFile("/b", "/c").ok());
  EXPECT_EQ(AfterEveryMask(fs), (std::set<std::string>{"/a=1xx", "/b=1xx", "/c=1xx"}));
}

TEST(SimCrashTest, UndeletedFileHasItsDurableBytes) {
  SimFileSystem fs;
  ASSERT_TRUE(fs.SetContents("/f", "aaa").ok());
  std::unique_ptr<PatchFile> patch = *fs.NewPatchFile("/f");
  ASSERT_TRUE(patch->WriteAt(0, "b").ok());
  ASSERT_TRUE(fs.DeleteFile("/f").ok());
  EXPECT_EQ(AfterEveryMask(fs), (std::set<std::string>{"", "/f=3xa", "/f=1xb+2xa"}));
  ASSERT_TRUE(fs.SyncDirectory("/").ok());
  EXPECT_EQ(fs.UnsyncedItems().size(), 0u) << "writes to a file that nothing can bring back";
}

// ---- against a model ----

// The rules for one file whose every sector is either durable or possibly changed: what was synced is there, or was
// overwritten in a sector that holds some later byte.
TEST(SimCrashTest, RandomHistoriesKeepTheRules) {
  const uint64_t seed = GivenSeed().value_or(1);
  SCOPED_TRACE(absl::StrCat("AETERNUS_SEED=", seed));
  std::mt19937_64 random(seed);
  for (int history = 0; history < 60; ++history) {
    SimFileSystem fs;
    std::string written(4000, 'z');
    ASSERT_TRUE(fs.SetContents("/f", written).ok());
    std::unique_ptr<PatchFile> file = *fs.NewPatchFile("/f");
    std::string durable = written;
    std::map<size_t, std::set<char>> maybe;  // for each byte, what unsynced writes put there
    for (int step = 0; step < 30; ++step) {
      if (random() % 6 == 0) {
        const bool fails = random() % 3 == 0;
        if (fails) FailNext(fs, Fault::kIoError);
        ASSERT_EQ(file->Sync().ok(), !fails);
        for (auto& [at, values] : maybe) {
          if (!fails) durable[at] = written[at];
        }
        maybe.clear();
      } else {
        const size_t at = random() % 3500;
        const std::string bytes(random() % 500 + 1, static_cast<char>('a' + random() % 26));
        ASSERT_TRUE(file->WriteAt(at, bytes).ok());
        written.replace(at, bytes.size(), bytes);
        for (size_t i = 0; i < bytes.size(); ++i) maybe[at + i].insert(bytes[i]);
      }
      const std::string after = *fs.Crash({.seed = random()})->Contents("/f");
      ASSERT_EQ(after.size(), durable.size());
      for (size_t i = 0; i < after.size(); ++i) {
        ASSERT_TRUE(after[i] == durable[i] || (maybe.contains(i) && maybe[i].contains(after[i]))) << "byte " << i;
      }
      ASSERT_EQ(fs.Crash({.mode = CrashMode::kDropAll})->Contents("/f").value(), durable);
      ASSERT_EQ(fs.Contents("/f").value(), written);
    }
  }
}

}  // namespace
}  // namespace aeternus::env::testing
