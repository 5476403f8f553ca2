// Bounded exhaustive crashes: every sequence of steps up to a length (crash_script.h), from several beginnings; a loss
// of power before and after every call to the file system of its last step; every choice of what was not synced while
// there are few, a sample beyond (crash_path.h); and from some of what that leaves, a second crash during recovery or
// soon after, and a third (crash_explorer.h). What is visited is counted, and a minimum is asked for.
//
// A failure names the crash, and the command that makes it again alone.
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "base/hash.h"
#include "base/testing/sanitizer.h"
#include "gtest/gtest.h"
#include "stress/crash_explorer.h"
#include "stress/crash_path.h"
#include "stress/crash_script.h"
#include "stress/lie.h"
#include "stress/seed.h"

ABSL_FLAG(std::string, crash, "Pfk@20.D", "the crash that CrashEnumerationTest.ReplayOfOneCrash makes");

namespace aeternus::stress {
namespace {

constexpr uint64_t kShards = 4;

// How many steps are tried behind a beginning.
size_t LengthBehind(std::string_view beginning) { return (beginning.empty() ? 4 : 3) + (IsLongRun() ? 1 : 0); }

void Print(const char* name, uint64_t value) {
  std::printf("%s: %llu\n", name, static_cast<unsigned long long>(value));
}

void Print(const CrashStateCounts& counts) {
  Print("crash states", counts.states);
  Print("crash states after one crash", counts.of_depth[0]);
  Print("crash states after two crashes", counts.of_depth[1]);
  Print("crash states after three crashes", counts.of_depth[2]);
  Print("crashes", counts.crashes);
  Print("crashes with writes lost", counts.lost);
  Print("crashes with sectors torn", counts.torn);
  Print("crashes with sectors zeroed", counts.zeroed);
  Print("crashes with sectors of garbage", counts.garbage);
  Print("crashes with writes reordered", counts.reordered);
  Print("crashes with a new name lost", counts.entry_lost);
  Print("crashes with a rename undone", counts.rename_undone);
  Print("crashes with a deletion undone", counts.deletion_undone);
  Print("crash points", counts.points);
  Print("sequences", counts.sequences);
  Print("operations", counts.operations);
  for (const auto& [step, times] : counts.steps) {
    Print(absl::StrCat("steps ", std::string(1, step), " cut short").c_str(), times);
  }
}

std::string ReplayCommandOf(const CrashExplorer::Failure& failure) {
  return absl::StrCat("./bazelw test //stress:crash_enumeration_test --test_output=all ",
                      "--test_filter=CrashEnumerationTest.ReplayOfOneCrash --test_arg=--crash=", failure.crash);
}

void ExpectNoFailure(const CrashExplorer& explorer) {
  if (!explorer.failure().has_value()) return;
  ADD_FAILURE() << "crash: " << explorer.failure()->crash << "\n"
                << explorer.failure()->what << "\nreplay: " << ReplayCommandOf(*explorer.failure());
}

// ---- the enumeration ----

class CrashEnumeration : public testing::TestWithParam<uint64_t> {};

TEST_P(CrashEnumeration, WhateverACrashLeavesIsAPrefixWithEverythingSynced) {
  // A long run has some fifteen times as many first crashes; seconds and thirds stay in proportion to what it may take.
  CrashExplorer explorer({.seed = SeedOverride().value_or(1), .second_crash_one_in = IsLongRun() ? 1'200u : 400u});
  for (const std::string_view beginning : kCrashBeginnings) {
    ForEachCrashSequence(std::string(beginning), LengthBehind(beginning), [&](const std::string& steps) {
      const uint64_t hash = StableHash(steps);
      if (hash % kShards != GetParam() || explorer.failure().has_value()) return;
      if (hash / kShards % kSanitizerSlowdown != 0) return;
      explorer.Explore(steps, /*from_step=*/steps.size());
    });
  }
  ExpectNoFailure(explorer);
  Print(explorer.counts());
  EXPECT_EQ(explorer.counts().steps.size(), kCrashSteps.size()) << "a step that never found anything to do";
  EXPECT_GE(explorer.counts().states, SanitizedShare(IsLongRun() ? 5'200'000 : 400'000));
}

INSTANTIATE_TEST_SUITE_P(Shards, CrashEnumeration, testing::Range(uint64_t{0}, kShards));

// ---- one crash again ----

TEST(CrashEnumerationTest, ReplayOfOneCrash) {
  const absl::StatusOr<CrashPath> path = ParseCrashPath(absl::GetFlag(FLAGS_crash));
  ASSERT_TRUE(path.ok()) << path.status();
  CrashExplorer explorer({});
  const absl::Status status = explorer.Replay(*path);
  ExpectNoFailure(explorer);
  EXPECT_TRUE(status.ok()) << status;
}

TEST(CrashEnumerationTest, ReplaySaysWhenACrashIsNotReached) {
  CrashExplorer explorer({});
  EXPECT_TRUE(absl::IsNotFound(explorer.Replay(*ParseCrashPath("P@100000.D"))));
}

// ---- whether it would notice ----

CrashExplorerOptions Believing(const Lie& lie) {
  return {.lie = [&lie] { return LiesOf(lie); }};
}

TEST(CrashEnumerationTest, AForgottenCallIsNoticedAndReplayedAlone) {
  for (const Lie& lie : kLies) {
    SCOPED_TRACE(lie.name);
    CrashExplorer explorer(Believing(lie));
    for (const std::string_view beginning : kCrashBeginnings) {
      ForEachCrashSequence(std::string(beginning), 2, [&](const std::string& steps) {
        if (!explorer.failure().has_value()) explorer.Explore(steps, steps.size());
      });
    }
    ASSERT_TRUE(explorer.failure().has_value()) << explorer.counts().states << " states, and nothing was noticed";
    Print(absl::StrCat("crash states until missing ", lie.name, " was noticed").c_str(), explorer.counts().states);

    const std::string crash = explorer.failure()->crash;
    SCOPED_TRACE(crash);
    const CrashPath path = *ParseCrashPath(crash);
    CrashExplorer again(Believing(lie));
    ASSERT_TRUE(again.Replay(path).ok());
    ASSERT_TRUE(again.failure().has_value()) << "the replay of a crash that failed does not fail";
    EXPECT_EQ(again.failure()->crash, crash);
    EXPECT_EQ(again.failure()->what, explorer.failure()->what);
    EXPECT_EQ(again.counts().states, path.crashes.size()) << "more was looked at than that crash";

    CrashExplorer honest({});
    ASSERT_TRUE(honest.Replay(path).ok());
    ExpectNoFailure(honest);
  }
}

}  // namespace
}  // namespace aeternus::stress
