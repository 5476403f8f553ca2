#include "bench/measure.h"

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace aeternus::bench {
namespace {

TEST(MeasureTest, ProcessorTimeIsCounted) {
  const Usage before = Usage::Now();
  uint64_t x = 1;
  while (Usage::Now().cpu_seconds <= before.cpu_seconds) x = x * 3 + 1;
  EXPECT_GT(Usage::Now().cpu_seconds, before.cpu_seconds) << x;
}

TEST(MeasureTest, PeakOutlivesTheMemoryUntilItIsReset) {
  ResetPeakResident();
  const uint64_t before = PeakResidentBytes();
  constexpr size_t kBytes = size_t{64} << 20;
  {
    std::vector<char> memory(kBytes, 'x');
    EXPECT_GE(ResidentBytes(), before + kBytes / 2) << memory[kBytes / 2];
  }
  EXPECT_GE(PeakResidentBytes(), before + kBytes / 2);
}

TEST(MeasureTest, DiskUseCountsFilesBelowAndNotTheirHoles) {
  namespace fs = std::filesystem;
  const fs::path directory = fs::path(std::getenv("TEST_TMPDIR")) / "disk_use";
  fs::create_directories(directory / "below");
  std::ofstream(directory / "full") << std::string(100'000, 'x') << std::flush;
  std::ofstream(directory / "below" / "hole").flush();
  fs::resize_file(directory / "below" / "hole", uint64_t{1} << 30);
  const DiskUse use = DiskUseOf(directory.string());
  EXPECT_EQ(use.files, 2u);
  EXPECT_LT(use.bytes, uint64_t{1} << 29);
  EXPECT_EQ(DiskUseOf((directory / "absent").string()).files, 0u);
}

TEST(OpTimerTest, LapsAreCountedAndTicksMakeUpTheTime) {
  OpTimer timer;
  timer.Start();
  for (int i = 0; i < 1'000; ++i) timer.Lap();
  timer.Stop();
  EXPECT_EQ(timer.latencies().count(), 1'000u);
  EXPECT_GT(timer.seconds(), 0);
  EXPECT_GT(timer.NanosPerTick(), 0);
}

}  // namespace
}  // namespace aeternus::bench
