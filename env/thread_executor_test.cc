#include "env/thread_executor.h"

#include <atomic>
#include <filesystem>
#include <iterator>
#include <memory>
#include <vector>

#include "env/executor.h"
#include "env/mutex.h"
#include "gtest/gtest.h"

namespace aeternus::env {
namespace {

std::unique_ptr<Executor> NewExecutor(int threads) {
  return ThreadExecutorFactory().NewExecutor(threads, "a name longer than a thread's may be");
}

TEST(ThreadExecutorTest, DestructionRunsEverythingScheduled) {
  for (const int threads : {1, 2, 8}) {
    std::atomic<int> runs{0};
    {
      const std::unique_ptr<Executor> executor = NewExecutor(threads);
      for (int i = 0; i < 1000; ++i) executor->Schedule([&runs] { ++runs; });
    }
    EXPECT_EQ(runs, 1000);
  }
}

TEST(ThreadExecutorTest, ThreadsBeginWithTheFirstTask) {
  const auto threads = [] {
    using Entries = std::filesystem::directory_iterator;
    return std::distance(Entries("/proc/self/task"), Entries());
  };
  const auto before = threads();
  const std::unique_ptr<Executor> idle = NewExecutor(2);
  EXPECT_EQ(threads(), before);
  idle->Schedule([] {});
  EXPECT_EQ(threads(), before + 2);
}

TEST(ThreadExecutorTest, OneThreadRunsTasksInOrder) {
  std::vector<int> order;
  {
    const std::unique_ptr<Executor> executor = NewExecutor(1);
    for (int i = 0; i < 100; ++i) executor->Schedule([&order, i] { order.push_back(i); });
  }
  ASSERT_EQ(order.size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(order[i], i);
}

TEST(ThreadExecutorTest, TaskMaySchedule) {
  std::atomic<int> runs{0};
  {
    const std::unique_ptr<Executor> executor = NewExecutor(2);
    Executor* const raw = executor.get();
    raw->Schedule([&runs, raw] {
      ++runs;
      raw->Schedule([&runs, raw] {
        ++runs;
        raw->Schedule([&runs] { ++runs; });
      });
    });
  }
  EXPECT_EQ(runs, 3);
}

// Each task waits for all of them to have begun: that ends only if every one has its own thread.
TEST(ThreadExecutorTest, ThreadsRunSideBySide) {
  constexpr int kThreads = 4;
  Mutex mu;
  CondVar changed;
  int begun = 0;
  {
    const std::unique_ptr<Executor> executor = NewExecutor(kThreads);
    for (int i = 0; i < kThreads; ++i) {
      executor->Schedule([&] {
        MutexLock lock(&mu);
        ++begun;
        changed.SignalAll();
        while (begun < kThreads) changed.Wait(&mu);
      });
    }
  }
  EXPECT_EQ(begun, kThreads);
}

TEST(ThreadExecutorTest, TasksMayOwnWhatCannotBeCopied) {
  int seen = 0;
  {
    const std::unique_ptr<Executor> executor = NewExecutor(1);
    executor->Schedule([&seen, value = std::make_unique<int>(7)] { seen = *value; });
  }
  EXPECT_EQ(seen, 7);
}

}  // namespace
}  // namespace aeternus::env
