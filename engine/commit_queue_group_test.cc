// Which commits the queue puts into one group. Sync points tell when a writer has joined it.
#include <string>
#include <thread>
#include <vector>

#include "absl/log/check.h"
#include "absl/status/status.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"
#include "absl/types/span.h"
#include "aeternus/write_batch.h"
#include "engine/commit_queue.h"
#include "env/sync_point.h"
#include "gtest/gtest.h"

namespace aeternus {
namespace {

constexpr size_t kAnySize = size_t{1} << 30;

WriteBatch BatchOf(size_t value_bytes) {
  WriteBatch batch;
  batch.Put("k", std::string(value_bytes, 'v'));
  return batch;
}

// Says how many writers have joined the queue.
class QueuedCounter {
 public:
  explicit QueuedCounter(int expected)
      : counter_(expected), handler_("commit:queued", [this] { counter_.DecrementCount(); }) {
    CHECK(env::kSyncPointsAreCompiledIn) << "release builds do not say so";
  }
  void Wait() { counter_.Wait(); }

 private:
  absl::BlockingCounter counter_;
  env::ScopedSyncPointHandler handler_;
};

// A queue whose first group stands still until the test lets it go, so that everything queued behind it is known.
class ParkedQueue {
 public:
  using Group = std::vector<const WriteBatch*>;

  explicit ParkedQueue(size_t max_group_bytes)
      : queue_(max_group_bytes, [this](absl::Span<PendingCommit* const> group) { CommitGroup(group); }) {}
  ~ParkedQueue() { Finish(); }

  // Queues `batches`, each from a thread of its own, in this order; the first becomes the parked leader.
  void Queue(const std::vector<const WriteBatch*>& batches) {
    statuses_.resize(batches.size());
    for (size_t i = 0; i < batches.size(); ++i) {
      QueuedCounter queued(1);
      threads_.emplace_back(
          [this, i, batch = batches[i]] { statuses_[i] = queue_.Commit(*batch, /*sync=*/i % 2 == 0); });
      queued.Wait();
      if (i == 0) leader_is_parked_.WaitForNotification();
    }
  }

  // Lets the leader go; returns when every writer has its answer.
  void Finish() {
    if (!leave_.HasBeenNotified()) leave_.Notify();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

  const std::vector<Group>& groups() const { return groups_; }
  const std::vector<absl::Status>& statuses() const { return statuses_; }
  // Each batch's own answer says its size.
  static absl::Status AnswerFor(const WriteBatch& batch) {
    return absl::InternalError(std::to_string(batch.size_bytes()));
  }

 private:
  void CommitGroup(absl::Span<PendingCommit* const> group) {
    if (groups_.empty()) {
      leader_is_parked_.Notify();
      leave_.WaitForNotification();
    }
    Group batches;
    for (PendingCommit* commit : group) {
      batches.push_back(commit->batch);
      commit->status = AnswerFor(*commit->batch);
    }
    groups_.push_back(std::move(batches));
  }

  CommitQueue queue_;
  absl::Notification leader_is_parked_, leave_;
  std::vector<Group> groups_;  // of the thread that commits
  std::vector<absl::Status> statuses_;
  std::vector<std::thread> threads_;
};

TEST(CommitQueueGroup, WhoArrivesWhileALeaderCommitsSharesTheNextGroupInOrder) {
  ParkedQueue queue(kAnySize);
  std::vector<WriteBatch> batches;
  for (size_t i = 0; i < 6; ++i) batches.push_back(BatchOf(i));
  queue.Queue({&batches[0], &batches[1], &batches[2], &batches[3], &batches[4], &batches[5]});
  queue.Finish();
  EXPECT_EQ(queue.groups(), (std::vector<ParkedQueue::Group>{
                                {&batches[0]}, {&batches[1], &batches[2], &batches[3], &batches[4], &batches[5]}}));
}

TEST(CommitQueueGroup, EveryWriterGetsItsOwnAnswer) {
  ParkedQueue queue(kAnySize);
  std::vector<WriteBatch> batches;
  for (size_t i = 0; i < 5; ++i) batches.push_back(BatchOf(10 * i));
  queue.Queue({&batches[0], &batches[1], &batches[2], &batches[3], &batches[4]});
  queue.Finish();
  for (size_t i = 0; i < 5; ++i) EXPECT_EQ(queue.statuses()[i], ParkedQueue::AnswerFor(batches[i]));
}

TEST(CommitQueueGroup, AGroupIsBoundedButAlwaysHoldsItsLeader) {
  const WriteBatch small = BatchOf(300), large = BatchOf(5000);
  ParkedQueue queue(/*max_group_bytes=*/1000);
  queue.Queue({&small, &small, &small, &small, &small, &large, &small});
  queue.Finish();
  EXPECT_EQ(queue.groups(),
            (std::vector<ParkedQueue::Group>{{&small}, {&small, &small, &small}, {&small}, {&large}, {&small}}));
}

TEST(CommitQueueGroup, ASmallLeaderDoesNotWaitForMuchMoreThanItsOwn) {
  const WriteBatch small = BatchOf(10), large = BatchOf(100 << 10);
  ParkedQueue queue(kAnySize);
  queue.Queue({&small, &small, &large, &large, &large, &large});
  queue.Finish();
  // Behind a small leader about 128 KiB; behind a large one that much more than its own.
  EXPECT_EQ(queue.groups(), (std::vector<ParkedQueue::Group>{{&small}, {&small, &large}, {&large, &large}, {&large}}));
}

}  // namespace
}  // namespace aeternus
