// Clients (client.h) on a Db, with real threads before it and behind it, the operating system choosing the schedule:
// held to the same rules as the simulated schedules (history.h). Meant for the thread sanitizer, too.
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "aeternus/db.h"
#include "env/testing/sim_env.h"
#include "gtest/gtest.h"
#include "stress/client.h"
#include "stress/history.h"
#include "stress/oracle.h"
#include "stress/rng.h"
#include "stress/seed.h"
#include "stress/sim_database.h"
#include "stress/temp_directory.h"

namespace aeternus::stress {
namespace {

using env::testing::SimEnv;

constexpr int kClients = 6;

DbConfig SmallConfig(env::Env* env) {
  DbConfig config;
  config.write_buffer_bytes = 4096;
  config.memory_budget_bytes = size_t{1} << 20;
  config.table.block_size_bytes = 512;
  config.compaction.min_table_size_bytes = 1024;
  config.compaction.min_threshold = 2;
  config.compaction.tombstone_ratio = 0.1;
  config.env = env;
  return config;
}

template <typename Database>
Oracle::Pairs PairsOf(Database& database) {
  const Contents contents = ReadAll(database).value();
  return {contents.begin(), contents.end()};
}

class DbThreadsTest : public testing::Test {
 protected:
  void TearDown() override {
    std::printf("operations: %zu\ncrashes checked: %zu\n", operations_checked_, crashes_checked_);
  }

  // Clients with a thread each, on `db`, until all have done their operations; `meanwhile` runs beside them.
  void Work(Db& db, int operations_each, const ClientOptions& options, const std::function<void()>& meanwhile) {
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 1; i <= kClients; ++i) {
      clients.push_back(std::make_unique<Client>(absl::StrCat("client-", i), rng_.Next(), &db, &ticks_, options));
    }
    std::vector<std::thread> threads;
    for (const auto& client : clients)
      threads.emplace_back([&client, operations_each] { client->Run(operations_each); });
    meanwhile();
    for (std::thread& thread : threads) thread.join();
    for (const auto& client : clients) {
      EXPECT_TRUE(client->status().ok()) << client->status();
      client->AppendTo(&operations_, &crashes_);
    }
  }

  // Of everything that was done, and of the crashes: 1 to 5.
  Oracle::Pairs CheckHistory() {
    const History history(std::move(operations_));
    operations_checked_ += history.size();
    crashes_checked_ += crashes_.size();
    const absl::Status checked = history.Check();
    EXPECT_TRUE(checked.ok()) << checked;
    for (CrashedDisk& crash : crashes_) {
      SimEnv after(1, std::move(crash.disk));
      const absl::StatusOr<std::unique_ptr<Db>> db = Db::Open(SimDatabase::kDirectory, SmallConfig(after.env()));
      EXPECT_TRUE(db.ok()) << db.status();
      if (!db.ok() || !checked.ok()) break;
      const absl::Status survived = history.CheckSurvivors(PairsOf(**db), crash.lost_power, crash.begin, crash.end);
      EXPECT_TRUE(survived.ok()) << survived;
    }
    return history.Final();
  }

  const uint64_t seed_ = SeedsOrFirst(1)[0];
  const testing::ScopedTrace trace_{__FILE__, __LINE__,
                                    absl::StrCat("replay (the schedule is the machine's): ", ReplayCommand(seed_))};
  Rng rng_{seed_};
  Ticks ticks_;
  std::vector<Operation> operations_;
  std::vector<CrashedDisk> crashes_;
  size_t operations_checked_ = 0, crashes_checked_ = 0;
};

TEST_F(DbThreadsTest, OnTheRealMachineWhatIsReportedIsTheOrderOfThings) {
  const TempDirectory dir;
  std::unique_ptr<Db> db = Db::Open(dir.path(), SmallConfig(nullptr)).value();
  Work(*db, IsLongRun() ? 50'000 : 1'500, {.keys = 40}, [] {});
  const Oracle::Pairs expected = CheckHistory();
  EXPECT_EQ(PairsOf(*db), expected);
  ASSERT_TRUE(db->WaitForBackgroundWork().ok());
  EXPECT_TRUE(db->Verify().ok());
  ASSERT_TRUE(db->Close().ok());
  db = Db::Open(dir.path(), SmallConfig(nullptr)).value();
  EXPECT_EQ(PairsOf(*db), expected);
}

TEST_F(DbThreadsTest, WhatCrashesLeaveIsAPrefixWithEverythingAcknowledged) {
  SimEnv env(seed_);
  std::unique_ptr<Db> db = Db::Open(SimDatabase::kDirectory, SmallConfig(env.env())).value();
  Work(*db, IsLongRun() ? 10'000 : 600, {.keys = 40, .disk = &env.file_system()}, [] {});
  db.reset();
  const Oracle::Pairs expected = CheckHistory();
  db = Db::Open(SimDatabase::kDirectory, SmallConfig(env.env())).value();
  EXPECT_EQ(PairsOf(*db), expected);
}

TEST_F(DbThreadsTest, ClosedMeanwhileItHoldsWhatItAcknowledged) {
  for (int round = 0; round < (IsLongRun() ? 2'000 : 60) && !HasFailure(); ++round) {
    operations_.clear();
    SimEnv env(seed_ + static_cast<uint64_t>(round));
    std::unique_ptr<Db> db = Db::Open(SimDatabase::kDirectory, SmallConfig(env.env())).value();
    Work(*db, 40, {.keys = 10, .may_be_closed = true}, [&] {
      for (uint64_t n = rng_.Below(300); n > 0; --n) EXPECT_TRUE(db->Get("k10").ok());
      // Refused while somebody holds a handle.
      const absl::Status closed = db->Close();
      EXPECT_TRUE(closed.ok() || absl::IsFailedPrecondition(closed)) << closed;
    });
    ASSERT_TRUE(db->Close().ok());
    db = Db::Open(SimDatabase::kDirectory, SmallConfig(env.env())).value();
    EXPECT_EQ(PairsOf(*db), CheckHistory());
  }
}

}  // namespace
}  // namespace aeternus::stress
