// Measures what a piece of code asks of operator new; a binary that links this has its own one.
//
//   AllocationMeter meter;
//   Decode(hostile_bytes);
//   EXPECT_LE(meter.largest_bytes(), 1000u);
//
// Sees what the thread that made it allocates while it lives, through new of any form but the over-aligned ones; not
// malloc. An allocation larger than the machine still ends the process: the meter counts requests, it grants none.
//
// Thread safety: made, read and destroyed by one thread; one at a time in each.
#ifndef AETERNUS_BASE_TESTING_ALLOCATION_METER_H_
#define AETERNUS_BASE_TESTING_ALLOCATION_METER_H_

#include <cstddef>

namespace aeternus {

class AllocationMeter {
 public:
  AllocationMeter();
  ~AllocationMeter();
  AllocationMeter(const AllocationMeter&) = delete;
  AllocationMeter& operator=(const AllocationMeter&) = delete;

  // Not inline: a compiler may take it that operator new changes nothing that it can see.
  size_t largest_bytes() const;  // of the requests so far
  size_t total_bytes() const;    // of all requests, whether or not they were freed since

  // What operator new tells the meter of its thread, if there is one.
  static void Count(size_t bytes);

 private:
  size_t largest_bytes_ = 0;
  size_t total_bytes_ = 0;
};

}  // namespace aeternus

#endif  // AETERNUS_BASE_TESTING_ALLOCATION_METER_H_
