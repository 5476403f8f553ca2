#include "env/ahead.h"

#include <pthread.h>

#include <deque>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace aeternus::env {

// It waits by means of its own, and not by those of mutex.h: what it does changes nothing that a deterministic schedule
// could see.
class AheadThread {
 public:
  static AheadThread& Get() {
    static auto* const thread = new AheadThread;  // until the process ends
    return *thread;
  }

  void Start(Ahead* ahead) {
    absl::MutexLock lock(&mu_);
    ahead->state_ = Ahead::State::kQueued;
    queue_.push_back(ahead);
    arrived_.Signal();
  }

  bool Finish(Ahead* ahead) {
    absl::MutexLock lock(&mu_);
    if (ahead->state_ == Ahead::State::kQueued) std::erase(queue_, ahead);
    while (ahead->state_ == Ahead::State::kRunning) done_.Wait(&mu_);
    return ahead->state_ == Ahead::State::kDone;
  }

 private:
  AheadThread() {
    std::thread thread([this] { Run(); });
    pthread_setname_np(thread.native_handle(), "aeternus-ahead");
    thread.detach();
  }

  [[noreturn]] void Run() {
    mu_.Lock();
    while (true) {
      while (queue_.empty()) arrived_.Wait(&mu_);
      Ahead* const ahead = queue_.front();
      queue_.pop_front();
      ahead->state_ = Ahead::State::kRunning;
      mu_.Unlock();
      const bool is_done = ahead->work_();
      mu_.Lock();
      ahead->state_ = is_done ? Ahead::State::kDone : Ahead::State::kFailed;
      done_.SignalAll();
    }
  }

  absl::Mutex mu_;
  absl::CondVar arrived_, done_;
  std::deque<Ahead*> queue_ ABSL_GUARDED_BY(mu_);
};

void Ahead::Start(absl::AnyInvocable<bool()> work) {
  Finish();
  work_ = std::move(work);
  is_started_ = true;
  AheadThread::Get().Start(this);
}

bool Ahead::Finish() {
  if (!std::exchange(is_started_, false)) return false;
  const bool is_done = AheadThread::Get().Finish(this);
  work_ = nullptr;
  return is_done;
}

}  // namespace aeternus::env
