// Iterators, snapshots and pinned values: what they see, what they keep, and who may outlive whom (invariants 4 and 8).
#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "aeternus/engine.h"
#include "base/testing/test_seed.h"
#include "engine/testing/machine.h"
#include "engine/testing/status.h"
#include "gtest/gtest.h"

namespace aeternus {
namespace {

using testing::Contents;
using testing::ContentsOf;
using testing::FailsWith;
using testing::Flush;
using testing::kUnsynced;
using testing::Machine;
using testing::Numbered;
using testing::NumberedKey;
using testing::PutNumbered;
using Code = absl::StatusCode;

class EngineHandlesTest : public ::testing::Test {
 protected:
  EngineHandlesTest() : engine_(machine_.Open()) {}

  std::unique_ptr<Iterator> NewIterator(const ReadOptions& options = {}, IteratorOptions bounds = {}) {
    return engine_->NewIterator(options, std::move(bounds)).value();
  }
  static Contents Rest(Iterator& it) {
    Contents rest;
    for (; it.Valid(); it.Next()) rest.emplace(it.key(), it.value());
    EXPECT_OK(it.status());
    return rest;
  }
  static Contents All(Iterator& it) {
    it.SeekToFirst();
    return Rest(it);
  }

  Machine machine_;
  std::unique_ptr<Engine> engine_;
};

// ---- iterators ----

TEST_F(EngineHandlesTest, AnIteratorSeesTheMomentOfItsCreationWhateverHappensAfterwards) {
  PutNumbered(*engine_, 0, 10);
  ASSERT_OK(Flush(*engine_));
  PutNumbered(*engine_, 10, 20);
  const auto it = NewIterator();
  ASSERT_OK(engine_->DeleteRange("a", "z"));
  PutNumbered(*engine_, 20, 30);
  ASSERT_OK(Flush(*engine_));
  ASSERT_TRUE(engine_->MajorCompact().value());
  EXPECT_EQ(All(*it), Numbered(0, 20));
  EXPECT_EQ(ContentsOf(*engine_), Numbered(20, 30));
}

TEST_F(EngineHandlesTest, ARefreshedIteratorSeesThePresentAndStandsNowhere) {
  PutNumbered(*engine_, 0, 3);
  const auto it = NewIterator();
  it->SeekToFirst();
  PutNumbered(*engine_, 3, 6);
  ASSERT_OK(Flush(*engine_));
  ASSERT_OK(it->Refresh());
  EXPECT_FALSE(it->Valid());
  EXPECT_EQ(All(*it), Numbered(0, 6));
}

TEST_F(EngineHandlesTest, AnIteratorThatIsRefreshedKeepsNeitherMemtablesNorTablesOfThePast) {
  auto it = NewIterator();
  for (int i = 0; i < 5; ++i) {
    PutNumbered(*engine_, 10 * i, 10 * i + 10);
    ASSERT_OK(it->Refresh());  // all is in the memtable that was there before, or in that and tables
    EXPECT_EQ(All(*it), Numbered(0, 10 * i + 10));
    ASSERT_OK(Flush(*engine_));
    ASSERT_OK(engine_->MajorCompact());
    ASSERT_OK(it->Refresh());
    EXPECT_EQ(All(*it), Numbered(0, 10 * i + 10));
  }
  ASSERT_OK(engine_->Delete(NumberedKey(0)));
  ASSERT_OK(Flush(*engine_));
  ASSERT_OK(engine_->MajorCompact());
  EXPECT_GT(engine_->Stats()->undeleted_files, 0u);
  ASSERT_OK(it->Refresh());
  PutNumbered(*engine_, 0, 1);
  ASSERT_OK(Flush(*engine_));  // deletes what nobody uses any more
  EXPECT_EQ(engine_->Stats()->undeleted_files, 0u);
  ASSERT_OK(it->Refresh());
  const size_t with_iterator = engine_->Stats()->memory_used_bytes;
  it.reset();
  EXPECT_EQ(engine_->Stats()->memory_used_bytes, with_iterator);
}

TEST_F(EngineHandlesTest, ARefreshedIteratorHasForgottenItsError) {
  PutNumbered(*engine_, 0, 10);
  ASSERT_OK(Flush(*engine_));
  const auto it = NewIterator();
  machine_.FailWhile([](const env::testing::FileCall&) { return true; });
  it->SeekToFirst();
  EXPECT_FALSE(it->status().ok());
  machine_.Heal();
  ASSERT_OK(it->Refresh());
  EXPECT_OK(it->status());
  EXPECT_EQ(All(*it), Numbered(0, 10));
}

TEST_F(EngineHandlesTest, AnIteratorMovesBothWaysWithinItsBounds) {
  PutNumbered(*engine_, 0, 10);
  ASSERT_OK(engine_->Delete(NumberedKey(5)));
  ASSERT_OK(Flush(*engine_));
  PutNumbered(*engine_, 10, 20);
  const auto it = NewIterator({}, {.lower_bound = NumberedKey(3), .upper_bound = NumberedKey(12)});
  it->SeekToFirst();
  EXPECT_EQ(it->key(), NumberedKey(3));
  it->SeekToLast();
  EXPECT_EQ(it->key(), NumberedKey(11));
  it->Seek(NumberedKey(5));
  EXPECT_EQ(it->key(), NumberedKey(6));
  it->SeekForPrev(NumberedKey(5));
  EXPECT_EQ(it->key(), NumberedKey(4));
  it->Next();
  EXPECT_EQ(it->key(), NumberedKey(6));
  it->Prev();
  EXPECT_EQ(it->key(), NumberedKey(4));
  it->Prev();
  EXPECT_EQ(it->key(), NumberedKey(3));
  it->Prev();
  EXPECT_FALSE(it->Valid());
  it->Seek(NumberedKey(0));
  EXPECT_EQ(it->key(), NumberedKey(3));
  it->SeekForPrev(NumberedKey(19));
  EXPECT_EQ(it->key(), NumberedKey(11));
  EXPECT_OK(it->status());
}

// ---- snapshots ----

TEST_F(EngineHandlesTest, ASnapshotSeesWhatWasCommittedWhenItWasTakenThroughFlushesAndCompactions) {
  std::mt19937_64 random(TestSeed());
  std::map<std::unique_ptr<const Snapshot>, Contents> snapshots;
  Contents present;
  for (int step = 0; step < 400; ++step) {
    const int key = static_cast<int>(random() % 30);
    switch (random() % 12) {
      case 0: {
        const int end = key + 1 + static_cast<int>(random() % 10);
        ASSERT_OK(engine_->DeleteRange(NumberedKey(key), NumberedKey(end), kUnsynced));
        present.erase(present.lower_bound(NumberedKey(key)), present.lower_bound(NumberedKey(end)));
        break;
      }
      case 1:
      case 2:
        ASSERT_OK(engine_->Delete(NumberedKey(key), kUnsynced));
        present.erase(NumberedKey(key));
        break;
      case 3:
        ASSERT_OK(Flush(*engine_));
        break;
      case 4:
        ASSERT_OK(random() % 2 == 0 ? engine_->MajorCompact() : engine_->MinorCompact());
        ASSERT_OK(engine_->TombstoneCompact());
        break;
      case 5:
        snapshots.emplace(engine_->GetSnapshot().value(), present);
        break;
      case 6:
        if (!snapshots.empty()) snapshots.erase(snapshots.begin());
        break;
      default:
        ASSERT_OK(engine_->Put(NumberedKey(key), std::to_string(step), kUnsynced));
        present[NumberedKey(key)] = std::to_string(step);
    }
    if (step % 20 != 0) continue;
    ASSERT_EQ(ContentsOf(*engine_), present) << "step " << step;
    for (const auto& [snapshot, then] : snapshots) {
      ASSERT_EQ(ContentsOf(*engine_, {.snapshot = snapshot.get()}), then) << "step " << step;
    }
  }
}

TEST_F(EngineHandlesTest, AllReadsTakeASnapshot) {
  PutNumbered(*engine_, 0, 3);
  const auto snapshot = engine_->GetSnapshot().value();
  EXPECT_EQ(snapshot->lsn(), 3u);
  ASSERT_OK(engine_->Put(NumberedKey(1), "new"));
  ASSERT_OK(engine_->Delete(NumberedKey(2)));
  const ReadOptions then{.snapshot = snapshot.get()};
  EXPECT_EQ(engine_->Get(NumberedKey(1), then).value(), "value 1");
  EXPECT_EQ(engine_->Get(NumberedKey(2), then).value(), "value 2");
  PinnedValue pinned;
  ASSERT_TRUE(engine_->Get(then, NumberedKey(1), &pinned).value());
  EXPECT_EQ(pinned.view(), "value 1");
  EXPECT_EQ(engine_->Scan(NumberedKey(0), NumberedKey(9), then)->size(), 3u);
  const auto it = NewIterator(then);
  EXPECT_EQ(All(*it), Numbered(0, 3));
  EXPECT_TRUE(FailsWith(it->Refresh(), Code::kFailedPrecondition, {"snapshot"}));
  EXPECT_EQ(All(*it), Numbered(0, 3)) << "a refused refresh changes nothing";
}

TEST_F(EngineHandlesTest, VersionsThatNoSnapshotSeesAreDroppedByAFlush) {
  for (int i = 0; i < 100; ++i) ASSERT_OK(engine_->Put("k", std::to_string(i), kUnsynced));
  const auto snapshot = engine_->GetSnapshot().value();
  for (int i = 0; i < 100; ++i) ASSERT_OK(engine_->Put("k", "later", kUnsynced));
  ASSERT_OK(Flush(*engine_));
  EXPECT_EQ(engine_->Stats()->tables[0].put_count, 2u);
  EXPECT_EQ(engine_->Get("k", {.snapshot = snapshot.get()}).value(), "99");
}

// ---- pinned values ----

TEST_F(EngineHandlesTest, APinnedValueIsReadableUntilItIsReleasedFromMemtableAndTable) {
  const std::string large(100'000, 'x');
  ASSERT_OK(engine_->Put("k", large));
  for (int i = 0; i < 2; ++i) {
    PinnedValue value;
    ASSERT_TRUE(engine_->Get({}, "k", &value).value());
    EXPECT_TRUE(value.view() == large);
    PinnedValue moved = std::move(value);
    EXPECT_TRUE(moved.view() == large);
    moved.Release();
    EXPECT_TRUE(moved.view().empty());
    ASSERT_OK(Flush(*engine_));
  }
}

TEST_F(EngineHandlesTest, AMissPinsNothing) {
  ASSERT_OK(engine_->Put("k", "v"));
  PinnedValue value;
  ASSERT_TRUE(engine_->Get({}, "k", &value).value());
  EXPECT_FALSE(engine_->Get({}, "none", &value).value());
  EXPECT_TRUE(value.view().empty());
  EXPECT_OK(engine_->Close());
}

// ---- lifetimes ----

TEST_F(EngineHandlesTest, CloseCountsWhatIsAliveAndLeavesTheEngineOpen) {
  PutNumbered(*engine_, 0, 3);
  auto first = NewIterator(), second = NewIterator();
  auto snapshot = engine_->GetSnapshot().value();
  PinnedValue value;
  ASSERT_TRUE(engine_->Get({}, NumberedKey(0), &value).value());
  EXPECT_EQ(engine_->Stats()->live_iterators, 2u);
  EXPECT_EQ(engine_->Stats()->live_snapshots, 1u);

  EXPECT_TRUE(FailsWith(engine_->Close(), Code::kFailedPrecondition,
                        {Machine::kDir, "2 iterators, 1 snapshot, 1 pinned value still alive"}));
  ASSERT_OK(engine_->Put("k", "v"));
  EXPECT_EQ(All(*first), Numbered(0, 3));

  first.reset();
  second.reset();
  value.Release();
  EXPECT_TRUE(FailsWith(engine_->Close(), Code::kFailedPrecondition, {"1 snapshot still alive"}));
  snapshot.reset();
  EXPECT_OK(engine_->Close());
}

TEST_F(EngineHandlesTest, HandlesMayBeDestroyedAfterTheEngineAndPinsStayReadable) {
  ASSERT_OK(engine_->Put("table", std::string(50'000, 't')));
  ASSERT_OK(Flush(*engine_));
  ASSERT_OK(engine_->Put("memtable", std::string(50'000, 'm')));
  auto it = NewIterator();
  auto snapshot = engine_->GetSnapshot().value();
  auto at_snapshot = NewIterator({.snapshot = snapshot.get()});
  it->SeekToFirst();
  PinnedValue table, memtable;
  ASSERT_TRUE(engine_->Get({}, "table", &table).value());
  ASSERT_TRUE(engine_->Get({}, "memtable", &memtable).value());

  engine_.reset();
  const auto again = machine_.Open();
  ASSERT_NE(again, nullptr) << "the directory is released all the same";
  EXPECT_TRUE(FailsWith(it->Refresh(), Code::kFailedPrecondition, {"gone"}));
  EXPECT_TRUE(table.view() == std::string(50'000, 't'));
  EXPECT_TRUE(memtable.view() == std::string(50'000, 'm'));
  at_snapshot.reset();
  snapshot.reset();
  it.reset();
  table.Release();
  EXPECT_TRUE(memtable.view() == std::string(50'000, 'm'));
}

TEST_F(EngineHandlesTest, ATableThatAReaderUsesIsKeptUntilItIsDone) {
  for (int i = 0; i < 2; ++i) {
    PutNumbered(*engine_, 10 * i, 10 * i + 10);
    ASSERT_OK(Flush(*engine_));
  }
  const std::vector<std::string> inputs = machine_.Tables();
  auto it = NewIterator();
  ASSERT_TRUE(engine_->MajorCompact().value());
  EXPECT_EQ(engine_->Stats()->undeleted_files, 2u);
  for (const std::string& path : inputs) EXPECT_TRUE(machine_.disk().FileExists(path).value());
  EXPECT_EQ(All(*it), Numbered(0, 20));

  it.reset();
  PutNumbered(*engine_, 20, 21);
  ASSERT_OK(Flush(*engine_));
  EXPECT_EQ(engine_->Stats()->undeleted_files, 0u);
  for (const std::string& path : inputs) EXPECT_FALSE(machine_.disk().FileExists(path).value());
}

TEST_F(EngineHandlesTest, AnIteratorReadsTheFilesOfItsMomentEvenWhenItFirstOpensThemLater) {
  for (int i = 0; i < 2; ++i) {
    PutNumbered(*engine_, 10 * i, 10 * i + 10);
    ASSERT_OK(Flush(*engine_));
  }
  engine_ = nullptr;
  engine_ = machine_.Open();  // nothing is cached
  const auto it = NewIterator();
  ASSERT_TRUE(engine_->MajorCompact().value());
  PutNumbered(*engine_, 20, 21);
  ASSERT_OK(Flush(*engine_));
  EXPECT_EQ(All(*it), Numbered(0, 20));
}

}  // namespace
}  // namespace aeternus
