// Background work: a pool of threads that runs closures in the order they were scheduled.
//
// Thread safety: Schedule may be called from anywhere, also from a running task.
#ifndef AETERNUS_ENV_EXECUTOR_H_
#define AETERNUS_ENV_EXECUTOR_H_

#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"

namespace aeternus::env {

class Executor {
 public:
  // Runs every task already scheduled to its end, then joins the threads. Schedule must not be called any more.
  virtual ~Executor() = default;
  virtual void Schedule(absl::AnyInvocable<void()> task) = 0;
};

class ExecutorFactory {
 public:
  virtual ~ExecutorFactory() = default;
  // `threads` >= 1; `name` is what a debugger shows, at most 15 bytes of it.
  virtual std::unique_ptr<Executor> NewExecutor(int threads, const std::string& name) = 0;
};

}  // namespace aeternus::env

#endif  // AETERNUS_ENV_EXECUTOR_H_
