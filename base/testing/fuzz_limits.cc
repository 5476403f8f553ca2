#include <algorithm>

#include "absl/log/check.h"
#include "base/testing/allocation_meter.h"
#include "base/testing/fuzz.h"

namespace aeternus::fuzzing {
namespace {

// What a decoder may ask for. A few bytes may well become a struct of a hundred, held by a vector that doubles; a
// length that is believed asks for millions. The constant is for buffers of a fixed size and for error messages.
constexpr size_t kFixedBytes = size_t{64} << 10;
constexpr size_t kLargestPerInputByte = 64;
constexpr size_t kTotalPerInputByte = 1024;

size_t largest_allocation_bytes = 0;

}  // namespace

bool DecodeWithinLimits(std::string_view input) {
  AllocationMeter meter;
  const bool is_decoded = DecodeAndCheck(input);
  largest_allocation_bytes = std::max(largest_allocation_bytes, meter.largest_bytes());
  CHECK_LE(meter.largest_bytes(), kFixedBytes + kLargestPerInputByte * input.size())
      << "in one piece, for an input of " << input.size() << " bytes";
  CHECK_LE(meter.total_bytes(), 4 * kFixedBytes + kTotalPerInputByte * input.size())
      << "altogether, for an input of " << input.size() << " bytes";
  return is_decoded;
}

size_t LargestAllocationBytes() { return largest_allocation_bytes; }

}  // namespace aeternus::fuzzing
