// Real threads of which exactly one runs. At every lock and unlock, wait and signal, sync point and call to the
// simulated disk the seed decides whether another one goes on, so that a run is repeated from its seed, event for
// event.
//
//   SimScheduler scheduler({.seed = 7});
//   SimEnv env(/*seed=*/7, nullptr, &scheduler);              // its executors and its clock are the scheduler's
//   absl::Status ran = scheduler.Run([&] {
//     std::unique_ptr<Db> db = Db::Open("/db", {.env = env.env()}).value();
//     const SimScheduler::ThreadId reader = scheduler.Start("reader", [&] { ... });
//     ...
//     scheduler.Join(reader);
//   });
//
// What is interleaved is what goes through env::: threads that meet in an atomic variable only do so in between two
// points, one before the other; a sync point beside it lets the others in. Memory is sequentially consistent here: what
// a processor may reorder is for real threads and the thread sanitizer to show.
//
// When no thread can go on, or the run takes too many steps, Run ends with Aborted and says who waits for what. The
// threads then stand still for ever, so everything they use has to outlive the process: leave it allocated.
//
// Needs a build with sync points (env::kSyncPointsAreCompiledIn).
#ifndef AETERNUS_ENV_TESTING_SIM_SCHEDULER_H_
#define AETERNUS_ENV_TESTING_SIM_SCHEDULER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "env/executor.h"

namespace aeternus::env::testing {

class SimScheduler {
 public:
  struct Options {
    uint64_t seed = 0;
    // Keeps the text of every event, for people and for comparing runs.
    bool keep_events = false;
    // More points than this are taken for a run that does not end.
    uint64_t max_steps = 5'000'000;
  };
  using ThreadId = int;  // from 0 in the order of their start

  explicit SimScheduler(const Options& options);
  ~SimScheduler();

  // Runs `main` as the first thread, and returns when it and all threads started meanwhile have ended. Once.
  absl::Status Run(absl::AnyInvocable<void()> main);

  // ---- from a thread of this scheduler ----
  ThreadId Start(std::string name, absl::AnyInvocable<void()> body);
  // Returns when that thread has ended; every thread is joined by Run in any case.
  void Join(ThreadId thread);
  // Its executors live inside Run.
  ExecutorFactory* executors();

  // ---- from anywhere, but while another thread runs ----
  uint64_t steps() const;     // points come to; the time of the simulation
  uint64_t switches() const;  // of the running thread
  // Of all events so far, the same in every process.
  uint64_t event_hash() const;
  const std::vector<std::string>& events() const;  // empty without keep_events

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace aeternus::env::testing

#endif  // AETERNUS_ENV_TESTING_SIM_SCHEDULER_H_
