// Where the log of a killed database ends, and when what is missing there is a torn tail and when a loss (invariant 6).
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/file_identity.h"
#include "base/testing/test_seed.h"
#include "engine/testing/log_frames.h"
#include "engine/testing/machine.h"
#include "engine/testing/past_life.h"
#include "engine/testing/status.h"
#include "gtest/gtest.h"

namespace aeternus {
namespace {

using testing::Contents;
using testing::ContentsOf;
using testing::ContentsWhenOpened;
using testing::DestroyBatch;
using testing::FailsWith;
using testing::FramesOf;
using testing::IsRefusedUnchanged;
using testing::KilledAfter;
using testing::kUnsynced;
using testing::LogFrame;
using testing::Machine;
using testing::Numbered;
using testing::PutNumbered;

constexpr int kPuts = 5;

// After kPuts puts into one log; LSN i belongs to key i.
Machine Killed(const WriteOptions& options) { return KilledAfter({.puts_each = kPuts, .write = options}); }

// A copy of a machine that is off.
Machine Copy(const Machine& machine) { return machine.AfterKill(); }

// How many of the frames end at or before `offset`.
int BatchesBefore(const std::vector<LogFrame>& frames, uint64_t offset) {
  int batches = 0;
  for (const LogFrame& frame : frames) {
    if (frame.end_offset > offset) return batches;
    if (frame.type == wal::FrameType::kBatch) ++batches;
  }
  return batches;
}

TEST(RecoveryTail, AnUndamagedLogIsReplayedToItsEnd) {
  for (const WriteOptions& options : {WriteOptions{}, kUnsynced}) {
    Machine machine = Killed(options);
    const auto engine = machine.Open();
    EXPECT_EQ(ContentsOf(*engine), Numbered(1, kPuts + 1));
    EXPECT_EQ(engine->Stats()->last_lsn, uint64_t{kPuts});
  }
}

TEST(RecoveryTail, ALogCutShortAnywhereHoldsWhatStoodWholeBeforeTheCut) {
  const Machine killed = Killed(kUnsynced);
  Machine whole = Copy(killed);
  const std::string log = whole.Logs()[0];
  const std::vector<LogFrame> frames = FramesOf(whole, log);
  for (uint64_t size = 0; size <= frames.back().end_offset; ++size) {
    Machine machine = Copy(killed);
    machine.Truncate(log, size);
    const auto engine = machine.Open();
    ASSERT_NE(engine, nullptr) << "cut at " << size;
    ASSERT_EQ(ContentsOf(*engine), Numbered(1, 1 + BatchesBefore(frames, size))) << "cut at " << size;
  }
}

TEST(RecoveryTail, AZeroedTailOfALogIsItsEnd) {
  const Machine killed = Killed(kUnsynced);
  Machine whole = Copy(killed);
  const std::string log = whole.Logs()[0];
  const std::vector<LogFrame> frames = FramesOf(whole, log);
  for (uint64_t from = kFileIdentitySizeBytes; from < frames.back().end_offset; ++from) {
    Machine machine = Copy(killed);
    machine.Zero(log, from, frames.back().end_offset - from);
    const auto engine = machine.Open();
    ASSERT_NE(engine, nullptr) << "zeros from " << from;
    // A frame may end in zeros of its own.
    const int survivors = static_cast<int>(ContentsOf(*engine).size());
    ASSERT_GE(survivors, BatchesBefore(frames, from));
    ASSERT_LE(survivors, BatchesBefore(frames, from + 16));
    ASSERT_EQ(ContentsOf(*engine), Numbered(1, 1 + survivors));
  }
}

TEST(RecoveryTail, GarbageBehindTheLastFrameIsItsEnd) {
  std::mt19937_64 random(TestSeed());
  Machine machine = Killed(WriteOptions{});
  const std::string log = machine.Logs()[0];
  machine.Write(log, FramesOf(machine, log).back().end_offset, RandomBytes(random, 2000));
  EXPECT_EQ(ContentsWhenOpened(machine), Numbered(1, kPuts + 1));
}

TEST(RecoveryTail, AFlippedBitInAnUnsyncedLogLeavesThePrefixBeforeIt) {
  const Machine killed = Killed(kUnsynced);
  Machine whole = Copy(killed);
  const std::string log = whole.Logs()[0];
  const std::vector<LogFrame> frames = FramesOf(whole, log);
  for (uint64_t bit = 8 * kFileIdentitySizeBytes; bit < 8 * frames.back().end_offset; ++bit) {
    Machine machine = Copy(killed);
    machine.FlipBit(log, bit);
    const auto engine = machine.Open();
    ASSERT_NE(engine, nullptr) << "bit " << bit;
    ASSERT_EQ(ContentsOf(*engine), Numbered(1, 1 + BatchesBefore(frames, bit / 8))) << "bit " << bit;
    // The frames behind the damage were used up: their LSNs are never given out again [LSN_ABOVE_ALL].
    ASSERT_OK(engine->Put("next", "v"));
    const bool is_in_last = bit / 8 >= frames.back().offset;
    ASSERT_EQ(engine->Stats()->last_lsn, static_cast<uint64_t>(is_in_last ? kPuts : kPuts + 1)) << "bit " << bit;
  }
}

TEST(RecoveryTail, AFlippedBitBeforeASyncedFrameIsALossAndChangesNothing) {
  const Machine killed = Killed(WriteOptions{});
  Machine whole = Copy(killed);
  const std::string log = whole.Logs()[0];
  const std::vector<LogFrame> frames = FramesOf(whole, log);
  ASSERT_EQ(frames.back().synced_lsn, Lsn(kPuts - 1));
  for (uint64_t bit = 8 * kFileIdentitySizeBytes; bit < 8 * frames.back().offset; ++bit) {
    Machine machine = Copy(killed);
    machine.FlipBit(log, bit);
    ASSERT_TRUE(IsRefusedUnchanged(machine, log)) << "bit " << bit;
  }
  // The one thing that no store can tell: whether the last frame was ever whole.
  for (uint64_t bit = 8 * frames.back().offset; bit < 8 * frames.back().end_offset; ++bit) {
    Machine machine = Copy(killed);
    machine.FlipBit(log, bit);
    ASSERT_EQ(ContentsWhenOpened(machine), Numbered(1, kPuts)) << "bit " << bit;
  }
}

TEST(RecoveryTail, ALossSaysHowFarTheLogsWereDurableAndHowFarTheyCanBeRead) {
  Machine machine = Killed(WriteOptions{});
  const std::string log = machine.Logs()[0];
  DestroyBatch(machine, log, 1);
  EXPECT_TRUE(IsRefusedUnchanged(machine, "everything up to LSN 4 was on disk"));
  EXPECT_TRUE(IsRefusedUnchanged(machine, "can be read only up to LSN 1"));
  EXPECT_TRUE(IsRefusedUnchanged(machine, "nothing was changed"));
}

TEST(RecoveryTail, ADamagedHeaderDoesNotHideTheFramesOfALog) {
  const Machine killed = Killed(WriteOptions{});
  for (uint64_t bit = 0; bit < 8 * kFileIdentitySizeBytes; ++bit) {
    Machine machine = Copy(killed);
    machine.FlipBit(machine.Logs()[0], bit);
    ASSERT_EQ(ContentsWhenOpened(machine), Numbered(1, kPuts + 1)) << "bit " << bit;
  }
  Machine machine = Copy(killed);
  machine.Zero(machine.Logs()[0], 0, kFileIdentitySizeBytes);
  EXPECT_EQ(ContentsWhenOpened(machine), Numbered(1, kPuts + 1));
}

// The edit that names the first log is the last of a young manifest: torn, it would look like an edit that never was.
TEST(RecoveryTail, ALogInUseThatTheManifestDoesNotKnowOfIsALoss) {
  Machine machine = Killed(WriteOptions{});
  const std::string manifest = machine.Manifests()[0];
  machine.Truncate(manifest, machine.SizeOf(manifest) - 1);
  EXPECT_TRUE(IsRefusedUnchanged(machine, machine.Logs()[0]));
  EXPECT_TRUE(IsRefusedUnchanged(machine, "aeternus salvage /data/db"));
}

// A machine whose database was closed, with its entries in a log.
Machine Closed(const WriteOptions& options) {
  Machine machine;
  const auto engine = machine.Open();
  PutNumbered(*engine, 1, kPuts + 1, options);
  EXPECT_OK(engine->Close());
  return machine.AfterPowerLoss();
}

TEST(RecoveryTail, AfterACleanCloseNoFlippedBitLosesAnythingSilently) {
  for (const WriteOptions& options : {WriteOptions{}, kUnsynced}) {
    const Machine closed = Closed(options);
    Machine whole = Copy(closed);
    const std::string log = whole.Logs()[0];
    const std::vector<LogFrame> frames = FramesOf(whole, log);
    ASSERT_EQ(frames.back().type, wal::FrameType::kSeal);
    for (uint64_t bit = 0; bit < 8 * frames.back().end_offset; ++bit) {
      Machine machine = Copy(closed);
      machine.FlipBit(log, bit);
      // Of the seal itself nothing else depends.
      const bool is_needed = bit / 8 >= kFileIdentitySizeBytes && bit / 8 < frames.back().offset;
      if (is_needed) {
        ASSERT_TRUE(IsRefusedUnchanged(machine, log)) << "bit " << bit;
      } else {
        ASSERT_EQ(ContentsWhenOpened(machine), Numbered(1, kPuts + 1)) << "bit " << bit;
      }
    }
  }
}

TEST(RecoveryTail, AfterACleanCloseNoLostStretchBeforeTheSealIsSilent) {
  const Machine closed = Closed(kUnsynced);
  Machine whole = Copy(closed);
  const std::string log = whole.Logs()[0];
  const std::vector<LogFrame> frames = FramesOf(whole, log);
  for (size_t first = 0; first + 1 < frames.size(); ++first) {
    for (size_t last = first; last + 1 < frames.size(); ++last) {
      Machine machine = Copy(closed);
      machine.Zero(log, frames[first].offset, frames[last].end_offset - frames[first].offset);
      ASSERT_TRUE(IsRefusedUnchanged(machine, log)) << "frames " << first << " to " << last;
    }
  }
}

TEST(RecoveryTail, ABatchIsReplayedAsAWholeOrNotAtAll) {
  Machine machine;
  auto engine = machine.Open();
  PutNumbered(*engine, 1, 2, kUnsynced);
  WriteBatch batch;
  for (const auto& [key, value] : Numbered(2, 40)) batch.Put(key, value);
  ASSERT_OK(engine->Write(batch, kUnsynced));
  engine.reset();
  const std::string log = machine.Logs()[0];
  const LogFrame frame = FramesOf(machine, log).back();
  for (uint64_t offset = frame.offset; offset < frame.end_offset; offset += 8) {
    Machine torn = Copy(machine);
    torn.Truncate(log, offset);
    ASSERT_EQ(ContentsWhenOpened(torn), Numbered(1, 2));
  }
  EXPECT_EQ(ContentsWhenOpened(machine), Numbered(1, 40));
}

TEST(RecoveryTail, WhatAPowerLossLeavesIsAPrefixThatHoldsEverythingSynced) {
  const uint64_t seed = TestSeed();
  std::mt19937_64 random(seed);
  for (int round = 0; round < 60; ++round) {
    Machine machine;
    const auto engine = machine.Open();
    int synced = 0;
    for (int i = 1; i <= 30; ++i) {
      const bool sync = random() % 6 == 0;
      PutNumbered(*engine, i, i + 1, {.sync = sync});
      if (sync) synced = i;
      if (random() % 8 == 0) {
        ASSERT_OK(engine->FreezeMemtable());
      }
    }
    for (int crash = 0; crash < 5; ++crash) {
      Machine after = machine.AfterPowerLoss({.seed = random()});
      const auto recovered = after.Open();
      ASSERT_NE(recovered, nullptr);
      const int survivors = static_cast<int>(ContentsOf(*recovered).size());
      ASSERT_GE(survivors, synced);
      ASSERT_EQ(ContentsOf(*recovered), Numbered(1, 1 + survivors));
    }
  }
}

}  // namespace
}  // namespace aeternus
