// Jobs that meet in the middle of each other: what one does must be safe at whatever point the other stands.
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "aeternus/engine.h"
#include "engine/testing/machine.h"
#include "engine/testing/status.h"
#include "gtest/gtest.h"

namespace aeternus {
namespace {

using env::testing::Fault;
using env::testing::FileCall;
using env::testing::FileOp;
using testing::Contents;
using testing::ContentsOf;
using testing::ContentsWhenOpened;
using testing::IsLog;
using testing::IsTable;
using testing::Machine;
using testing::Numbered;
using testing::NumberedKey;
using testing::PutNumbered;

using Condition = std::function<bool(const FileCall&)>;

// Starts `job` on another thread the first time that a call fits `condition`; where the call fits `waits` too, the job
// has ended before the call is made.
class Interruption {
 public:
  Interruption(Machine& machine, Condition condition, Condition waits, std::function<void()> job)
      : machine_(machine), condition_(std::move(condition)), waits_(std::move(waits)), job_(std::move(job)) {
    machine_.disk().SetFaultRule([this](const FileCall& call) {
      if (condition_(call) && !has_come_.exchange(true)) {
        thread_ = std::thread(job_);
        if (waits_(call)) thread_.join();
      }
      return Fault::kNone;
    });
  }
  ~Interruption() {
    if (thread_.joinable()) thread_.join();
    machine_.disk().SetFaultRule(nullptr);
  }

