#include "engine/commit_queue.h"

#include <algorithm>
#include <utility>

#include "env/sync_point.h"

namespace aeternus {
namespace {

constexpr size_t kSmallLeaderBytes = size_t{128} << 10;

}  // namespace

CommitQueue::CommitQueue(size_t max_group_bytes, CommitGroup commit_group)
    : max_group_bytes_(max_group_bytes), commit_group_(std::move(commit_group)) {}

absl::Status CommitQueue::Commit(const WriteBatch& batch, bool sync, Lsn* last_lsn) {
  Writer writer;
  writer.commit.batch = &batch;
  writer.commit.sync = sync;

  mutex_.Lock();
  writers_.push_back(&writer);
  env::SyncPoint("commit:queued");  // under the queue's mutex
  while (!writer.done && writers_.front() != &writer) writer.woken.Wait(&mutex_);
  if (!writer.done) {
    const std::vector<PendingCommit*> group = TakeGroup();
    mutex_.Unlock();
    commit_group_(group);
    mutex_.Lock();
    Finish(group.size());
  }
  mutex_.Unlock();
  if (last_lsn != nullptr) *last_lsn = writer.commit.last_lsn;
  return writer.commit.status;
}

std::vector<PendingCommit*> CommitQueue::TakeGroup() {
  const size_t leader_bytes = writers_.front()->commit.batch->size_bytes();
  const size_t limit = std::min(max_group_bytes_, leader_bytes + kSmallLeaderBytes);
  std::vector<PendingCommit*> group;
  size_t bytes = 0;
  for (Writer* writer : writers_) {
    bytes += writer->commit.batch->size_bytes();
    if (!group.empty() && bytes > limit) break;
    group.push_back(&writer->commit);
  }
  return group;
}

void CommitQueue::Finish(size_t group_size) {
  for (size_t i = 0; i < group_size; ++i) {
    Writer* writer = writers_.front();
    writers_.pop_front();
    writer->done = true;
    writer->woken.Signal();  // the leader's own signal wakes nobody
  }
  if (!writers_.empty()) writers_.front()->woken.Signal();
}

}  // namespace aeternus
