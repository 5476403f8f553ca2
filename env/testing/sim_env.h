// A whole simulated machine: SimFileSystem, a clock that moves only when told, seeded randomness, and an executor
// factory whose executors are real threads (a deterministic scheduler goes below env/mutex.h and env/executor.h).
#ifndef AETERNUS_ENV_TESTING_SIM_ENV_H_
#define AETERNUS_ENV_TESTING_SIM_ENV_H_

#include <atomic>
#include <cstdint>
#include <memory>

#include "env/env.h"
#include "env/testing/sim_file_system.h"

namespace aeternus::env::testing {

// Moves only by Advance.
class SimClock final : public Clock {
 public:
  int64_t WallMicros() override;
  int64_t MonotonicNanos() override;
  void AdvanceMicros(int64_t micros);

 private:
  std::atomic<int64_t> micros_{1'700'000'000'000'000};
};

class SimEnv {
 public:
  // Takes over `file_system`, or makes an empty one. `seed` feeds the random source.
  explicit SimEnv(uint64_t seed, std::unique_ptr<SimFileSystem> file_system = nullptr);
  ~SimEnv();

  // Valid while this object lives. Its executors are real threads.
  Env* env();
  SimFileSystem& file_system();
  SimClock& clock();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace aeternus::env::testing

#endif  // AETERNUS_ENV_TESTING_SIM_ENV_H_