 private:
  Machine& machine_;
  const Condition condition_, waits_;
  const std::function<void()> job_;
  std::atomic<bool> has_come_{false};
  std::thread thread_;
};

TEST(EngineRace, AFlushWhileTheFirstFrameOfALogIsWrittenKeepsThatLog) {
  Machine machine;
  const auto engine = machine.Open();
  PutNumbered(*engine, 0, 3);
  const std::string first = machine.Logs()[0];
  ASSERT_TRUE(engine->FreezeMemtable().value());
  {
    int commits = 0;  // the first is that of the header
    const Interruption flush(
        machine,
        [&](const FileCall& call) {
          return IsLog(call.path) && call.path != first && call.op == FileOp::kCommit && ++commits == 2;
        },
        [](const FileCall&) { return true; }, [&] { EXPECT_TRUE(engine->FlushOldestFrozen().value()); });
    PutNumbered(*engine, 3, 6);
  }
  EXPECT_EQ(engine->Stats()->table_count, 1u);
  EXPECT_EQ(ContentsOf(*engine), Numbered(0, 6));
  EXPECT_EQ(ContentsWhenOpened(machine.AfterKill()), Numbered(0, 6));
  EXPECT_EQ(ContentsWhenOpened(machine.AfterPowerLoss()), Numbered(0, 6));
}

// Runs `job` once for each call that it makes of the disk, with `interruption` coming at that call. `expected` is there
// afterwards, whether the process lives, is killed, or loses power.
void InterruptAtEveryCall(const std::function<void(Engine&)>& prepare, const std::function<void(Engine&)>& job,
                          const std::function<void(Engine&)>& interruption, const Contents& expected) {
  uint64_t calls = 0;
  {
    Machine machine;
    const auto engine = machine.Open();
    prepare(*engine);
    EXPECT_FALSE(ContentsOf(*engine).empty());  // as below: what is read is cached
    const uint64_t first = machine.disk().calls();
    job(*engine);
    calls = machine.disk().calls() - first;
  }
  // A table is written with no lock that the others would wait for.
  const Condition writes_table = [](const FileCall& call) {
    return IsTable(call.path) && (call.op == FileOp::kCreate || call.op == FileOp::kAppend || call.op == FileOp::kSync);
  };
  for (uint64_t at = 0; at < calls; ++at) {
    SCOPED_TRACE("call " + std::to_string(at) + " of " + std::to_string(calls));
    Machine machine;
    const auto engine = machine.Open();
    prepare(*engine);
    const Contents before = ContentsOf(*engine);
    const auto snapshot = engine->GetSnapshot().value();
    const uint64_t first = machine.disk().calls();
    {
      const Interruption guest(
          machine, [&](const FileCall& call) { return call.index == first + at; }, writes_table,
          [&] { interruption(*engine); });
      job(*engine);
    }
    ASSERT_EQ(ContentsOf(*engine), expected);
    ASSERT_EQ(ContentsOf(*engine, {.snapshot = snapshot.get()}), before);
    ASSERT_EQ(ContentsWhenOpened(machine.AfterKill()), expected);
    ASSERT_EQ(ContentsWhenOpened(machine.AfterPowerLoss()), expected);
  }
}

// Writes into two memtables, and reads.
void WriteFreezeAndRead(Engine& engine) {
  PutNumbered(engine, 100, 102);
  EXPECT_TRUE(engine.FreezeMemtable().value());
  PutNumbered(engine, 102, 104);
  EXPECT_GE(ContentsOf(engine).size(), 4u);
}

Contents WithWrites(Contents contents) {
  contents.merge(Numbered(100, 104));
  return contents;
}

// Two tables of three keys each.
void MakeTables(Engine& engine) {
  for (int i = 0; i < 2; ++i) {
    PutNumbered(engine, 3 * i, 3 * i + 3);
    ASSERT_OK(testing::Flush(engine));
  }
}

TEST(EngineRace, WritesFreezesAndReadsMayComeAtAnyPointOfAFlush) {
  InterruptAtEveryCall(
      [](Engine& engine) {
        PutNumbered(engine, 0, 3);
        ASSERT_TRUE(engine.FreezeMemtable().value());
        PutNumbered(engine, 3, 6);
      },
      [](Engine& engine) { EXPECT_TRUE(engine.FlushOldestFrozen().value()); }, WriteFreezeAndRead,
      WithWrites(Numbered(0, 6)));
}

TEST(EngineRace, WritesFreezesAndReadsMayComeAtAnyPointOfAFlushOfTheOnlyMemtable) {
  InterruptAtEveryCall(
      [](Engine& engine) {
        PutNumbered(engine, 0, 3);
        ASSERT_TRUE(engine.FreezeMemtable().value());
      },
      [](Engine& engine) { EXPECT_TRUE(engine.FlushOldestFrozen().value()); }, WriteFreezeAndRead,
      WithWrites(Numbered(0, 3)));
}

TEST(EngineRace, WritesFreezesAndReadsMayComeAtAnyPointOfACompaction) {
  InterruptAtEveryCall(
      [](Engine& engine) {
        MakeTables(engine);
        PutNumbered(engine, 6, 9);
      },
      [](Engine& engine) { EXPECT_TRUE(engine.MajorCompact().value()); }, WriteFreezeAndRead,
      WithWrites(Numbered(0, 9)));
}

TEST(EngineRace, AFlushMayComeAtAnyPointOfACompaction) {
  InterruptAtEveryCall(
      [](Engine& engine) {
        MakeTables(engine);
        ASSERT_OK(engine.Delete(NumberedKey(0)));
        ASSERT_TRUE(engine.FreezeMemtable().value());
      },
      [](Engine& engine) { EXPECT_TRUE(engine.MajorCompact().value()); },
      [](Engine& engine) { EXPECT_TRUE(engine.FlushOldestFrozen().value()); }, Numbered(1, 6));
}

TEST(EngineRace, ThreadsThatWriteReadFlushAndCompactAtOnceSeeWholeBatchesInOrder) {
  Machine machine;
  const auto engine = machine.Open({.write_buffer_bytes = 2048, .compaction = {.min_threshold = 2}});
  constexpr int kBatches = 600;
  std::atomic<bool> stop{false};
  std::atomic<int> committed{0};
  // Each batch sets the same number under two keys, so that a reader who sees one sees both.
  std::thread writer([&] {
    for (int i = 1; i <= kBatches; ++i) {
      WriteBatch batch;
      batch.Put("a", std::to_string(i));
      batch.Put("padding" + std::to_string(i % 50), std::string(100, 'x'));
      batch.Put("z", std::to_string(i));
      ASSERT_OK(engine->Write(batch, {.sync = i % 50 == 0}));
      committed = i;
    }
    stop = true;
  });
  std::vector<std::thread> others;
  for (int reader = 0; reader < 2; ++reader) {
    others.emplace_back([&] {
      int last = 0;
      while (!stop) {
        const int floor = committed;
        const auto snapshot = engine->GetSnapshot().value();
        const ReadOptions then{.snapshot = snapshot.get()};
        const auto a = engine->Get("a", then).value(), z = engine->Get("z", then).value();
        ASSERT_EQ(a, z);
        const int seen = a.has_value() ? std::stoi(*a) : 0;
        ASSERT_GE(seen, floor);
        ASSERT_GE(seen, last);
        last = seen;
        const Contents all = ContentsOf(*engine, then);
        ASSERT_EQ(all.contains("a"), a.has_value());
        if (a.has_value()) {
          ASSERT_EQ(all.at("a"), *a);
        }
      }
    });
  }
  others.emplace_back([&] {
    while (!stop) ASSERT_OK(engine->FlushAllFrozen());
  });
  others.emplace_back([&] {
    while (!stop) {
      ASSERT_OK(engine->MinorCompact());
      ASSERT_OK(engine->TombstoneCompact());
      ASSERT_OK(engine->Stats());
    }
  });
  writer.join();
  for (std::thread& thread : others) thread.join();
  EXPECT_EQ(engine->Get("a").value(), std::to_string(kBatches));
  EXPECT_OK(engine->Verify());
  EXPECT_EQ(ContentsWhenOpened(machine.AfterKill()), ContentsOf(*engine));
}

}  // namespace
}  // namespace aeternus
