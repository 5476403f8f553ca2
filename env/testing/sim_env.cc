#include "env/testing/sim_env.h"

#include <utility>

#include "env/thread_executor.h"

namespace aeternus::env::testing {
namespace {

// splitmix64
class SimRandomSource final : public RandomSource {
 public:
  explicit SimRandomSource(uint64_t seed) : state_(seed) {}
  uint64_t Next() override {
    constexpr uint64_t kStep = 0x9e3779b97f4a7c15;
    uint64_t z = state_.fetch_add(kStep, std::memory_order_relaxed) + kStep;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

 private:
  std::atomic<uint64_t> state_;
};

}  // namespace

int64_t SimClock::WallMicros() {
  const int64_t steps = scheduler_ == nullptr ? 0 : static_cast<int64_t>(scheduler_->steps());
  return micros_.load() + steps;
}
int64_t SimClock::MonotonicNanos() { return WallMicros() * 1000; }
void SimClock::AdvanceMicros(int64_t micros) { micros_.fetch_add(micros); }

struct SimEnv::Parts {
  Parts(uint64_t seed, std::unique_ptr<SimFileSystem> fs, SimScheduler* scheduler)
      : file_system(fs != nullptr ? std::move(fs) : std::make_unique<SimFileSystem>()),
        clock(scheduler),
        random(seed),
        env{file_system.get(), &clock, scheduler != nullptr ? scheduler->executors() : &thread_executors, &random} {}

  const std::unique_ptr<SimFileSystem> file_system;
  SimClock clock;
  ThreadExecutorFactory thread_executors;
  SimRandomSource random;
  Env env;
};

SimEnv::SimEnv(uint64_t seed, std::unique_ptr<SimFileSystem> file_system, SimScheduler* scheduler)
    : parts_(std::make_unique<Parts>(seed, std::move(file_system), scheduler)) {}
SimEnv::~SimEnv() = default;

Env* SimEnv::env() { return &parts_->env; }
SimFileSystem& SimEnv::file_system() { return *parts_->file_system; }
SimClock& SimEnv::clock() { return parts_->clock; }

}  // namespace aeternus::env::testing
