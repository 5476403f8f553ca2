// The seam by which a test takes from the operating system the choice of which thread runs next: env::Mutex,
// env::CondVar, env::SyncPoint and the simulated disk ask the scheduler of the calling thread, if it has one. The one
// implementation is testing/sim_scheduler.h.
//
// A thread has none until one is set for it, and in release builds (NDEBUG) no thread has: there Current() is always
// null, and what asks it compiles to nothing.
//
// Threads under one scheduler must block on nothing but what comes through here: the scheduler does not see other
// locks, and the one thread that it lets run would wait for ever.
#ifndef AETERNUS_ENV_THREAD_SCHEDULER_H_
#define AETERNUS_ENV_THREAD_SCHEDULER_H_

#include <string_view>

#include "absl/synchronization/mutex.h"

namespace aeternus::env {

// Thread safety: called by the threads that it schedules.
class ThreadScheduler {
 public:
  virtual ~ThreadScheduler() = default;

  // Instead of the calls of the same name; these too lock and unlock `mu` itself, so that asserting it is held works.
  virtual void Lock(absl::Mutex& mu) = 0;
  virtual bool TryLock(absl::Mutex& mu) = 0;
  virtual void Unlock(absl::Mutex& mu) = 0;
  virtual void Wait(absl::CondVar& changed, absl::Mutex& mu) = 0;
  virtual void Signal(absl::CondVar& changed) = 0;
  virtual void SignalAll(absl::CondVar& changed) = 0;
  // A place at which another thread may come in between: `what` happens next, to `object`.
  virtual void Reach(std::string_view what, std::string_view object) = 0;
  // A mutex or condition variable is destroyed; its address may come again.
  virtual void Forget(const void* object) = 0;

  // Of the calling thread; null: the operating system.
#ifdef NDEBUG
  static ThreadScheduler* Current() { return nullptr; }
  static void SetCurrent(ThreadScheduler*) {}
#else
  static ThreadScheduler* Current() { return current_; }
  static void SetCurrent(ThreadScheduler* scheduler) { current_ = scheduler; }

 private:
  static constinit thread_local ThreadScheduler* current_;
#endif
};

}  // namespace aeternus::env

#endif  // AETERNUS_ENV_THREAD_SCHEDULER_H_
