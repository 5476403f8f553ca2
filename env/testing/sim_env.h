// A whole simulated machine: SimFileSystem, a clock that moves only when told, seeded randomness, and executors. The
// executors are real threads of the operating system, or with a SimScheduler threads of its, and then the clock moves
// with its steps as well.
#ifndef AETERNUS_ENV_TESTING_SIM_ENV_H_
#define AETERNUS_ENV_TESTING_SIM_ENV_H_

#include <atomic>
#include <cstdint>
#include <memory>

#include "env/env.h"
#include "env/testing/sim_file_system.h"
#include "env/testing/sim_scheduler.h"

namespace aeternus::env::testing {

// Moves by AdvanceMicros, and by a microsecond with every step of `scheduler`, if there is one.
class SimClock final : public Clock {
 public:
  explicit SimClock(const SimScheduler* scheduler = nullptr) : scheduler_(scheduler) {}
  int64_t WallMicros() override;
  int64_t MonotonicNanos() override;
  void AdvanceMicros(int64_t micros);

 private:
  const SimScheduler* const scheduler_;
  std::atomic<int64_t> micros_{1'700'000'000'000'000};
};

class SimEnv {
 public:
  // Takes over `file_system`, or makes an empty one. `seed` feeds the random source. `scheduler`, if given, outlives
  // the machine.
  explicit SimEnv(uint64_t seed, std::unique_ptr<SimFileSystem> file_system = nullptr,
                  SimScheduler* scheduler = nullptr);
  ~SimEnv();

  // Valid while this object lives.
  Env* env();
  SimFileSystem& file_system();
  SimClock& clock();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace aeternus::env::testing

#endif  // AETERNUS_ENV_TESTING_SIM_ENV_H_
