// Executors whose threads are the operating system's.
#ifndef AETERNUS_ENV_THREAD_EXECUTOR_H_
#define AETERNUS_ENV_THREAD_EXECUTOR_H_

#include <memory>
#include <string>

#include "env/executor.h"

namespace aeternus::env {

class ThreadExecutorFactory final : public ExecutorFactory {
 public:
  std::unique_ptr<Executor> NewExecutor(int threads, const std::string& name) override;
};

}  // namespace aeternus::env

#endif  // AETERNUS_ENV_THREAD_EXECUTOR_H_
