// The machine as the store sees it: one bundle of file system, clock, executor and randomness, passed to whoever
// needs it. Only code in env/ touches the operating system, so that a run over simulated parts replays from its seed.
//
//   Env* env = Env::Posix();                 // the real machine, for the life of the process
//   testing::SimEnv sim(/*seed=*/7);         // a simulated one: sim.env() (testing/sim_env.h)
//
// Thread safety: all parts may be used by any number of threads. The parts outlive everything made with them.
#ifndef AETERNUS_ENV_ENV_H_
#define AETERNUS_ENV_ENV_H_

#include "env/clock.h"
#include "env/executor.h"
#include "env/file_system.h"
#include "env/random.h"

namespace aeternus::env {

struct Env {
  FileSystem* file_system = nullptr;
  Clock* clock = nullptr;
  ExecutorFactory* executors = nullptr;
  RandomSource* random = nullptr;

  // The process-wide POSIX environment; never destroyed.
  static Env* Posix();
};

}  // namespace aeternus::env

#endif  // AETERNUS_ENV_ENV_H_
