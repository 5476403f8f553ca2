#include "tools/progress.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "env/clock.h"
#include "gtest/gtest.h"

namespace aeternus::tools {
namespace {

class FakeClock : public env::Clock {
 public:
  int64_t WallMicros() override { return 0; }
  int64_t MonotonicNanos() override { return nanos_; }
  void AdvanceMillis(int64_t millis) { nanos_ += millis * 1'000'000; }

 private:
  int64_t nanos_ = 1'000'000'000'000;
};

class ProgressTest : public ::testing::Test {
 protected:
  Progress Make(std::optional<uint64_t> total_bytes, bool is_terminal, int columns = 140) {
    return Progress({.label = "loading", .total_bytes = total_bytes, .is_terminal = is_terminal, .columns = columns},
                    &clock_, [this](std::string_view text) { written_.emplace_back(text); });
  }

  FakeClock clock_;
  std::vector<std::string> written_;
};

constexpr std::string_view kRewind = "\r\x1b[K";

TEST_F(ProgressTest, TheBarShowsShareRatesAndTimeLeft) {
  Progress progress = Make(uint64_t{100} << 20, /*is_terminal=*/true);
  clock_.AdvanceMillis(2000);
  progress.Update(500'000, uint64_t{25} << 20);
  ASSERT_EQ(written_.size(), 1u);
  EXPECT_EQ(written_[0], std::string(kRewind) +
                             "loading [########----------------------]   25%  500,000 records  250,000/s  12.5 MiB/s  "
                             "ETA 6.0 s  2.0 s  25.0 MiB of 100.0 MiB");
}

TEST_F(ProgressTest, WithoutATotalThereIsNoBarAndNoEnd) {
  Progress progress = Make(std::nullopt, /*is_terminal=*/true);
  clock_.AdvanceMillis(1000);
  progress.Update(10, 2048);
  EXPECT_EQ(written_.back(), std::string(kRewind) + "loading  10 records  10/s  2.0 KiB/s  1.0 s  2.0 KiB");
}

TEST_F(ProgressTest, ItIsDrawnAtMostTenTimesASecond) {
  Progress progress = Make(1000, /*is_terminal=*/true);
  for (int i = 0; i < 1000; ++i) {
    clock_.AdvanceMillis(1);
    progress.Update(static_cast<uint64_t>(i), static_cast<uint64_t>(i));
  }
  EXPECT_EQ(written_.size(), 10u);
}

TEST_F(ProgressTest, ElsewhereOnlyTheSummaryIsWritten) {
  Progress progress = Make(1000, /*is_terminal=*/false);
  for (int i = 0; i < 50; ++i) {
    clock_.AdvanceMillis(100);
    progress.Update(static_cast<uint64_t>(i), 10);
  }
  EXPECT_TRUE(written_.empty());
  progress.Update(12'345, 5120);
  progress.Finish("loaded");
  ASSERT_EQ(written_.size(), 1u);
  EXPECT_EQ(written_[0], "loaded 12,345 records, 5.0 KiB in 5.0 s: 2,469 records/s, 1.0 KiB/s\n");
}

TEST_F(ProgressTest, TheSummaryReplacesTheBar) {
  Progress progress = Make(10, /*is_terminal=*/true);
  clock_.AdvanceMillis(500);
  progress.Update(1, 10);
  progress.Finish("loaded");
  EXPECT_EQ(written_.back(), std::string(kRewind) + "loaded 1 record, 10 B in 0.5 s: 2 records/s, 20 B/s\n");
}

TEST_F(ProgressTest, NothingDoneInNoTimeIsNoDivisionByZero) {
  Progress progress = Make(0, /*is_terminal=*/true);
  progress.Update(0, 0);
  progress.Finish("loaded");
  EXPECT_EQ(written_.back(), std::string(kRewind) + "loaded 0 records, 0 B in 0.0 s: 0 records/s, 0 B/s\n");
}

TEST_F(ProgressTest, TheLineNeverReachesTheEdgeOfTheTerminal) {
  for (int columns = 20; columns < 160; ++columns) {
    for (const std::optional<uint64_t> total :
         {std::optional<uint64_t>(uint64_t{1} << 40), std::optional<uint64_t>()}) {
      written_.clear();
      Progress progress = Make(total, /*is_terminal=*/true, columns);
      clock_.AdvanceMillis(98'765);
      progress.Update(123'456'789, uint64_t{1} << 35);
      std::string_view line = written_.at(0);
      ASSERT_TRUE(absl::ConsumePrefix(&line, kRewind));
      EXPECT_LT(line.size(), static_cast<size_t>(columns)) << line;
      EXPECT_TRUE(absl::StartsWith(line, "loading")) << line;
    }
  }
}

TEST_F(ProgressTest, AnInputThatGrewStaysAtAHundredPercent) {
  Progress progress = Make(100, /*is_terminal=*/true);
  clock_.AdvanceMillis(1000);
  progress.Update(1, 150);
  EXPECT_TRUE(absl::StrContains(written_[0], "100%")) << written_[0];
  EXPECT_TRUE(absl::StrContains(written_[0], "ETA 0.0 s")) << written_[0];
}

}  // namespace
}  // namespace aeternus::tools
