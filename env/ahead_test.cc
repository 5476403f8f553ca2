#include "env/ahead.h"

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"

namespace aeternus::env {
namespace {

TEST(Ahead, FinishTellsWhatTheWorkSaid) {
  for (const bool answer : {true, false}) {
    absl::Notification done;
    Ahead ahead;
    ahead.Start([&] {
      done.Notify();
      return answer;
    });
    done.WaitForNotification();
    EXPECT_EQ(ahead.Finish(), answer);
    EXPECT_FALSE(ahead.Finish()) << "it is over";
  }
}

TEST(Ahead, WithNothingStartedNothingIsDone) {
  Ahead ahead;
  EXPECT_FALSE(ahead.Finish());
}

// The thread is busy with one piece of work; those behind it are taken back.
TEST(Ahead, WorkThatHasNotComeToItsTurnIsNeverDoneOnceItIsFinished) {
  absl::Notification begun, go_on;
  Ahead first;
  first.Start([&] {
    begun.Notify();
    go_on.WaitForNotification();
    return true;
  });
  begun.WaitForNotification();
  bool is_done = false;
  {
    Ahead second;
    second.Start([&] { return is_done = true; });
    EXPECT_FALSE(second.Finish());
    second.Start([&] { return is_done = true; });
  }
  go_on.Notify();
  EXPECT_TRUE(first.Finish());
  Ahead third;  // by now the second would have had its turn
  absl::Notification done;
  third.Start([&] {
    done.Notify();
    return true;
  });
  done.WaitForNotification();
  EXPECT_FALSE(is_done);
}

TEST(Ahead, WorkOfOneKindDoesNotWaitForThatOfTheOther) {
  absl::Notification memory_begun, file_done;
  Ahead memory(Ahead::Kind::kMemory), file(Ahead::Kind::kFile);
  memory.Start([&] {
    memory_begun.Notify();
    file_done.WaitForNotification();
    return true;
  });
  memory_begun.WaitForNotification();
  file.Start([&] {
    file_done.Notify();
    return true;
  });
  file_done.WaitForNotification();
  EXPECT_TRUE(memory.Finish());
  EXPECT_TRUE(file.Finish());
}

TEST(Ahead, WhatWasFinishedIsItsOwnersAgain) {
  std::vector<std::thread> threads;
  std::atomic<int> count{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([t, &count] {
      for (int i = 0; i < 500; ++i) {
        auto a = std::make_unique<int>(0), b = std::make_unique<int>(0);
        Ahead first, second;
        first.Start([&a] { return ++*a > 0; });
        second.Start([&b] { return ++*b > 0; });
        for (int n = 0; n < i % 5 * t; ++n) std::this_thread::yield();
        const bool is_second_done = second.Finish();
        const bool is_first_done = first.Finish();
        EXPECT_EQ(is_second_done, *b == 1);
        EXPECT_EQ(is_first_done, *a == 1);
        count += *a + *b;
        a.reset();
        b.reset();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(count, 4'000);
}

}  // namespace
}  // namespace aeternus::env
