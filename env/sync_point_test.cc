#include "env/sync_point.h"

#include <thread>

#include "env/mutex.h"
#include "gtest/gtest.h"

namespace aeternus::env {
namespace {

// How often a handler runs for one point reached: never in release builds.
constexpr int kOnce = kSyncPointsAreCompiledIn ? 1 : 0;

TEST(SyncPointTest, HandlerRunsForItsNameWhileItLives) {
  int runs = 0;
  SyncPoint("test:a");
  {
    ScopedSyncPointHandler handler("test:a", [&runs] { ++runs; });
    SyncPoint("test:b");
    EXPECT_EQ(runs, 0);
    SyncPoint("test:a");
    EXPECT_EQ(runs, kOnce);
  }
  SyncPoint("test:a");
  EXPECT_EQ(runs, kOnce);
}

TEST(SyncPointTest, HandlersOfTwoNamesAreApart) {
  int a = 0;
  int b = 0;
  ScopedSyncPointHandler on_a("test:a", [&a] { ++a; });
  ScopedSyncPointHandler on_b("test:b", [&b] { ++b; });
  SyncPoint("test:a");
  SyncPoint("test:b");
  SyncPoint("test:b");
  EXPECT_EQ(a, kOnce);
  EXPECT_EQ(b, 2 * kOnce);
}

TEST(SyncPointTest, HandlerMayReachOtherPoints) {
  int inner = 0;
  ScopedSyncPointHandler on_inner("test:inner", [&inner] { ++inner; });
  ScopedSyncPointHandler on_outer("test:outer", [] { SyncPoint("test:inner"); });
  SyncPoint("test:outer");
  EXPECT_EQ(inner, kOnce);
}

#ifndef NDEBUG
TEST(SyncPointTest, ParkedThreadGoesOnWhenLetAndIsWaitedFor) {
  Mutex mu;
  CondVar changed;
  bool is_parked = false;
  bool may_go_on = false;
  bool is_done = false;
  std::thread worker;
  {
    ScopedSyncPointHandler handler("test:park", [&] {
      MutexLock lock(&mu);
      is_parked = true;
      changed.SignalAll();
      while (!may_go_on) changed.Wait(&mu);
      is_done = true;
    });
    worker = std::thread([] { SyncPoint("test:park"); });
    MutexLock lock(&mu);
    while (!is_parked) changed.Wait(&mu);
    EXPECT_FALSE(is_done);
    may_go_on = true;
    changed.SignalAll();
  }
  EXPECT_TRUE(is_done) << "the handler was gone before it had returned";
  worker.join();
}

TEST(SyncPointDeathTest, OneHandlerPerName) {
  ScopedSyncPointHandler handler("test:a", [] {});
  EXPECT_DEATH(ScopedSyncPointHandler("test:a", [] {}), "test:a has a handler already");
}
#endif

}  // namespace
}  // namespace aeternus::env
