// Time, as far as the store needs it.
#ifndef AETERNUS_ENV_CLOCK_H_
#define AETERNUS_ENV_CLOCK_H_

#include <cstdint>

namespace aeternus::env {

class Clock {
 public:
  virtual ~Clock() = default;
  // Microseconds since the Unix epoch; may jump. For ages that are stored on disk.
  virtual int64_t WallMicros() = 0;
  // Nanoseconds since an arbitrary start; never goes back. For durations.
  virtual int64_t MonotonicNanos() = 0;
};

}  // namespace aeternus::env

#endif  // AETERNUS_ENV_CLOCK_H_
