// Many threads on one Db: no reader ever sees half of a batch, an older state after a newer one, or a snapshot that
// changes; and what was acknowledged survives a crash at any moment.
#include <atomic>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "aeternus/db.h"
#include "base/testing/test_seed.h"
#include "engine/testing/machine.h"
#include "engine/testing/status.h"
#include "gtest/gtest.h"

namespace aeternus {
namespace {

using testing::Contents;
using testing::ContentsOf;
using testing::Machine;

constexpr int kWriters = 4;
constexpr int kBatchesEach = 400;
constexpr int kKeysOfAWriter = 12;

// Writer `w` keeps the keys "w/00" ... all at one number, which each of its batches raises; now and then by deleting
// the range first, or leaving it deleted.
std::string KeyOf(int writer, int i) { return std::to_string(writer) + "/" + std::to_string(10 + i); }

WriteBatch BatchOf(int writer, int number) {
  WriteBatch batch;
  if (number % 3 == 0) batch.DeleteRange(std::to_string(writer) + "/", std::to_string(writer) + "0");
  for (int i = 0; i < kKeysOfAWriter; ++i) {
    if (number % 7 == 0) {
      batch.Delete(KeyOf(writer, i));
    } else {
      batch.Put(KeyOf(writer, i), std::to_string(number));
    }
  }
  return batch;
}

// The number that all keys of a writer show; -1 when they disagree, and 0 when none is there.
int NumberShown(const Contents& contents, int writer) {
  int shown = 0, present = 0;
  for (int i = 0; i < kKeysOfAWriter; ++i) {
    const auto at = contents.find(KeyOf(writer, i));
    if (at == contents.end()) continue;
    const int number = std::stoi(at->second);
    if (present++ > 0 && number != shown) return -1;
    shown = number;
  }
  return present == 0 || present == kKeysOfAWriter ? shown : -1;
}

// Whether a reader that sees `shown` may do so when `least` was acknowledged before.
bool IsRecent(int shown, int least) { return shown == 0 ? true : shown >= least; }

class DbStressTest : public ::testing::Test {
 protected:
  DbStressTest() {
    db_ = Db::Open(Machine::kDir, {.write_buffer_bytes = 4096,
                                   .max_frozen_memtables = 2,
                                   .memory_budget_bytes = 1 << 20,
                                   .background_threads = 2,
                                   .table = {.block_size_bytes = 512},
                                   .compaction = {.min_threshold = 2, .tombstone_ratio = 0.1},
                                   .env = machine_.env()})
              .value();
  }

  void Write(int writer) {
    for (int number = 1; number <= kBatchesEach; ++number) {
      ASSERT_OK(db_->Write(BatchOf(writer, number), {.sync = number % 4 == 0}));
      acknowledged_[static_cast<size_t>(writer)] = number;
      if (number % 4 == 0) synced_[static_cast<size_t>(writer)] = number;
    }
    ++finished_;
  }
  bool AreWritersDone() const { return finished_ == kWriters; }

  void ReadWhole() {
    std::vector<int> last(kWriters, 0);
    while (!AreWritersDone()) {
      const std::vector<int> least(acknowledged_.begin(), acknowledged_.end());
      const auto snapshot = db_->GetSnapshot().value();
      const ReadOptions then{.snapshot = snapshot.get()};
      const Contents contents = ContentsOf(*db_, then);
      for (int w = 0; w < kWriters; ++w) {
        const int shown = NumberShown(contents, w);
        ASSERT_NE(shown, -1) << "half of a batch";
        ASSERT_TRUE(IsRecent(shown, least[static_cast<size_t>(w)])) << shown;
        ASSERT_TRUE(IsRecent(shown, last[static_cast<size_t>(w)])) << shown;
        if (shown != 0) last[static_cast<size_t>(w)] = shown;
      }
      ASSERT_EQ(ContentsOf(*db_, then), contents) << "a snapshot changed";
    }
  }

