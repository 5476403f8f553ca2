#include "base/testing/allocation_meter.h"

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace aeternus {
namespace {

TEST(AllocationMeterTest, CountsWhatIsAskedForWhileItLives) {
  AllocationMeter meter;
  EXPECT_EQ(meter.total_bytes(), 0u);
  const auto large = std::make_unique<char[]>(5000);
  const auto small = std::make_unique<int64_t>(7);
  EXPECT_EQ(meter.largest_bytes(), 5000u);
  EXPECT_EQ(meter.total_bytes(), 5008u);
}

TEST(AllocationMeterTest, CountsWhatContainersReserve) {
  AllocationMeter meter;
  std::vector<uint64_t> numbers;
  numbers.reserve(1000);
  EXPECT_EQ(meter.largest_bytes(), 8000u);
  std::string text(100'000, 'x');
  EXPECT_EQ(meter.largest_bytes(), text.capacity() + 1);
}

TEST(AllocationMeterTest, SeesNothingOfEarlierTimesAndOtherThreads) {
  const auto before = std::make_unique<char[]>(1 << 20);
  std::thread other;
  AllocationMeter meter;
  other = std::thread([] { const std::string large(1 << 20, 'x'); });
  other.join();
  EXPECT_LT(meter.largest_bytes(), 1u << 20);
}

}  // namespace
}  // namespace aeternus
