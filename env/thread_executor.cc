#include "env/thread_executor.h"

#include <pthread.h>

#include <deque>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/log/check.h"
#include "env/mutex.h"

namespace aeternus::env {
namespace {

constexpr size_t kMaxThreadNameBytes = 15;  // the kernel's limit

class ThreadExecutor final : public Executor {
 public:
  ThreadExecutor(int threads, const std::string& name) {
    CHECK_GE(threads, 1);
    const std::string short_name = name.substr(0, kMaxThreadNameBytes);
    for (int i = 0; i < threads; ++i) {
      threads_.emplace_back([this] { RunTasks(); });
      pthread_setname_np(threads_.back().native_handle(), short_name.c_str());
    }
  }

  ~ThreadExecutor() override {
    {
      MutexLock lock(&mu_);
      is_stopping_ = true;
      changed_.SignalAll();
    }
    for (std::thread& thread : threads_) thread.join();
  }

  void Schedule(absl::AnyInvocable<void()> task) override {
    MutexLock lock(&mu_);
    tasks_.push_back(std::move(task));
    changed_.Signal();
  }

 private:
  // A task may schedule another one even while the executor stops: its own thread comes back for it.
  void RunTasks() {
    while (absl::AnyInvocable<void()> task = NextTask()) task();
  }

  // Waits for a task. Empty when there is none left and none to come.
  absl::AnyInvocable<void()> NextTask() {
    MutexLock lock(&mu_);
    while (tasks_.empty() && !is_stopping_) changed_.Wait(&mu_);
    if (tasks_.empty()) return nullptr;
    absl::AnyInvocable<void()> task = std::move(tasks_.front());
    tasks_.pop_front();
    return task;
  }

  Mutex mu_;
  CondVar changed_;
  std::deque<absl::AnyInvocable<void()>> tasks_ ABSL_GUARDED_BY(mu_);
  bool is_stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::vector<std::thread> threads_;  // started last, when everything they use is there
};

}  // namespace

std::unique_ptr<Executor> ThreadExecutorFactory::NewExecutor(int threads, const std::string& name) {
  return std::make_unique<ThreadExecutor>(threads, name);
}

}  // namespace aeternus::env
