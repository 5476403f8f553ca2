#include "env/thread_executor.h"

#include <pthread.h>

#include <thread>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/log/check.h"
#include "env/task_queue.h"

namespace aeternus::env {
namespace {

constexpr size_t kMaxThreadNameBytes = 15;  // the kernel's limit

class ThreadExecutor final : public Executor {
 public:
  ThreadExecutor(int threads, const std::string& name) {
    CHECK_GE(threads, 1);
    const std::string short_name = name.substr(0, kMaxThreadNameBytes);
    for (int i = 0; i < threads; ++i) {
      threads_.emplace_back([this] { tasks_.RunTasks(); });
      pthread_setname_np(threads_.back().native_handle(), short_name.c_str());
    }
  }

  ~ThreadExecutor() override {
    tasks_.Stop();
    for (std::thread& thread : threads_) thread.join();
  }

  void Schedule(absl::AnyInvocable<void()> task) override { tasks_.Push(std::move(task)); }

 private:
  TaskQueue tasks_;
  std::vector<std::thread> threads_;  // started last, when everything they use is there
};

}  // namespace

std::unique_ptr<Executor> ThreadExecutorFactory::NewExecutor(int threads, const std::string& name) {
  return std::make_unique<ThreadExecutor>(threads, name);
}

}  // namespace aeternus::env
