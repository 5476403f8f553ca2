// Crashes chosen item by item, and what the simulated disk counts.
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "env/file_system.h"
#include "env/testing/sim_file_system.h"
#include "gtest/gtest.h"

namespace aeternus::env::testing {
namespace {

using enum ItemFate;

// "/f", 1024 bytes 'a' of which the first 100 are synced; the rest are items 0 (412 bytes) and 1 (a whole sector).
class FatesTest : public ::testing::Test {
 protected:
  FatesTest() : file_(*fs_.NewWritableFile("/f")) {
    EXPECT_TRUE(file_->Append(std::string(100, 'a')).ok());
    EXPECT_TRUE(file_->Sync().ok());
    EXPECT_TRUE(fs_.SyncDirectory("/").ok());
    EXPECT_TRUE(file_->Append(std::string(924, 'a')).ok());
  }

  std::unique_ptr<SimFileSystem> After(std::vector<ItemFate> fates, uint64_t seed = 1) const {
    return fs_.Crash({.mode = CrashMode::kChosen, .seed = seed, .fates = std::move(fates)});
  }
  std::string ContentsAfter(std::vector<ItemFate> fates, uint64_t seed = 1) const {
    return *After(std::move(fates), seed)->Contents("/f");
  }

  SimFileSystem fs_;
  std::unique_ptr<WritableFile> file_;
};

TEST_F(FatesTest, ItemsSayWhatTheyAre) {
  ASSERT_TRUE(fs_.NewLogFile("/log", 4096).ok());
  ASSERT_TRUE(fs_.SetContents("/dir/old", "x").ok());
  ASSERT_TRUE(fs_.RenameFile("/dir/old", "/dir/new").ok());
  ASSERT_TRUE(fs_.DeleteFile("/dir/new").ok());
  const std::vector<UnsyncedItem> items = fs_.UnsyncedItems();
  ASSERT_EQ(items.size(), 6u);
  EXPECT_EQ(items[0].kind, ItemKind::kSector);
  EXPECT_EQ(items[0].path, "/f");
  EXPECT_EQ(items[0].offset, 100u);
  EXPECT_EQ(items[0].size_bytes, 412u);
  EXPECT_FALSE(items[0].may_be_damaged) << "some bytes of the sector are synced";
  EXPECT_EQ(items[1].offset, 512u);
  EXPECT_EQ(items[1].size_bytes, 512u);
  EXPECT_TRUE(items[1].may_be_damaged);
  EXPECT_EQ(items[2].kind, ItemKind::kCreation);
  EXPECT_EQ(items[2].path, "/log");
  EXPECT_EQ(items[3].kind, ItemKind::kAllocation);
  EXPECT_EQ(items[3].path, "/log");
  EXPECT_EQ(items[3].offset, 4096u);
  EXPECT_EQ(items[4].kind, ItemKind::kRename);
  EXPECT_EQ(items[4].path, "/dir/new");
  EXPECT_EQ(items[5].kind, ItemKind::kDeletion);
  EXPECT_EQ(items[5].path, "/dir/new");
}

TEST_F(FatesTest, EachItemHasTheFateChosen) {
  EXPECT_EQ(ContentsAfter({}), std::string(100, 'a'));
  EXPECT_EQ(ContentsAfter({kKept, kDropped}), std::string(512, 'a'));
  EXPECT_EQ(ContentsAfter({kDropped, kKept}), std::string(100, 'a') + std::string(412, '\0') + std::string(512, 'a'));
  EXPECT_EQ(ContentsAfter({kKept, kKept}), std::string(1024, 'a'));
  EXPECT_EQ(ContentsAfter({kKept, kZeroed}), std::string(512, 'a') + std::string(512, '\0'));
}

TEST_F(FatesTest, TornIsSomeBytesOfOneEnd) {
  bool was_begin = false, was_end = false;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const std::string sector = ContentsAfter({kKept, kTorn}, seed).substr(512);
    EXPECT_NE(sector, std::string(512, 'a'));
    EXPECT_LE(sector.size(), 512u);
    was_begin |= !sector.empty() && sector == std::string(sector.size(), 'a');
    was_end |= sector.size() == 512u && sector.front() == '\0' && sector.back() == 'a';
  }
  EXPECT_TRUE(was_begin);
  EXPECT_TRUE(was_end);
}

TEST_F(FatesTest, GarbageIsOfTheSeed) {
  const std::string garbage = ContentsAfter({kKept, kGarbage}, 1);
  ASSERT_EQ(garbage.size(), 1024u);
  EXPECT_EQ(garbage.substr(0, 512), std::string(512, 'a'));
  EXPECT_EQ(garbage, ContentsAfter({kKept, kGarbage}, 1));
  EXPECT_NE(garbage, ContentsAfter({kKept, kGarbage}, 2));
}

TEST_F(FatesTest, WhatMayNotBeDamagedIsDropped) {
  for (const ItemFate fate : {kTorn, kZeroed, kGarbage}) EXPECT_EQ(ContentsAfter({fate}), std::string(100, 'a'));
}

TEST_F(FatesTest, CrashCountsWhatItDid) {
  ASSERT_TRUE(fs_.NewWritableFile("/new").ok());
  ASSERT_TRUE(fs_.SetContents("/old", "x").ok());
  ASSERT_TRUE(fs_.RenameFile("/old", "/older").ok());
  ASSERT_TRUE(fs_.DeleteFile("/older").ok());
  const CrashCounts lost = After({})->crash_counts();
  EXPECT_EQ(lost.dropped, 2u);
  EXPECT_EQ(lost.creations_lost, 1u);
  EXPECT_EQ(lost.renames_undone, 1u);
  EXPECT_EQ(lost.deletions_undone, 1u);
  EXPECT_EQ(lost.kept + lost.torn + lost.zeroed + lost.garbage + lost.reordered + lost.entries_kept, 0u);
  const CrashCounts kept = After({kKept, kKept, kKept, kKept, kKept})->crash_counts();
  EXPECT_EQ(kept.kept, 2u);
  EXPECT_EQ(kept.entries_kept, 3u);
  EXPECT_EQ(kept.dropped + kept.reordered + kept.creations_lost + kept.renames_undone + kept.deletions_undone, 0u);
  EXPECT_EQ(After({kDropped, kKept})->crash_counts().reordered, 1u);
  EXPECT_EQ(After({kKept, kTorn})->crash_counts().torn, 1u);
  EXPECT_EQ(After({kKept, kZeroed})->crash_counts().zeroed, 1u);
  EXPECT_EQ(After({kKept, kGarbage})->crash_counts().garbage, 1u);
  EXPECT_EQ(fs_.crash_counts().dropped, 0u) << "no crash has left this disk";
}

TEST(SimReorderTest, WritesTakeEffectInAnotherOrderNowAndThen) {
  SimFileSystem fs;
  ASSERT_TRUE(fs.SetContents("/f", "....").ok());
  const std::unique_ptr<PatchFile> file = *fs.NewPatchFile("/f");
  ASSERT_TRUE(file->WriteAt(0, "aaa").ok());
  ASSERT_TRUE(file->WriteAt(1, "bbb").ok());
  std::set<std::string> outcomes;
  uint64_t reordered = 0;
  for (uint64_t seed = 0; seed < 500; ++seed) {
    const std::unique_ptr<SimFileSystem> after = fs.Crash({.seed = seed});
    outcomes.insert(*after->Contents("/f"));
    if (*after->Contents("/f") == "aaab") reordered += after->crash_counts().reordered;
  }
  EXPECT_EQ(outcomes, (std::set<std::string>{"....", "aaa.", ".bbb", "abbb", "aaab"}));
  EXPECT_GT(reordered, 0u);
}

TEST(SimFingerprintTest, EqualDisksHaveEqualFingerprintsAndOthersDiffer) {
  SimFileSystem fs;
  const uint64_t empty = fs.Fingerprint();
  std::set<uint64_t> seen = {empty};
  // After each step the disk is another one, a fork is the same, and so are two crashes that leave the same.
  const auto is_new = [&] {
    EXPECT_EQ(fs.Fork()->Fingerprint(), fs.Fingerprint());
    EXPECT_EQ(fs.Crash({.mode = CrashMode::kKeepAll})->Fingerprint(),
              fs.Crash({.mode = CrashMode::kKeepAll})->Fingerprint());
    return seen.insert(fs.Fingerprint()).second;
  };
  const std::unique_ptr<WritableFile> file = *fs.NewWritableFile("/f");
  EXPECT_TRUE(is_new());
  ASSERT_TRUE(fs.SyncDirectory("/").ok());
  EXPECT_TRUE(is_new());
  ASSERT_TRUE(file->Append("abc").ok());
  EXPECT_TRUE(is_new());
  ASSERT_TRUE(file->Sync().ok());
  EXPECT_TRUE(is_new());
  EXPECT_EQ(fs.Fingerprint(), fs.Crash({.mode = CrashMode::kDropAll})->Fingerprint()) << "all of it is durable";
  ASSERT_TRUE(fs.RenameFile("/f", "/g").ok());
  EXPECT_TRUE(is_new());
  EXPECT_NE(fs.Crash({.mode = CrashMode::kDropAll})->Fingerprint(),
            fs.Crash({.mode = CrashMode::kKeepAll})->Fingerprint());
  ASSERT_TRUE(fs.DeleteFile("/g").ok());
  EXPECT_TRUE(is_new());
  ASSERT_TRUE(fs.SyncDirectory("/").ok());
  EXPECT_EQ(fs.Fingerprint(), empty) << "nothing is left";
  ASSERT_TRUE(fs.CreateDirectory("/d").ok());
  EXPECT_TRUE(is_new());
}

// ---- faults ----

TEST(SimFaultCountTest, FaultsThatTookEffectAreCounted) {
  SimFileSystem fs;
  fs.FailAt(0, Fault::kNoSpace, /*for_good=*/true);
  EXPECT_FALSE(fs.NewWritableFile("/f").ok());
  EXPECT_TRUE(fs.FileExists("/f").ok()) << "needs no space";
  EXPECT_FALSE(fs.CreateDirectory("/d").ok());
  EXPECT_EQ(fs.CountOf(Fault::kNoSpace), 2u);
  EXPECT_EQ(fs.CountOf(Fault::kIoError), 0u);
}

TEST(SimShortReadTest, HalfIsReadAndTheCallFails) {
  SimFileSystem fs;
  ASSERT_TRUE(fs.SetContents("/f", "abcdef").ok());
  const std::unique_ptr<RandomAccessFile> file = *fs.NewRandomAccessFile("/f");
  fs.FailAt(fs.calls(), Fault::kFailAfterPart);
  std::string out = "......";
  EXPECT_TRUE(absl::IsInternal(file->Read(0, absl::MakeSpan(out))));
  EXPECT_EQ(out, "abc...");
  EXPECT_TRUE(file->Read(0, absl::MakeSpan(out)).ok());
  EXPECT_EQ(out, "abcdef");
}

TEST(SimIgnoredTest, IgnoredCallsSucceedAndDoNothing) {
  SimFileSystem fs;
  fs.SetFaultRule([](const FileCall&) { return Fault::kIgnored; });
  const std::unique_ptr<WritableFile> file = *fs.NewWritableFile("/f");
  EXPECT_TRUE(file->Append("lost").ok());
  EXPECT_EQ(*fs.Contents("/f"), "");
  EXPECT_TRUE(fs.RenameFile("/f", "/g").ok());
  EXPECT_TRUE(fs.DeleteFile("/f").ok());
  EXPECT_EQ(fs.Files(), std::vector<std::string>{"/f"});
  EXPECT_TRUE(absl::IsNotFound(fs.DeleteFile("/h"))) << "what would fail still fails";
  fs.SetFaultRule(nullptr);
  ASSERT_TRUE(file->Append("kept").ok());
  fs.SetFaultRule([](const FileCall&) { return Fault::kIgnored; });
  EXPECT_TRUE(file->Sync().ok());
  EXPECT_TRUE(fs.SyncDirectory("/").ok());
  EXPECT_EQ(fs.UnsyncedItems().size(), 2u) << "the creation and four bytes";
}

}  // namespace
}  // namespace aeternus::env::testing
