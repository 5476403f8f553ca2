// Group commit: writers that arrive while another writes share the next log write and sync.
//
// The writer at the head of the queue is the leader: it takes a group from the head, commits it with no lock of the
// queue's held, hands out the answers, and wakes the next leader. What committing means is injected, so that the queue
// is tested without a database.
//
// Thread safety: any number of threads.
#ifndef AETERNUS_ENGINE_COMMIT_QUEUE_H_
#define AETERNUS_ENGINE_COMMIT_QUEUE_H_

#include <cstddef>
#include <functional>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/types/span.h"
#include "engine/core.h"
#include "env/mutex.h"

namespace aeternus {

class CommitQueue {
 public:
  // Commits the batches of a group in order and sets each one's status. Called by one thread at a time.
  using CommitGroup = std::function<void(absl::Span<PendingCommit* const>)>;

  // A group holds at most `max_group_bytes` of batches (but always the leader's), and about 128 KiB more than a small
  // leader's own, so that a small write never waits for a megabyte of others.
  CommitQueue(size_t max_group_bytes, CommitGroup commit_group);

  // Returns when `batch` is committed, or with the error that kept it from being. `last_lsn`, unless null, gets the LSN
  // of its last operation.
  absl::Status Commit(const WriteBatch& batch, bool sync, Lsn* last_lsn = nullptr);

 private:
  struct Writer;

  void TakeGroup() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Finish() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const size_t max_group_bytes_;
  const CommitGroup commit_group_;
  env::Mutex mutex_;
  // Those who wait, each on its own stack, in the order in which they came; the leader first.
  Writer* first_ ABSL_GUARDED_BY(mutex_) = nullptr;
  Writer* last_ ABSL_GUARDED_BY(mutex_) = nullptr;
  std::vector<PendingCommit*> group_;  // the leader's alone; kept for its room
};

}  // namespace aeternus

#endif  // AETERNUS_ENGINE_COMMIT_QUEUE_H_