  void ReadPoints(uint64_t seed) {
    std::mt19937_64 random(seed);
    while (!AreWritersDone()) {
      const int writer = static_cast<int>(random() % kWriters);
      const int least = acknowledged_[static_cast<size_t>(writer)];
      const auto value = db_->Get(KeyOf(writer, static_cast<int>(random() % kKeysOfAWriter)));
      ASSERT_OK(value);
      ASSERT_TRUE(IsRecent(value->has_value() ? std::stoi(**value) : 0, least));
      PinnedValue pinned;
      ASSERT_OK(db_->Get({}, KeyOf(writer, 0), &pinned));
    }
  }

  void MoveIterator() {
    auto it = db_->NewIterator({}).value();
    while (!AreWritersDone()) {
      Contents forward, backward;
      for (it->SeekToFirst(); it->Valid(); it->Next()) forward.emplace(it->key(), it->value());
      ASSERT_OK(it->status());
      for (it->SeekToLast(); it->Valid(); it->Prev()) backward.emplace(it->key(), it->value());
      ASSERT_OK(it->status());
      ASSERT_EQ(forward, backward);
      for (int w = 0; w < kWriters; ++w) ASSERT_NE(NumberShown(forward, w), -1);
      ASSERT_OK(it->Refresh());
    }
  }

  void CompactAndFlush() {
    while (!AreWritersDone()) {
      ASSERT_OK(db_->MajorCompact());
      ASSERT_OK(db_->Flush());
      ASSERT_OK(db_->Stats());
      ASSERT_OK(db_->Verify());
    }
  }

  // Cuts the power again and again while the others run.
  void Crash(uint64_t seed) {
    std::mt19937_64 random(seed);
    while (!AreWritersDone()) {
      const std::vector<int> least(synced_.begin(), synced_.end());
      Machine after = machine_.AfterPowerLoss({.seed = random()});
      const Contents contents = testing::ContentsWhenOpened(after);
      for (int w = 0; w < kWriters; ++w) {
        const int shown = NumberShown(contents, w);
        ASSERT_NE(shown, -1) << "half of a batch";
        ASSERT_TRUE(IsRecent(shown, least[static_cast<size_t>(w)])) << shown;
      }
    }
  }

  Machine machine_;
  std::unique_ptr<Db> db_;
  std::vector<std::atomic<int>> acknowledged_ = std::vector<std::atomic<int>>(kWriters);
  std::vector<std::atomic<int>> synced_ = std::vector<std::atomic<int>>(kWriters);
  std::atomic<int> finished_{0};
};

TEST_F(DbStressTest, WritersReadersIteratorsCompactionsAndCrashesAtOnce) {
  const uint64_t seed = TestSeed();
  std::vector<std::thread> threads;
  for (int w = 0; w < kWriters; ++w) threads.emplace_back([this, w] { Write(w); });
  threads.emplace_back([this] { ReadWhole(); });
  threads.emplace_back([this, seed] { ReadPoints(seed); });
  threads.emplace_back([this] { MoveIterator(); });
  threads.emplace_back([this] { CompactAndFlush(); });
  threads.emplace_back([this, seed] { Crash(seed); });
  for (std::thread& thread : threads) thread.join();

  ASSERT_OK(db_->WaitForBackgroundWork());
  const Contents contents = ContentsOf(*db_);
  for (int w = 0; w < kWriters; ++w) {
    EXPECT_EQ(NumberShown(contents, w), kBatchesEach % 7 == 0 ? 0 : kBatchesEach);
  }
  const Stats stats = db_->Stats().value();
  EXPECT_EQ(stats.commits, uint64_t{kWriters * kBatchesEach});
  EXPECT_LE(stats.commit_groups, stats.commits);
  EXPECT_EQ(stats.live_snapshots + stats.live_iterators, 0u);
  EXPECT_OK(db_->Close());
  EXPECT_EQ(testing::ContentsWhenOpened(machine_), contents);
}

}  // namespace
}  // namespace aeternus
