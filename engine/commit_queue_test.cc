// The queue as its writers see it; who shares a group with whom: commit_queue_group_test.cc.
#include "engine/commit_queue.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "aeternus/write_batch.h"
#include "gtest/gtest.h"

namespace aeternus {
namespace {

TEST(CommitQueue, AWriterAloneIsAGroupOfOne) {
  int groups = 0;
  CommitQueue queue(/*max_group_bytes=*/size_t{1} << 30, [&](absl::Span<PendingCommit* const> group) {
    ++groups;
    ASSERT_EQ(group.size(), 1u);
    EXPECT_FALSE(group[0]->sync);
    group[0]->status = absl::AbortedError("as told");
  });
  WriteBatch batch;
  batch.Put("k", "v");
  EXPECT_EQ(queue.Commit(batch, /*sync=*/false), absl::AbortedError("as told"));
  EXPECT_EQ(queue.Commit(batch, /*sync=*/false), absl::AbortedError("as told"));
  EXPECT_EQ(groups, 2);
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
