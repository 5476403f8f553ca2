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
  static AheadThread& Of(Ahead::Kind kind) {
    // Until the process ends.
    static auto* const memory = new AheadThread("aeternus-memory");
    static auto* const file = new AheadThread("aeternus-file");
    return kind == Ahead::Kind::kMemory ? *memory : *file;
  }

  void Start(Ahead* ahead) {
    absl::MutexLock lock(&mu_);
    EnsureRunning();
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
  explicit AheadThread(const char* name) : name_(name) {}

  void EnsureRunning() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (std::exchange(is_running_, true)) return;
    std::thread thread([this] { Run(); });
    pthread_setname_np(thread.native_handle(), name_);
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

  const char* const name_;  // 15 characters at most
  absl::Mutex mu_;
  bool is_running_ ABSL_GUARDED_BY(mu_) = false;
  absl::CondVar arrived_, done_;
  std::deque<Ahead*> queue_ ABSL_GUARDED_BY(mu_);
};

void Ahead::Start(absl::AnyInvocable<bool()> work) {
  Finish();
  work_ = std::move(work);
  is_started_ = true;
  AheadThread::Of(kind_).Start(this);
}

bool Ahead::Finish() {
  if (!std::exchange(is_started_, false)) return false;
  const bool is_done = AheadThread::Of(kind_).Finish(this);
  work_ = nullptr;
  return is_done;
}

}  // namespace aeternus::env
