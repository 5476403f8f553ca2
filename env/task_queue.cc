#include "env/task_queue.h"

#include <utility>

namespace aeternus::env {

void TaskQueue::Push(absl::AnyInvocable<void()> task) {
  MutexLock lock(&mu_);
  tasks_.push_back(std::move(task));
  changed_.Signal();
}

void TaskQueue::RunTasks() {
  while (absl::AnyInvocable<void()> task = Next()) task();
}

void TaskQueue::Stop() {
  MutexLock lock(&mu_);
  is_stopping_ = true;
  changed_.SignalAll();
}

absl::AnyInvocable<void()> TaskQueue::Next() {
  MutexLock lock(&mu_);
  while (tasks_.empty() && !is_stopping_) changed_.Wait(&mu_);
  if (tasks_.empty()) return nullptr;
  absl::AnyInvocable<void()> task = std::move(tasks_.front());
  tasks_.pop_front();
  return task;
}

}  // namespace aeternus::env
