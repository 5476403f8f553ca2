#include "env/testing/sim_scheduler.h"

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "env/env.h"
#include "env/executor.h"
#include "env/mutex.h"
#include "env/sync_point.h"
#include "env/testing/sim_env.h"
#include "env/testing/sim_file_system.h"
#include "gtest/gtest.h"

namespace aeternus::env::testing {
namespace {

using Events = std::vector<std::string>;

// Runs of a scheduler.
class SimSchedulerTest : public ::testing::Test {
 protected:
  // Threads that each come to `places` places, one after the other: the order in which all did.
  static std::string OrderOf(uint64_t seed, int threads, int places) {
    SimScheduler scheduler({.seed = seed});
    std::string order;
    const absl::Status ran = scheduler.Run([&] {
      for (int t = 0; t < threads; ++t) {
        scheduler.Start(std::string(1, static_cast<char>('a' + t)), [&order, t, places] {
          for (int i = 0; i < places; ++i) {
            order.push_back(static_cast<char>('a' + t));
            SyncPoint("test:place");
          }
        });
      }
    });
    EXPECT_TRUE(ran.ok()) << ran;
    return order;
  }

  // Two threads that add to a counter in two steps; with or without a mutex around them.
  static int CountOfTwo(uint64_t seed, bool locked) {
    SimScheduler scheduler({.seed = seed});
    Mutex mutex;
    int count = 0;
    const auto add = [&] {
      const int read = count;
      SyncPoint("test:between");
      count = read + 1;
    };
    const absl::Status ran = scheduler.Run([&] {
      for (const char* name : {"a", "b"}) {
        scheduler.Start(name, [&] {
          if (!locked) return add();
          MutexLock lock(&mutex);
          add();
        });
      }
    });
    EXPECT_TRUE(ran.ok()) << ran;
    return count;
  }
};

TEST_F(SimSchedulerTest, EveryOrderOfTwoThreadsIsMet) {
  std::set<std::string> orders;
  for (uint64_t seed = 1; seed <= 3000 && orders.size() < 20; ++seed) orders.insert(OrderOf(seed, 2, 3));
  EXPECT_EQ(orders.size(), 20u) << absl::StrJoin(orders, " ");  // 6 over 3
}

TEST_F(SimSchedulerTest, EachThreadComesFirstAndLastForSomeSeed) {
  std::set<char> first, last;
  for (uint64_t seed = 1; seed <= 400; ++seed) {
    const std::string order = OrderOf(seed, 5, 4);
    EXPECT_EQ(order.size(), 20u);
    first.insert(order.front());
    last.insert(order.back());
  }
  EXPECT_EQ(first.size(), 5u);
  EXPECT_EQ(last.size(), 5u);
}

TEST_F(SimSchedulerTest, AMutexKeepsOthersOut) {
  int lost = 0;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    EXPECT_EQ(CountOfTwo(seed, /*locked=*/true), 2) << "seed " << seed;
    lost += CountOfTwo(seed, /*locked=*/false) < 2 ? 1 : 0;
  }
  EXPECT_GT(lost, 0) << "a lost update is what a race looks like";
}

TEST_F(SimSchedulerTest, TryLockFailsWhileTheMutexIsHeld) {
  int failed = 0, succeeded = 0;
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    SimScheduler scheduler({.seed = seed});
    Mutex mutex;
    bool is_inside = false;
    ASSERT_TRUE(scheduler
                    .Run([&] {
                      scheduler.Start("holder", [&] {
                        MutexLock lock(&mutex);
                        is_inside = true;
                        SyncPoint("test:inside");
                        is_inside = false;
                      });
                      if (!mutex.TryLock()) {
                        EXPECT_TRUE(is_inside);
                        ++failed;
                      } else {
                        EXPECT_FALSE(is_inside);
                        mutex.Unlock();
                        ++succeeded;
                      }
                    })
                    .ok());
  }
  EXPECT_GT(failed, 0);
  EXPECT_GT(succeeded, 0);
}

// A box for one number at a time, between threads that put and threads that take.
struct Box {
  Mutex mutex;
  CondVar changed;
  int number = 0;  // 0: empty
  int idle_wakes = 0;

  void Put(int n) {
    MutexLock lock(&mutex);
    while (number != 0) Wait();
    number = n;
    changed.SignalAll();
  }
  int Take() {
    MutexLock lock(&mutex);
    while (number == 0) Wait();
    changed.SignalAll();
    return std::exchange(number, 0);
  }
  void Wait() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    const int before = number;
    changed.Wait(&mutex);
    idle_wakes += number == before ? 1 : 0;
  }
};

TEST_F(SimSchedulerTest, ConditionsHandOver) {
  int idle_wakes = 0;
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    SimScheduler scheduler({.seed = seed});
    Box box;
    int sum = 0;
    const absl::Status ran = scheduler.Run([&] {
      for (int p = 0; p < 2; ++p) {
        scheduler.Start("put", [&] {
          for (int n = 1; n <= 5; ++n) box.Put(n);
        });
      }
      for (int n = 0; n < 10; ++n) sum += box.Take();
    });
    ASSERT_TRUE(ran.ok()) << ran;
    EXPECT_EQ(sum, 30);
    idle_wakes += box.idle_wakes;
  }
  EXPECT_GT(idle_wakes, 0);
}

// What stands still stays allocated, see the header.
struct Stuck {
  Mutex mutex;
  CondVar never;
};

