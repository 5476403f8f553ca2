// How crashes are written down, and which are tried.
#include "stress/crash_path.h"

#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "env/testing/sim_file_system.h"
#include "gtest/gtest.h"

namespace aeternus::stress {
namespace {

using env::testing::CrashMode;
using env::testing::CrashOptions;
using env::testing::ItemFate;
using env::testing::ItemKind;
using env::testing::UnsyncedItem;

UnsyncedItem Entry() { return {.kind = ItemKind::kCreation, .path = "/f"}; }
UnsyncedItem NewSector() {
  return {.kind = ItemKind::kSector, .path = "/f", .size_bytes = 512, .may_be_damaged = true};
}

// The crashes, each as the text of a path.
std::vector<std::string> Tried(const std::vector<UnsyncedItem>& items) {
  std::vector<std::string> texts;
  for (const CrashOptions& options : CrashesToTry(items, /*seed=*/5)) {
    texts.push_back(FormatCrashPath({.steps = "", .crashes = {{.call = 0, .options = options, .steps_after = ""}}}));
  }
  return texts;
}

TEST(CrashPathTest, TextAndPathAreTheSame) {
  for (const char* text : {"@0.-", "pPf@41.kdz", "P@17.D@3.K", "pP@5.tg/kx@60.R7/o@1.d"}) {
    const absl::StatusOr<CrashPath> path = ParseCrashPath(text);
    ASSERT_TRUE(path.ok()) << path.status();
    EXPECT_EQ(FormatCrashPath(*path), text);
  }
}

TEST(CrashPathTest, PartsAreFound) {
  const CrashPath path = *ParseCrashPath("pP@5.tkd/kx@60.R7");
  EXPECT_EQ(path.steps, "pP");
  ASSERT_EQ(path.crashes.size(), 2u);
  EXPECT_EQ(path.crashes[0].call, 5u);
  EXPECT_EQ(path.crashes[0].steps_after, "kx");
  EXPECT_EQ(path.crashes[0].options.mode, CrashMode::kChosen);
  EXPECT_EQ(path.crashes[0].options.fates,
            (std::vector<ItemFate>{ItemFate::kTorn, ItemFate::kKept, ItemFate::kDropped}));
  EXPECT_EQ(path.crashes[1].options.mode, CrashMode::kRandom);
  EXPECT_EQ(path.crashes[1].options.seed, 7u);
}

TEST(CrashPathTest, OtherTextIsRefused) {
  for (const char* text : {"", "pPf", "p@", "p@x.D", "p@5", "p@5.q", "p@5.Rx"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseCrashPath(text).status())) << text;
  }
}

TEST(CrashesToTryTest, NothingUnsyncedIsOneCrash) { EXPECT_EQ(Tried({}), std::vector<std::string>{"@0.-"}); }

TEST(CrashesToTryTest, AFewItemsHaveEveryCombinationOfFates) {
  EXPECT_EQ(Tried({Entry()}), (std::vector<std::string>{"@0.d", "@0.k"}));
  EXPECT_EQ(Tried({NewSector()}), (std::vector<std::string>{"@0.d", "@0.k", "@0.t", "@0.z", "@0.g"}));
  const std::vector<std::string> tried = Tried({Entry(), NewSector(), NewSector()});
  EXPECT_EQ(tried.size(), 50u);
  EXPECT_EQ(std::set<std::string>(tried.begin(), tried.end()).size(), 50u);
}

TEST(CrashesToTryTest, MoreItemsHaveEveryChoiceOfWhatIsKeptAndSomeRandomCrashes) {
  const std::vector<std::string> tried = Tried(std::vector<UnsyncedItem>(6, NewSector()));
  EXPECT_EQ(tried.size(), 64u + 8u);
  EXPECT_EQ(std::set<std::string>(tried.begin(), tried.end()).size(), tried.size());
}

TEST(CrashesToTryTest, ManyItemsAreSampledWithAllAndNothingAndEachAlone) {
  const std::vector<std::string> tried = Tried(std::vector<UnsyncedItem>(10, NewSector()));
  const std::set<std::string> distinct(tried.begin(), tried.end());
  EXPECT_EQ(distinct.size(), 2u + 2u * 10u + 18u);
  for (const char* crash : {"@0.D", "@0.K", "@0.kddddddddd", "@0.dkkkkkkkkk", "@0.dddddddddk", "@0.kkkkkkkkkd"}) {
    EXPECT_TRUE(distinct.contains(crash)) << crash;
  }
}

}  // namespace
}  // namespace aeternus::stress
