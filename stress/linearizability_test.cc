// Every operation of every schedule is at the LSN that it reports: the order of LSNs agrees with the order of time, and
// what was read is what the writes up to its LSN leave behind (history.h). The schedules are drawn from seeds, on a
// machine whose threads run one at a time, and a seed gives its schedule again.
//
//   AETERNUS_SEED=n, or the printed command: that schedule alone, with its history and all its events.
#include <array>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/testing/sanitizer.h"
#include "gtest/gtest.h"
#include "stress/schedule.h"
#include "stress/seed.h"

namespace aeternus::stress {
namespace {

constexpr uint64_t kSlices = 40;
constexpr uint64_t kSchedules = 60'000;
constexpr uint64_t kSchedulesLong = 2'000'000;

// The replay command of the schedule that runs, for when it takes the process along.
std::array<char, 512> command_of_running{};

void PrintCommandAndDie(int signal) {
  std::fprintf(stderr, "replay: %s\n", command_of_running.data());
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

// A slice of the seeds; slices are what shards share out.
class LinearizabilityTest : public testing::TestWithParam<uint64_t> {
 protected:
  static void SetUpTestSuite() {
    for (const int signal : {SIGSEGV, SIGBUS, SIGABRT}) std::signal(signal, PrintCommandAndDie);
  }

  static void TearDownTestSuite() {
    const auto print = [](const char* name, uint64_t value) {
      std::printf("%s: %llu\n", name, static_cast<unsigned long long>(value));
    };
    print("schedules", schedules_);
    print("operations", sum_.operations);
    print("switches", sum_.switches);
    print("steps", sum_.steps);
    print("crashes checked", sum_.crashes);
    print("flushes", sum_.flushes);
    print("compactions", sum_.compactions);
    print("writer waits", sum_.writer_waits);
    print("shared commits", sum_.shared_commits);
  }

  static void Count(const ScheduleResult& result) {
    ++schedules_;
    sum_.operations += result.operations;
    sum_.switches += result.switches;
    sum_.steps += result.steps;
    sum_.crashes += result.crashes;
    sum_.flushes += result.flushes;
    sum_.compactions += result.compactions;
    sum_.writer_waits += result.writer_waits;
    sum_.shared_commits += result.shared_commits;
  }

  static bool Run(uint64_t seed, bool keep_events) {
    std::snprintf(command_of_running.data(), command_of_running.size(), "%s", ReplayCommand(seed).c_str());
    const ScheduleResult result = RunSchedule(seed, keep_events);
    Count(result);
    if (keep_events) std::printf("%s\n%s", absl::StrJoin(result.events, "\n").c_str(), result.history.c_str());
    EXPECT_TRUE(result.status.ok()) << result.status << "\nschedules until then: " << schedules_ << "\nhistory:\n"
                                    << result.history << "replay: " << ReplayCommand(seed);
    return result.status.ok();
  }

 private:
  static inline uint64_t schedules_ = 0;
  static inline ScheduleResult sum_;
};

TEST_P(LinearizabilityTest, WhatIsReportedIsTheOrderOfThings) {
  if (const auto seed = SeedOverride(); seed.has_value()) {
    Run(*seed, /*keep_events=*/true);
    return;
  }
  const uint64_t schedules = SanitizedShare(IsLongRun() ? kSchedulesLong : kSchedules);
  for (uint64_t seed = 1 + GetParam(); seed <= schedules; seed += kSlices) {
    if (!Run(seed, /*keep_events=*/false)) return;
  }
}
INSTANTIATE_TEST_SUITE_P(Slices, LinearizabilityTest, testing::Range(uint64_t{0}, kSlices));

TEST(ScheduleTest, ASeedGivesItsScheduleAgain) {
  for (const uint64_t seed : SeedsOrFirst(SanitizedShare(IsLongRun() ? 1000 : 60))) {
    SCOPED_TRACE(absl::StrCat("replay: ", ReplayCommand(seed)));
    const ScheduleResult once = RunSchedule(seed, /*keep_events=*/true), again = RunSchedule(seed, true);
    ASSERT_FALSE(once.events.empty());
    ASSERT_EQ(once.events, again.events);
    ASSERT_EQ(once.event_hash, again.event_hash);
    ASSERT_EQ(once.history, again.history);
    ASSERT_EQ(once.switches, again.switches);
    // What is kept for people changes nothing.
    ASSERT_EQ(RunSchedule(seed).event_hash, once.event_hash);
  }
}

}  // namespace
}  // namespace aeternus::stress