TEST_F(SimSchedulerTest, ADeadlockIsToldWithWhoWaitsForWhat) {
  Stuck& world = *new Stuck;
  SimScheduler scheduler({.seed = 1, .keep_events = true});
  const absl::Status ran = scheduler.Run([&] {
    scheduler.Join(scheduler.Start("forgotten", [&] {
      SyncPoint("test:waiting");
      MutexLock lock(&world.mutex);
      while (true) world.never.Wait(&world.mutex);
    }));
  });
  EXPECT_TRUE(absl::IsAborted(ran)) << ran;
  for (const char* part : {"no thread can go on (seed 1", "main waits for the end of forgotten",
                           "forgotten waits for a signal of condition 2; its last place was: sync point test:waiting",
                           "forgotten waits for condition 2"}) {
    EXPECT_TRUE(absl::StrContains(ran.message(), part)) << ran.message() << "\nlacks: " << part;
  }
}

TEST_F(SimSchedulerTest, TheHolderOfAMutexIsNamed) {
  bool named = false;
  for (uint64_t seed = 1; seed <= 20 && !named; ++seed) {
    Stuck& world = *new Stuck;
    Mutex& other = *new Mutex;
    SimScheduler scheduler({.seed = seed});
    const absl::Status ran = scheduler.Run([&] {
      scheduler.Start("holder", [&] {
        MutexLock held(&other);
        MutexLock lock(&world.mutex);
        while (true) world.never.Wait(&world.mutex);
      });
      scheduler.Start("guest", [&] { MutexLock lock(&other); });
    });
    if (ran.ok()) continue;
    named = absl::StrContains(ran.message(), "guest waits for mutex 1, which holder holds");
  }
  EXPECT_TRUE(named);
}

TEST_F(SimSchedulerTest, ARunThatDoesNotEndIsTold) {
  SimScheduler scheduler({.seed = 3, .max_steps = 1000});
  const absl::Status ran = scheduler.Run([] {
    while (true) SyncPoint("test:again");
  });
  EXPECT_TRUE(absl::IsAborted(ran));
  EXPECT_TRUE(absl::StrContains(ran.message(), "more than 1000 steps (seed 3")) << ran;
  EXPECT_TRUE(absl::StrContains(ran.message(), "main can run; its last place was: sync point test:again")) << ran;
}

// A machine at work: two threads write files, and tasks of an executor do.
struct Recording {
  uint64_t hash;
  uint64_t switches;
  Events events;
};
Recording RecordMachine(uint64_t seed) {
  SimScheduler scheduler({.seed = seed, .keep_events = true});
  SimEnv sim(seed, nullptr, &scheduler);
  const auto write = [&sim](const char* path) {
    const auto file = sim.env()->file_system->NewWritableFile(path).value();
    EXPECT_TRUE(file->Append("text").ok());
    EXPECT_TRUE(file->Sync().ok());
  };
  const absl::Status ran = scheduler.Run([&] {
    const auto executor = sim.env()->executors->NewExecutor(2, "work");
    for (const char* path : {"/1", "/2", "/3"}) executor->Schedule([&write, path] { write(path); });
    const auto a = scheduler.Start("a", [&] { write("/a"); });
    scheduler.Start("b", [&] { write("/b"); });
    scheduler.Join(a);
    EXPECT_TRUE(sim.file_system().FileExists("/a").value());
  });
  EXPECT_TRUE(ran.ok()) << ran;
  EXPECT_EQ(sim.file_system().Files(), (Events{"/1", "/2", "/3", "/a", "/b"}));
  return {scheduler.event_hash(), scheduler.switches(), scheduler.events()};
}

TEST_F(SimSchedulerTest, ASeedGivesItsEventsAgain) {
  std::set<uint64_t> hashes;
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    const Recording once = RecordMachine(seed), again = RecordMachine(seed);
    ASSERT_EQ(once.events, again.events) << "seed " << seed;
    ASSERT_EQ(once.hash, again.hash);
    ASSERT_EQ(once.switches, again.switches);
    hashes.insert(once.hash);
  }
  EXPECT_GT(hashes.size(), 45u) << "other seeds, other runs";
}

TEST_F(SimSchedulerTest, CallsToTheDiskAreEvents) {
  const Events events = RecordMachine(1).events;
  const auto holds = [&](const char* part) {
    return std::any_of(events.begin(), events.end(), [&](const auto& event) { return absl::StrContains(event, part); });
  };
  for (const char* part : {"main starts a", "a comes to append /a", "a comes to sync /a", "main starts work-1",
                           "main joins a", "b ends its run"}) {
    EXPECT_TRUE(holds(part)) << part << "\n" << absl::StrJoin(events, "\n");
  }
}

TEST_F(SimSchedulerTest, AnExecutorRunsItsTasksAndTasksOfThose) {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    SimScheduler scheduler({.seed = seed});
    int runs = 0;
    const absl::Status ran = scheduler.Run([&] {
      const std::unique_ptr<Executor> executor = scheduler.executors()->NewExecutor(2, "work");
      for (int i = 0; i < 5; ++i) {
        executor->Schedule([&runs, &executor] {
          ++runs;
          executor->Schedule([&runs] { ++runs; });
        });
      }
    });
    ASSERT_TRUE(ran.ok()) << ran;
    ASSERT_EQ(runs, 10);
  }
}

TEST_F(SimSchedulerTest, TheClockMovesWithTheSteps) {
  SimScheduler scheduler({.seed = 1});
  SimEnv sim(1, nullptr, &scheduler);
  Clock* const clock = sim.env()->clock;
  const absl::Status ran = scheduler.Run([&] {
    const int64_t before = clock->WallMicros();
    SyncPoint("test:tick");
    SyncPoint("test:tick");
    EXPECT_EQ(clock->WallMicros(), before + 2);
    EXPECT_EQ(clock->MonotonicNanos(), clock->WallMicros() * 1000);
  });
  ASSERT_TRUE(ran.ok()) << ran;
}

}  // namespace
}  // namespace aeternus::env::testing
