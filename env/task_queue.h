// What an executor is beside its threads: tasks in the order in which they were scheduled, handed to whichever thread
// is free.
//
//   each thread:  queue.RunTasks();
//   Schedule:     queue.Push(task);
//   destruction:  queue.Stop(); join the threads
//
// Thread safety: any number of threads.
#ifndef AETERNUS_ENV_TASK_QUEUE_H_
#define AETERNUS_ENV_TASK_QUEUE_H_

#include <deque>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "env/mutex.h"

namespace aeternus::env {

class TaskQueue {
 public:
  // Also from a task, even while the queue stops: the thread that runs it comes back for the new one.
  void Push(absl::AnyInvocable<void()> task);
  // Runs tasks until the queue is stopped and empty.
  void RunTasks();
  void Stop();

 private:
  // Waits for a task. Empty when there is none left and none to come.
  absl::AnyInvocable<void()> Next();

  Mutex mu_;
  CondVar changed_;
  std::deque<absl::AnyInvocable<void()>> tasks_ ABSL_GUARDED_BY(mu_);
  bool is_stopping_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace aeternus::env

#endif  // AETERNUS_ENV_TASK_QUEUE_H_
