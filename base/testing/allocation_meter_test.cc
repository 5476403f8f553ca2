#include "base/testing/allocation_meter.h"

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace aeternus {
namespace {

// Memory that nobody can be seen to use, a compiler need not allocate at all.
void Use(const void* memory) {
  [[maybe_unused]] static const void* volatile used;
  used = memory;
}

TEST(AllocationMeterTest, CountsWhatIsAskedForWhileItLives) {
  AllocationMeter meter;
  EXPECT_EQ(meter.total_bytes(), 0u);
  const auto large = std::make_unique<char[]>(5000);
  const auto small = std::make_unique<int64_t>(7);
  Use(large.get());
  Use(small.get());
  EXPECT_EQ(meter.largest_bytes(), 5000u);
  EXPECT_EQ(meter.total_bytes(), 5008u);
}

TEST(AllocationMeterTest, CountsWhatContainersReserve) {
  AllocationMeter meter;
  std::vector<uint64_t> numbers;
  numbers.reserve(1000);
  Use(numbers.data());
  EXPECT_EQ(meter.largest_bytes(), 8000u);
  std::string text(100'000, 'x');
  Use(text.data());
  EXPECT_EQ(meter.largest_bytes(), text.capacity() + 1);
}

TEST(AllocationMeterTest, SeesNothingOfEarlierTimesAndOtherThreads) {
  const auto before = std::make_unique<char[]>(1 << 20);
  Use(before.get());
  std::thread other;
  AllocationMeter meter;
  other = std::thread([] {
    const std::string large(1 << 20, 'x');
    Use(large.data());
  });
  other.join();
  EXPECT_LT(meter.largest_bytes(), 1u << 20);
}

}  // namespace
}  // namespace aeternus
