#include "engine/commit_queue.h"

#include <algorithm>
#include <utility>

#include "env/sync_point.h"

namespace aeternus {
namespace {

constexpr size_t kSmallLeaderBytes = size_t{128} << 10;

}  // namespace

struct CommitQueue::Writer {
  PendingCommit commit;
  bool done = false;
  Writer* next = nullptr;
  env::CondVar woken;
};

CommitQueue::CommitQueue(size_t max_group_bytes, CommitGroup commit_group)
    : max_group_bytes_(max_group_bytes), commit_group_(std::move(commit_group)) {}

absl::Status CommitQueue::Commit(const WriteBatch& batch, bool sync, Lsn* last_lsn) {
  Writer writer;
  writer.commit.batch = &batch;
  writer.commit.sync = sync;

  mutex_.Lock();
  (first_ == nullptr ? first_ : last_->next) = &writer;
  last_ = &writer;
  env::SyncPoint("commit:queued");  // under the queue's mutex
  while (!writer.done && first_ != &writer) writer.woken.Wait(&mutex_);
  if (!writer.done) {
    TakeGroup();
    mutex_.Unlock();
    commit_group_(group_);
    mutex_.Lock();
    Finish();
  }
  mutex_.Unlock();
  if (last_lsn != nullptr) *last_lsn = writer.commit.last_lsn;
  return std::move(writer.commit.status);
}

void CommitQueue::TakeGroup() {
  const size_t limit = std::min(max_group_bytes_, first_->commit.batch->size_bytes() + kSmallLeaderBytes);
  group_.clear();
  size_t bytes = 0;
  for (Writer* writer = first_; writer != nullptr; writer = writer->next) {
    bytes += writer->commit.batch->size_bytes();
    if (!group_.empty() && bytes > limit) break;
    group_.push_back(&writer->commit);
  }
}

void CommitQueue::Finish() {
  first_->done = true;  // the leader's own, who is awake
  first_ = first_->next;
  for (size_t i = 1; i < group_.size(); ++i) {
    Writer* const writer = first_;
    first_ = writer->next;  // before it wakes and is gone
    writer->done = true;
    writer->woken.Signal();
  }
  if (first_ != nullptr) first_->woken.Signal();
}

}  // namespace aeternus
