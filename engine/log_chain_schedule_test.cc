// The chain under schedules: the writer and whoever prepares the next log, switched wherever either blocks.
#include <cstdint>

#include "base/types.h"
#include "engine/log_chain.h"
#include "engine/testing/log_chain_on_disk.h"
#include "engine/testing/status.h"
#include "env/testing/sim_file_system.h"
#include "env/testing/sim_scheduler.h"
#include "gtest/gtest.h"
#include "wal/frame.h"
#include "wal/reader.h"

namespace aeternus {
namespace {

class LogChainInSchedule : public testing::LogChainOnDisk {
 public:
  void WriteAndSeal(int logs) {
    for (int i = 0; i < logs; ++i) {
      EXPECT_OK(Append("x"));
      EXPECT_OK(chain_.Seal(&wrote_));
    }
  }
  LogChain& chain() { return chain_; }
  uint64_t last_lsn() const { return last_lsn_; }
  // How many batches of a log are there if power is lost now.
  int DurableBatchesOf(FileNumber number) {
    const auto disk = fs_.Crash({.mode = env::testing::CrashMode::kDropAll});
    const auto file = disk->NewRandomAccessFile(PathOf(number)).value();
    wal::Reader reader(file.get(), kDatabase, number);
    int batches = 0;
    for (auto frame = reader.Next().value(); frame.has_value(); frame = reader.Next().value()) {
      batches += frame->type == wal::FrameType::kBatch ? 1 : 0;
    }
    return batches;
  }
  // Up to which LSN everything is there if power is lost now.
  uint64_t DurableLsn() {
    const auto disk = fs_.Crash({.mode = env::testing::CrashMode::kDropAll});
    Lsn durable;
    for (FileNumber number(1); disk->FileExists(PathOf(number)).value(); ++number.value) {
      const auto file = disk->NewRandomAccessFile(PathOf(number)).value();
      wal::Reader reader(file.get(), kDatabase, number);
      for (auto frame = reader.Next().value(); frame.has_value(); frame = reader.Next().value()) {
        if (frame->type != wal::FrameType::kBatch) continue;
        if (frame->first_lsn.value != durable.value + 1) return durable.value;
        durable = frame->last_lsn();
      }
    }
    return durable.value;
  }
};

// It once took whatever log it had just seen to be prepared for still being there, or active: a writer may begin that
// log and seal it meanwhile.
TEST(LogChainSchedule, ANextLogIsFoundHoweverFarTheWriterGets) {
  for (uint64_t seed = 1; seed <= 2000; ++seed) {
    LogChainInSchedule test;
    env::testing::SimScheduler scheduler({.seed = seed});
    ASSERT_OK(scheduler.Run([&] {
      scheduler.Start("writer", [&test] { test.WriteAndSeal(/*logs=*/3); });
      for (int i = 0; i < 3; ++i) EXPECT_GT(test.chain().EnsureNext()->value, 0u);
    }));
  }
}

// Whatever log is active when a sync begins may be sealed, and another begun, before it has come to it.
TEST(LogChainSchedule, WhatIsCalledSyncedIsOnDiskWhateverIsWrittenMeanwhile) {
  for (uint64_t seed = 1; seed <= 1000; ++seed) {
    LogChainInSchedule test;
    env::testing::SimScheduler scheduler({.seed = seed});
    ASSERT_OK(scheduler.Run([&] {
      scheduler.Start("writer", [&test] { test.WriteAndSeal(/*logs=*/4); });
      for (int i = 0; i < 3; ++i) {
        const uint64_t appended = test.last_lsn();
        ASSERT_OK(test.chain().SyncAll());
        const uint64_t synced = test.chain().synced_lsn().value;
        EXPECT_GE(synced, appended) << "seed " << seed;
        EXPECT_GE(test.DurableLsn(), synced) << "seed " << seed;
      }
    }));
  }
}

// A flush may retire a log while that is synced.
TEST(LogChainSchedule, ALogThatIsDroppedWhileItIsSyncedTakesNoOtherWithIt) {
  for (uint64_t seed = 1; seed <= 1000; ++seed) {
    LogChainInSchedule test;
    env::testing::SimScheduler scheduler({.seed = seed});
    ASSERT_OK(scheduler.Run([&] {
      scheduler.Start("writer", [&test] { test.WriteAndSeal(/*logs=*/4); });
      scheduler.Start("flush", [&test] {
        for (uint64_t end = 2; end <= 3; ++end) test.chain().Drop(FileNumber(end));
      });
      for (int i = 0; i < 3; ++i) EXPECT_OK(test.chain().SyncAll());
    }));
    ASSERT_OK(test.chain().SyncAll());
    for (uint64_t log = 3; log <= 4; ++log) {
      EXPECT_EQ(test.DurableBatchesOf(FileNumber(log)), 1) << "log " << log << ", seed " << seed;
    }
  }
}

}  // namespace
}  // namespace aeternus
