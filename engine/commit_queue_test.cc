#include "engine/commit_queue.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"
#include "aeternus/write_batch.h"
#include "engine/testing/status.h"
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
      : counter_(expected), handler_("commit:queued", [this] { counter_.DecrementCount(); }) {}
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

TEST(CommitQueue, AWriterAloneIsAGroupOfOne) {
  int groups = 0;
  CommitQueue queue(kAnySize, [&](absl::Span<PendingCommit* const> group) {
    ++groups;
    ASSERT_EQ(group.size(), 1u);
    EXPECT_FALSE(group[0]->sync);
    group[0]->status = absl::AbortedError("as told");
  });
  const WriteBatch batch = BatchOf(1);
  EXPECT_EQ(queue.Commit(batch, /*sync=*/false), absl::AbortedError("as told"));
  EXPECT_EQ(queue.Commit(batch, /*sync=*/false), absl::AbortedError("as told"));
  EXPECT_EQ(groups, 2);
}

TEST(CommitQueue, WhoArrivesWhileALeaderCommitsSharesTheNextGroupInOrder) {
  if (!env::kSyncPointsAreCompiledIn) return;
  ParkedQueue queue(kAnySize);
  std::vector<WriteBatch> batches;
  for (size_t i = 0; i < 6; ++i) batches.push_back(BatchOf(i));
  queue.Queue({&batches[0], &batches[1], &batches[2], &batches[3], &batches[4], &batches[5]});
  queue.Finish();
  EXPECT_EQ(queue.groups(), (std::vector<ParkedQueue::Group>{
                                {&batches[0]}, {&batches[1], &batches[2], &batches[3], &batches[4], &batches[5]}}));
}

TEST(CommitQueue, EveryWriterGetsItsOwnAnswer) {
  if (!env::kSyncPointsAreCompiledIn) return;
  ParkedQueue queue(kAnySize);
  std::vector<WriteBatch> batches;
  for (size_t i = 0; i < 5; ++i) batches.push_back(BatchOf(10 * i));
  queue.Queue({&batches[0], &batches[1], &batches[2], &batches[3], &batches[4]});
  queue.Finish();
  for (size_t i = 0; i < 5; ++i) EXPECT_EQ(queue.statuses()[i], ParkedQueue::AnswerFor(batches[i]));
}

TEST(CommitQueue, AGroupIsBoundedButAlwaysHoldsItsLeader) {
  if (!env::kSyncPointsAreCompiledIn) return;
  const WriteBatch small = BatchOf(300), large = BatchOf(5000);
  ParkedQueue queue(/*max_group_bytes=*/1000);
  queue.Queue({&small, &small, &small, &small, &small, &large, &small});
  queue.Finish();
  EXPECT_EQ(queue.groups(),
            (std::vector<ParkedQueue::Group>{{&small}, {&small, &small, &small}, {&small}, {&large}, {&small}}));
}

TEST(CommitQueue, ASmallLeaderDoesNotWaitForMuchMoreThanItsOwn) {
  if (!env::kSyncPointsAreCompiledIn) return;
  const WriteBatch small = BatchOf(10), large = BatchOf(100 << 10);
  ParkedQueue queue(kAnySize);
  queue.Queue({&small, &small, &large, &large, &large, &large});
  queue.Finish();
  // Behind a small leader about 128 KiB; behind a large one that much more than its own.
  EXPECT_EQ(queue.groups(), (std::vector<ParkedQueue::Group>{{&small}, {&small, &large}, {&large, &large}, {&large}}));
}

TEST(CommitQueue, ManyThreadsEachGetWhatTheirBatchesWereAnswered) {
  constexpr int kThreads = 8, kCommitsEach = 2000;
  std::atomic<int> inside{0};
  int committed = 0;
  std::vector<int> last_of_thread(kThreads, -1);
  CommitQueue queue(/*max_group_bytes=*/4096, [&](absl::Span<PendingCommit* const> group) {
    EXPECT_EQ(inside.fetch_add(1), 0) << "two leaders at once";
    size_t bytes = 0;
    for (PendingCommit* commit : group) {
      const int thread = static_cast<int>(commit->batch->count()) - 1;
      bytes += commit->batch->size_bytes();
      commit->status = absl::AbortedError(std::to_string(++last_of_thread[static_cast<size_t>(thread)]));
      ++committed;
    }
    EXPECT_TRUE(group.size() == 1 || bytes <= 4096);
    inside.fetch_sub(1);
  });
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&queue, t] {
      WriteBatch batch;  // its count names the thread
      for (int i = 0; i <= t; ++i) batch.Put("k", std::string(100, 'v'));
      for (int i = 0; i < kCommitsEach; ++i) {
        ASSERT_EQ(queue.Commit(batch, i % 2 == 0), absl::AbortedError(std::to_string(i)));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(committed, kThreads * kCommitsEach);
}

}  // namespace
}  // namespace aeternus
