#include "env/prefault.h"

#include <pthread.h>
#include <sys/mman.h>

#include <deque>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23  // of Linux 5.14; the C library may be older
#endif

namespace aeternus::env {

// It waits by means of its own, and not by those of mutex.h: what it does changes nothing that a deterministic schedule
// could see.
class PrefaultThread {
 public:
  static PrefaultThread& Get() {
    static auto* const thread = new PrefaultThread;  // until the process ends
    return *thread;
  }

  void Start(Prefault* prefault) {
    absl::MutexLock lock(&mu_);
    prefault->state_ = Prefault::State::kQueued;
    queue_.push_back(prefault);
    arrived_.Signal();
  }

  bool Finish(Prefault* prefault) {
    absl::MutexLock lock(&mu_);
    if (prefault->state_ == Prefault::State::kQueued) std::erase(queue_, prefault);
    while (prefault->state_ == Prefault::State::kRunning) done_.Wait(&mu_);
    return prefault->state_ == Prefault::State::kDone;
  }

 private:
  PrefaultThread() {
    std::thread thread([this] { Run(); });
    pthread_setname_np(thread.native_handle(), "aeternus-fault");
    thread.detach();
  }

  [[noreturn]] void Run() {
    absl::MutexLock lock(&mu_);
    while (true) {
      while (queue_.empty()) arrived_.Wait(&mu_);
      Prefault* const prefault = queue_.front();
      queue_.pop_front();
      prefault->state_ = Prefault::State::kRunning;
      mu_.Unlock();
      // Reports as an error what a store would meet as a signal.
      const bool is_present = madvise(prefault->data_, prefault->size_, MADV_POPULATE_WRITE) == 0;
      mu_.Lock();
      prefault->state_ = is_present ? Prefault::State::kDone : Prefault::State::kFailed;
      done_.SignalAll();
    }
  }

  absl::Mutex mu_;
  absl::CondVar arrived_, done_;
  std::deque<Prefault*> queue_ ABSL_GUARDED_BY(mu_);
};

void Prefault::Start(char* data, size_t size) {
  Finish();
  data_ = data;
  size_ = size;
  is_started_ = true;
  PrefaultThread::Get().Start(this);
}

bool Prefault::Finish() { return std::exchange(is_started_, false) && PrefaultThread::Get().Finish(this); }

}  // namespace aeternus::env
