// Faults of the original AeternusDB in how its threads met: reads waited for syncs, and each write synced by itself.
// Schedules and counters, never timings.
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "aeternus/db.h"
#include "aeternus/engine.h"
#include "env/testing/sim_env.h"
#include "env/testing/sim_file_system.h"
#include "gtest/gtest.h"
#include "stress/sim_database.h"

namespace aeternus::stress {
namespace {

using env::testing::Fault;
using env::testing::FileCall;
using env::testing::FileOp;
using env::testing::SimEnv;

// In the original a get waited for the sync of a put.
TEST(OriginalFaultsConcurrencyTest, ReadsFinishWhileALogSyncIsParked) {
  SimEnv env(1);
  DbConfig config;
  config.env = env.env();
  const std::unique_ptr<Db> db = Db::Open("/db", config).value();
  ASSERT_TRUE(db->Put("k", "old").ok());
  absl::Notification parked, go_on;
  std::atomic<bool> is_used{false};
  env.file_system().SetFaultRule([&](const FileCall& call) {
    if (call.op == FileOp::kSync && !is_used.exchange(true)) {
      parked.Notify();
      go_on.WaitForNotification();
    }
    return Fault::kNone;
  });
  std::thread writer([&] { EXPECT_TRUE(db->Put("k", "new").ok()); });
  parked.WaitForNotification();
  EXPECT_EQ(db->Get("k").value(), "old") << "what is not acknowledged is not visible yet";
  EXPECT_EQ(ReadAll(*db).value().size(), 1u);
  go_on.Notify();
  writer.join();
  EXPECT_EQ(db->Get("k").value(), "new");
}

// The first writer's sync is held up until seven others are under way; while they are let wait, they come together. How
// many groups they form is up to the scheduler, so there are rounds until one was shared.
TEST(OriginalFaultsConcurrencyTest, WritersInAGroupShareASync) {
  constexpr int kWriters = 8;
  SimEnv env(1);
  DbConfig config;
  config.env = env.env();
  const std::unique_ptr<Db> db = Db::Open("/db", config).value();
  std::atomic<int> writing{0};
  env.file_system().SetFaultRule([&](const FileCall& call) {
    for (int i = 0; call.op == FileOp::kSync && i < 1000 && writing < kWriters; ++i) std::this_thread::yield();
    return Fault::kNone;
  });
  const Stats before = db->Stats().value();
  std::vector<std::thread> writers;
  for (int w = 0; w < kWriters; ++w) {
    writers.emplace_back([&, w] {
      for (int i = 0; i < 200; ++i) {
        ++writing;
        EXPECT_TRUE(db->Put(absl::StrCat(w, "/", i), "v").ok());
        --writing;
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  env.file_system().SetFaultRule(nullptr);
  const Stats after = db->Stats().value();
  EXPECT_EQ(after.commits - before.commits, kWriters * 200u);
  EXPECT_LT(after.commit_groups - before.commit_groups, kWriters * 200u);
  EXPECT_LT(after.log_syncs - before.log_syncs, kWriters * 200u);
}

}  // namespace
}  // namespace aeternus::stress
