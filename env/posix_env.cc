#include <sys/random.h>

#include <cerrno>
#include <chrono>

#include "absl/log/check.h"
#include "env/env.h"
#include "env/posix_file_system.h"
#include "env/thread_executor.h"

namespace aeternus::env {
namespace {

class PosixClock final : public Clock {
 public:
  int64_t WallMicros() override {
    return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
  int64_t MonotonicNanos() override {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
  }
};

class PosixRandomSource final : public RandomSource {
 public:
  uint64_t Next() override {
    uint64_t number;
    ssize_t n;
    // Blocks at most while the machine has just booted; fewer than 256 bytes are never cut short.
    do n = getrandom(&number, sizeof(number), 0);
    while (n < 0 && errno == EINTR);
    PCHECK(n == sizeof(number)) << "getrandom";
    return number;
  }
};

struct PosixParts {
  PosixFileSystem file_system;
  PosixClock clock;
  ThreadExecutorFactory executors;
  PosixRandomSource random;
  Env env{&file_system, &clock, &executors, &random};
};

}  // namespace

Env* Env::Posix() {
  // Never destroyed: a database may be closed by a destructor that runs after those of this file.
  static PosixParts& parts = *new PosixParts();
  return &parts.env;
}

}  // namespace aeternus::env
