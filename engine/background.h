// The background work of a Db: when frozen memtables are flushed and tables merged, when a writer has to wait, and what
// happens when a job fails.
//
//   - One flush task and one compaction task at most are scheduled, each on threads of its own, so that a flush never
//     waits for a long merge. The flush task empties the list of frozen memtables; the compaction task follows each
//     flush: minor passes until none applies, then tombstone passes. It also runs
//     when scans have paid for a merge (compaction/planner.h), which comes last.
//   - A writer that would freeze a memtable waits while max_frozen are waiting for their flush.
//   - A flush that fails for lack of space ends the waiting of writers with that error; the next writer tries again.
//     Another error is retried a few times under a new file number; then the database becomes read-only.
//   - A failed compaction loses nothing: its error is kept for WaitForBackgroundWork and Stats, and the next flush
//     tries again.
//
// Thread safety: any number of threads. Lock order: mutex_ is taken before Core's state mutex, and under none of
// Core's but the one for OnScansPaid.
#ifndef AETERNUS_ENGINE_BACKGROUND_H_
#define AETERNUS_ENGINE_BACKGROUND_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "aeternus/stats.h"
#include "engine/core.h"
#include "env/env.h"
#include "env/mutex.h"

namespace aeternus {

class Background {
 public:
  Background(std::shared_ptr<Core> core, env::Env* env, int threads, int max_frozen);
  ~Background();

  // By the commit leader, before a group of `bytes` is committed: waits for room. An error when waiting cannot help.
  absl::Status WaitForRoom(size_t bytes) ABSL_LOCKS_EXCLUDED(mutex_);
  // Starts whatever is due. Cheap when nothing is.
  void Wake() ABSL_LOCKS_EXCLUDED(mutex_);
  // Lets the compaction task look for work.
  void WakeCompactions() ABSL_LOCKS_EXCLUDED(mutex_);
  // Returns when no memtable is frozen any more, or with the error that keeps one frozen.
  absl::Status WaitForFlushes() ABSL_LOCKS_EXCLUDED(mutex_);
  // Returns when nothing is running or due, with the last background error that was not mended since.
  absl::Status WaitUntilIdle() ABSL_LOCKS_EXCLUDED(mutex_);

  // Ends running merges early and joins the threads. Waiting writers are told that the database is closed.
  void Stop() ABSL_LOCKS_EXCLUDED(mutex_);
  // Undoes Stop.
  void Start() ABSL_LOCKS_EXCLUDED(mutex_);

  void AddTo(Stats* stats) const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void ScheduleFlush() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ScheduleCompaction() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void RunFlushes() ABSL_LOCKS_EXCLUDED(mutex_);
  void RunCompactions() ABSL_LOCKS_EXCLUDED(mutex_);
  // The view says that all is flushed a moment before the flush says that it went well: until then the error of an
  // earlier attempt still stands.
  bool IsMending() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Takes note of a failed flush; whether to try again at once.
  bool NoteFlushFailure(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status StoppedError() const;

  const std::shared_ptr<Core> core_;
  env::Env* const env_;
  const int threads_;
  const size_t max_frozen_;

  mutable env::Mutex mutex_;
  env::CondVar changed_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = true;
  bool flush_scheduled_ ABSL_GUARDED_BY(mutex_) = false;
  bool compaction_scheduled_ ABSL_GUARDED_BY(mutex_) = false;
  bool compaction_wanted_ ABSL_GUARDED_BY(mutex_) = false;
  int flush_failures_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status flush_error_ ABSL_GUARDED_BY(mutex_);
  absl::Status compaction_error_ ABSL_GUARDED_BY(mutex_);
  uint64_t writer_waits_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t writer_wait_nanos_ ABSL_GUARDED_BY(mutex_) = 0;
  std::string last_wait_reason_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<env::Executor> flusher_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<env::Executor> compactor_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace aeternus

#endif  // AETERNUS_ENGINE_BACKGROUND_H_
