#include "engine/background.h"

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "engine/core.h"
#include "engine/testing/machine.h"
#include "engine/testing/status.h"
#include "gtest/gtest.h"

namespace aeternus {
namespace {

using testing::FailsWith;
using testing::Machine;

// A Db that is refused its close goes on as if it had not been asked.
TEST(Background, MergesEndWhenItStopsAndGoOnWhenItIsStartedAgain) {
  Machine machine;
  const std::shared_ptr<Core> core = Core::Open(Machine::kDir, {.write_buffer_bytes = size_t{64} << 10,
                                                                .memory_budget_bytes = size_t{64} << 20,
                                                                .env = machine.env()})
                                         .value();
  Background background(core, machine.env(), /*threads=*/1, /*max_frozen=*/2);
  for (const char* const key : {"a", "b"}) {
    WriteBatch batch;
    batch.Put(key, "v");
    PendingCommit commit{.batch = &batch};
    PendingCommit* const group[] = {&commit};
    core->Commit(group);
    ASSERT_OK(commit.status);
    ASSERT_TRUE(core->Freeze().value());
    ASSERT_OK(background.WaitForFlushes());
  }
  background.Stop();
  EXPECT_TRUE(FailsWith(core->MajorCompact(), absl::StatusCode::kCancelled));
  background.Start();
  EXPECT_TRUE(core->MajorCompact().value());
}

TEST(Background, OnceItIsGoneScansTellNobodyWhatTheyPay) {
  Machine machine;
  const std::shared_ptr<Core> core = Core::Open(Machine::kDir, {.write_buffer_bytes = size_t{64} << 10,
                                                                .memory_budget_bytes = size_t{64} << 20,
                                                                .merge_for_scans = true,
                                                                .env = machine.env()})
                                         .value();
  { Background background(core, machine.env(), /*threads=*/1, /*max_frozen=*/2); }
  core->NoteSeeks(uint64_t{1} << 30, *core->Now()->view);
}

}  // namespace
}  // namespace aeternus
