// What the two shells count on and seldom show by themselves: groups whose members want different things, and merges
// that are told to end.
#include "engine/core.h"

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "base/types.h"
#include "engine/testing/machine.h"
#include "engine/testing/status.h"
#include "gtest/gtest.h"
#include "manifest/manifest.h"

namespace aeternus {
namespace {

using testing::Contents;
using testing::ContentsWhenOpened;
using testing::FailsWith;
using testing::Machine;

class CoreTest : public ::testing::Test {
 protected:
  CoreTest()
      : core_(Core::Open(Machine::kDir, {.write_buffer_bytes = size_t{64} << 10,
                                         .memory_budget_bytes = size_t{64} << 20,
                                         .env = machine_.env()})
                  .value()) {}

  absl::Status Put(const std::string& key) {
    WriteBatch batch;
    batch.Put(key, "v");
    PendingCommit commit{.batch = &batch};
    PendingCommit* const group[] = {&commit};
    core_->Commit(group);
    return commit.status;
  }

  Machine machine_;
  const std::shared_ptr<Core> core_;
};

TEST_F(CoreTest, AGroupIsSyncedWhicheverOfItsMembersAsksForIt) {
  Contents expected;
  for (int asking = 0; asking < 3; ++asking) {
    WriteBatch batches[3];
    PendingCommit commits[3];
    PendingCommit* group[3];
    for (int i = 0; i < 3; ++i) {
      const std::string key = std::to_string(3 * asking + i);
      batches[i].Put(key, "v");
      expected[key] = "v";
      commits[i] = {.batch = &batches[i], .sync = i == asking};
      group[i] = &commits[i];
    }
    core_->Commit(group);
    for (const PendingCommit& commit : commits) ASSERT_OK(commit.status);
    EXPECT_EQ(ContentsWhenOpened(machine_.AfterPowerLoss()), expected) << "member " << asking;
  }
}

TEST_F(CoreTest, MergesEndWhileTheyAreCancelledAndLeaveEverythingAsItWas) {
  for (const char* const key : {"a", "b"}) {
    ASSERT_OK(Put(key));
    ASSERT_TRUE(core_->Freeze().value());
    ASSERT_TRUE(core_->FlushOldestFrozen().value());
  }
  core_->CancelMerges(true);
  EXPECT_TRUE(FailsWith(core_->MajorCompact(), absl::StatusCode::kCancelled));
  EXPECT_EQ(machine_.Tables().size(), 2u);
  core_->CancelMerges(false);
  EXPECT_TRUE(core_->MajorCompact().value());
  EXPECT_EQ(machine_.Tables().size(), 1u);
}

TEST_F(CoreTest, TheLastLsnIsUsedAndNoneBehindIt) {
  Machine machine;
  ASSERT_OK(machine.disk().CreateDirectory(Machine::kDir));
  ManifestState state{.database_id = DatabaseId(1), .max_lsn = Lsn(kMaxLsn.value - 3)};
  ASSERT_OK(Manifest::Create(&machine.disk(), Machine::kDir, state, FileNumber(1)));
  const auto engine = machine.Open();
  ASSERT_NE(engine, nullptr);
  ASSERT_OK(engine->Put("a", "v"));
  WriteBatch two, three;
  for (const char* const key : {"b", "c", "d"}) {
    if (two.count() < 2) two.Put(key, "v");
    three.Put(key, "v");
  }
  EXPECT_TRUE(FailsWith(engine->Write(three), absl::StatusCode::kResourceExhausted, {"sequence numbers"}));
  ASSERT_OK(engine->Write(two));
  EXPECT_EQ(engine->Stats()->last_lsn, kMaxLsn.value);
  EXPECT_TRUE(FailsWith(engine->Put("e", "v"), absl::StatusCode::kResourceExhausted, {"sequence numbers"}));
  EXPECT_EQ(ContentsWhenOpened(machine.AfterPowerLoss()), (Contents{{"a", "v"}, {"b", "v"}, {"c", "v"}}));
}

}  // namespace
}  // namespace aeternus
