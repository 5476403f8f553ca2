// The only ways in which the library blocks: thin, annotated wrappers over Abseil. A deterministic scheduler can be
// put below them (thread_scheduler.h), which is why no other package uses a mutex or condition variable of its own; it
// costs a release build nothing.
//
//   env::Mutex mu_;
//   int count_ ABSL_GUARDED_BY(mu_);
//   env::CondVar changed_;
//   ...
//   env::MutexLock lock(&mu_);
//   while (count_ == 0) changed_.Wait(&mu_);
#ifndef AETERNUS_ENV_MUTEX_H_
#define AETERNUS_ENV_MUTEX_H_

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "env/thread_scheduler.h"

namespace aeternus::env {

class ABSL_LOCKABLE Mutex {
 public:
  Mutex() = default;
  ~Mutex() {
    if (auto* const scheduler = ThreadScheduler::Current()) scheduler->Forget(&mu_);
  }
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void Lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() {
    if (auto* const scheduler = ThreadScheduler::Current()) return scheduler->Lock(mu_);
    mu_.Lock();
  }
  void Unlock() ABSL_UNLOCK_FUNCTION() {
    if (auto* const scheduler = ThreadScheduler::Current()) return scheduler->Unlock(mu_);
    mu_.Unlock();
  }
  bool TryLock() ABSL_EXCLUSIVE_TRYLOCK_FUNCTION(true) {
    if (auto* const scheduler = ThreadScheduler::Current()) return scheduler->TryLock(mu_);
    return mu_.TryLock();
  }
  void AssertHeld() const ABSL_ASSERT_EXCLUSIVE_LOCK() { mu_.AssertHeld(); }

 private:
  friend class CondVar;
  absl::Mutex mu_;
};

class ABSL_SCOPED_LOCKABLE MutexLock {
 public:
  explicit MutexLock(Mutex* mu) ABSL_EXCLUSIVE_LOCK_FUNCTION(mu) : mu_(mu) { mu_->Lock(); }
  ~MutexLock() ABSL_UNLOCK_FUNCTION() { mu_->Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex* const mu_;
};

class CondVar {
 public:
  CondVar() = default;
  ~CondVar() {
    if (auto* const scheduler = ThreadScheduler::Current()) scheduler->Forget(&cv_);
  }
  CondVar(const CondVar&) = delete;
  CondVar& operator=(const CondVar&) = delete;

  // Releases `mu`, waits for a signal (or wakes for no reason), takes `mu` again: use in a loop over the condition.
  void Wait(Mutex* mu) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu) {
    if (auto* const scheduler = ThreadScheduler::Current()) return scheduler->Wait(cv_, mu->mu_);
    cv_.Wait(&mu->mu_);
  }
  void Signal() {
    if (auto* const scheduler = ThreadScheduler::Current()) return scheduler->Signal(cv_);
    cv_.Signal();
  }
  void SignalAll() {
    if (auto* const scheduler = ThreadScheduler::Current()) return scheduler->SignalAll(cv_);
    cv_.SignalAll();
  }

 private:
  absl::CondVar cv_;
};

}  // namespace aeternus::env

#endif  // AETERNUS_ENV_MUTEX_H_
