// Crashes of Db with everything running: writers that share groups, flushes and compactions behind them. At sampled
// calls to the file system, whoever makes them, the power fails; what is left must hold of each writer a prefix of its
// writes with everything that was acknowledged to it (invariants 1 and 2).
//
// Writer w's write number n is one batch: "w/n" = n, and "w/slot<n % 10>" = n. So the number of writes that survived is
// told by "w/n", and everything else follows from it.
#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "aeternus/db.h"
#include "aeternus/write_batch.h"
#include "env/testing/sim_env.h"
#include "env/testing/sim_file_system.h"
#include "gtest/gtest.h"
#include "stress/rng.h"
#include "stress/seed.h"
#include "stress/sim_database.h"

namespace aeternus::stress {
namespace {

using env::testing::CrashMode;
using env::testing::Fault;
using env::testing::FileCall;
using env::testing::SimEnv;
using env::testing::SimFileSystem;

constexpr int kWriters = 3;
constexpr int kSlots = 10;
using Counts = std::array<int, kWriters>;

DbConfig SmallConfig(SimEnv& env) {
  DbConfig config;
  config.write_buffer_bytes = 1024;
  config.compaction.min_table_size_bytes = 0;
  config.compaction.min_threshold = 2;
  config.env = env.env();
  return config;
}

// What writer `w` has in the database after `count` writes.
void AddContentsAfter(int w, int count, Contents& contents) {
  if (count > 0) contents[absl::StrCat(w, "/n")] = absl::StrCat(count);
  for (int n = std::max(1, count - kSlots + 1); n <= count; ++n) {
    contents[absl::StrCat(w, "/slot", n % kSlots)] = absl::StrCat(n);
  }
}

struct Crash {
  std::unique_ptr<SimFileSystem> disk;
  Counts acknowledged;
};

// A database at work, and the crashes that were taken of it meanwhile.
class Work {
 public:
  explicit Work(uint64_t seed) : env_(seed), rng_(seed) {}

  void Run(int writes_each) {
    env_.file_system().SetFaultRule([this](const FileCall&) { return OnCall(); });
    const std::unique_ptr<Db> db = Db::Open("/db", SmallConfig(env_)).value();
    std::vector<std::thread> writers;
    for (int w = 0; w < kWriters; ++w) {
      writers.emplace_back([this, &db, w, writes_each] {
        for (int n = 1; n <= writes_each; ++n) Write(*db, w, n);
      });
    }
    for (std::thread& writer : writers) writer.join();
    EXPECT_TRUE(db->Close().ok());
    env_.file_system().SetFaultRule(nullptr);
  }

  std::vector<Crash> TakeCrashes() {
    absl::MutexLock lock(&mutex_);
    return std::move(crashes_);
  }

 private:
  void Write(Db& db, int w, int n) {
    WriteBatch batch;
    batch.Put(absl::StrCat(w, "/n"), absl::StrCat(n));
    batch.Put(absl::StrCat(w, "/slot", n % kSlots), absl::StrCat(n));
    const bool sync = n % 3 == 0;
    const absl::Status status = db.Write(batch, {.sync = sync});
    EXPECT_TRUE(status.ok()) << status;
    if (sync) acknowledged_[static_cast<size_t>(w)] = n;
  }

  Fault OnCall() {
    absl::MutexLock lock(&mutex_);
    if (!rng_.OneIn(40)) return Fault::kNone;
    Crash crash;
    // First what was acknowledged, then the disk: what is acknowledged in between may be on it, or not.
    for (size_t w = 0; w < kWriters; ++w) crash.acknowledged[w] = acknowledged_[w];
    crash.disk = env_.file_system().Crash({.mode = CrashMode::kRandom, .seed = rng_.Next()});
    crashes_.push_back(std::move(crash));
    return Fault::kNone;
  }

  SimEnv env_;
  std::array<std::atomic<int>, kWriters> acknowledged_{};
  absl::Mutex mutex_;
  Rng rng_ ABSL_GUARDED_BY(mutex_);
  std::vector<Crash> crashes_ ABSL_GUARDED_BY(mutex_);
};

void CheckCrash(Crash crash) {
  SimEnv env(1, std::move(crash.disk));
  const absl::StatusOr<std::unique_ptr<Db>> db = Db::Open("/db", SmallConfig(env));
  ASSERT_TRUE(db.ok()) << db.status();
  const Contents found = ReadAll(**db).value();
  Contents expected;
  for (int w = 0; w < kWriters; ++w) {
    const auto it = found.find(absl::StrCat(w, "/n"));
    const int count = it == found.end() ? 0 : std::stoi(it->second);
    ASSERT_GE(count, crash.acknowledged[static_cast<size_t>(w)]) << "of writer " << w;
    AddContentsAfter(w, count, expected);
  }
  ASSERT_EQ(found, expected);
}

TEST(DbCrashTest, WhatACrashLeavesHoldsAPrefixOfEachWriter) {
  size_t states = 0;
  for (uint64_t seed : SeedsOrFirst(IsLongRun() ? 200 : 8)) {
    SCOPED_TRACE(absl::StrCat("replay (the schedule is the machine's): ", ReplayCommand(seed)));
    Work work(seed);
    work.Run(/*writes_each=*/200);
    for (Crash& crash : work.TakeCrashes()) {
      CheckCrash(std::move(crash));
      ++states;
      if (HasFailure()) return;
    }
  }
  std::printf("crash states: %zu\n", states);
  EXPECT_GT(states, 0u);
}

}  // namespace
}  // namespace aeternus::stress
