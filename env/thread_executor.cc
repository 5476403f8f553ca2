#include "env/thread_executor.h"

#include <pthread.h>

#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/log/check.h"
#include "env/mutex.h"
#include "env/task_queue.h"

namespace aeternus::env {
namespace {

constexpr size_t kMaxThreadNameBytes = 15;  // the kernel's limit

class ThreadExecutor final : public Executor {
 public:
  ThreadExecutor(int threads, const std::string& name) : count_(threads), name_(name.substr(0, kMaxThreadNameBytes)) {
    CHECK_GE(threads, 1);
  }

  ~ThreadExecutor() override {
    tasks_.Stop();
    std::vector<std::thread> threads;
    {
      MutexLock lock(&mutex_);
      threads.swap(threads_);
    }
    for (std::thread& thread : threads) thread.join();
  }

  void Schedule(absl::AnyInvocable<void()> task) override {
    tasks_.Push(std::move(task));
    MutexLock lock(&mutex_);
    if (!is_started_) Start();
  }

 private:
  void Start() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    is_started_ = true;
    for (int i = 0; i < count_; ++i) {
      threads_.emplace_back([this] { tasks_.RunTasks(); });
      pthread_setname_np(threads_.back().native_handle(), name_.c_str());
    }
  }

  const int count_;
  const std::string name_;
  TaskQueue tasks_;
  Mutex mutex_;
  bool is_started_ ABSL_GUARDED_BY(mutex_) = false;
  // Started with the first task: an executor that never gets one costs no thread.
  std::vector<std::thread> threads_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

std::unique_ptr<Executor> ThreadExecutorFactory::NewExecutor(int threads, const std::string& name) {
  return std::make_unique<ThreadExecutor>(threads, name);
}

}  // namespace aeternus::env
