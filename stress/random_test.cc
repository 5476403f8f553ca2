// Random operations on Engine over a simulated disk, compared step by step with a model that keeps a whole copy of the
// contents for every snapshot and iterator. It prints the seed and the command that replays it when they differ.
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "aeternus/engine.h"
#include "aeternus/iterator.h"
#include "aeternus/snapshot.h"
#include "aeternus/write_batch.h"
#include "gtest/gtest.h"
#include "stress/model_iterator.h"
#include "stress/rng.h"
#include "stress/seed.h"
#include "stress/sim_database.h"

namespace aeternus::stress {
namespace {

constexpr uint64_t kKeys = 60;

struct LiveSnapshot {
  std::unique_ptr<const Snapshot> snapshot;
  Contents contents;
};

struct LiveIterator {
  std::unique_ptr<Iterator> iterator;
  ModelIterator model;
  IteratorOptions bounds;
  bool of_snapshot;
};

EngineConfig RandomConfig(Rng& rng) {
  EngineConfig config;
  config.write_buffer_bytes = size_t{64} << rng.Below(8);
  config.table.block_size_bytes = size_t{256} << rng.Below(4);
  config.compaction.min_table_size_bytes = rng.Below(4096);
  config.compaction.min_threshold = static_cast<int>(2 + rng.Below(3));
  config.compaction.max_threshold = static_cast<int>(4 + rng.Below(8));
  config.compaction.tombstone_ratio = rng.OneIn(2) ? 0.05 : 0.5;
  config.compaction.tombstone_exact_lookup = !rng.OneIn(3);
  config.compaction.drop_range_tombstones = !rng.OneIn(3);
  return config;
}

class RandomRun {
 public:
  explicit RandomRun(uint64_t seed) : rng_(seed), database_(RandomConfig(rng_)) {}

  void Run(int steps);

 private:
  using Action = void (RandomRun::*)();

  void Put();
  void Delete();
  void DeleteRange();
  void Batch();
  void Get();
  void GetAtSnapshot();
  void TakeSnapshot();
  void ReleaseSnapshot();
  void OpenIterator();
  void MoveIterator();
  void RefreshIterator();
  void CloseIterator();
  void ScanRange();
  void Freeze();
  void Flush();
  void MinorCompact();
  void TombstoneCompact();
  void MajorCompact();
  void CloseAndReopen();
  void DropAndReopen();

  void MoveOnce(LiveIterator& live);
  void ExpectSamePlace(const LiveIterator& live);
  void CheckEverything();
  std::string RandomKey() { return absl::StrCat("k", 10 + rng_.Below(kKeys)); }
  std::string RandomValue();
  WriteOptions RandomSync() { return {.sync = rng_.OneIn(3)}; }
  std::pair<std::string, std::string> RandomRange();
  IteratorOptions RandomBounds();

  Rng rng_;
  SimDatabase database_;
  Contents contents_;
  std::vector<LiveSnapshot> snapshots_;
  std::vector<LiveIterator> iterators_;
};

std::string RandomRun::RandomValue() {
  // Mostly short; now and then empty, or larger than the write buffer.
  const uint64_t size = rng_.OneIn(50) ? 10000 : rng_.Below(40);
  return std::string(size, static_cast<char>('a' + rng_.Below(26)));
}

std::pair<std::string, std::string> RandomRun::RandomRange() {
  std::string start = RandomKey(), end = RandomKey();
  if (end < start) std::swap(start, end);
  if (start == end) end += "z";
  return {start, end};
}

IteratorOptions RandomRun::RandomBounds() {
  IteratorOptions bounds;
  if (rng_.OneIn(2)) bounds.lower_bound = RandomKey();
  if (rng_.OneIn(2)) bounds.upper_bound = RandomKey();
  return bounds;
}

void RandomRun::Put() {
  const std::string key = RandomKey(), value = RandomValue();
  contents_[key] = value;
  ASSERT_TRUE(database_->Put(key, value, RandomSync()).ok());
}

void RandomRun::Delete() {
  const std::string key = RandomKey();
  contents_.erase(key);
  ASSERT_TRUE(database_->Delete(key, RandomSync()).ok());
}

void RandomRun::DeleteRange() {
  const auto [start, end] = RandomRange();
  contents_.erase(contents_.lower_bound(start), contents_.lower_bound(end));
  ASSERT_TRUE(database_->DeleteRange(start, end, RandomSync()).ok());
}

void RandomRun::Batch() {
  WriteBatch batch;
  for (uint64_t i = rng_.Below(8); i > 0; --i) {
    const std::string key = RandomKey();
    switch (rng_.Below(4)) {
      case 0:
        batch.Delete(key);
        contents_.erase(key);
        break;
      case 1: {
        const auto [start, end] = RandomRange();
        batch.DeleteRange(start, end);
        contents_.erase(contents_.lower_bound(start), contents_.lower_bound(end));
        break;
      }
      default:
        contents_[key] = RandomValue();
        batch.Put(key, contents_[key]);
    }
  }
  ASSERT_TRUE(database_->Write(batch, RandomSync()).ok());
}

std::optional<std::string> Find(const Contents& contents, const std::string& key) {
  const auto it = contents.find(key);
  return it == contents.end() ? std::nullopt : std::optional(it->second);
}

void RandomRun::Get() {
  const std::string key = RandomKey();
  EXPECT_EQ(database_->Get(key).value(), Find(contents_, key)) << key;
}

void RandomRun::GetAtSnapshot() {
  if (snapshots_.empty()) return;
  const LiveSnapshot& live = snapshots_[rng_.Below(snapshots_.size())];
  const std::string key = RandomKey();
  EXPECT_EQ(database_->Get(key, {.snapshot = live.snapshot.get()}).value(), Find(live.contents, key)) << key;
}

void RandomRun::TakeSnapshot() {
  if (snapshots_.size() < 5) snapshots_.push_back({database_->GetSnapshot().value(), contents_});
}

void RandomRun::ReleaseSnapshot() {
  if (!snapshots_.empty()) snapshots_.erase(snapshots_.begin() + static_cast<int>(rng_.Below(snapshots_.size())));
}

void RandomRun::OpenIterator() {
  if (iterators_.size() >= 4) return;
  const IteratorOptions bounds = RandomBounds();
  const bool of_snapshot = !snapshots_.empty() && rng_.OneIn(2);
  ReadOptions options;
  const Contents* contents = &contents_;
  if (of_snapshot) {
    const LiveSnapshot& live = snapshots_[rng_.Below(snapshots_.size())];
    options.snapshot = live.snapshot.get();
    contents = &live.contents;
  }
  iterators_.push_back(
      {database_->NewIterator(options, bounds).value(), ModelIterator(*contents, bounds), bounds, of_snapshot});
}

void RandomRun::ExpectSamePlace(const LiveIterator& live) {
  ASSERT_TRUE(live.iterator->status().ok()) << live.iterator->status();
  ASSERT_EQ(live.iterator->Valid(), live.model.Valid());
  if (!live.model.Valid()) return;
  ASSERT_EQ(live.iterator->key(), live.model.key());
  ASSERT_EQ(live.iterator->value(), live.model.value());
}

void RandomRun::MoveOnce(LiveIterator& live) {
  const bool was_valid = live.model.Valid();
  const uint64_t move = rng_.Below(was_valid ? 10 : 4);
  const std::string target = RandomKey();
  if (move == 0) live.iterator->SeekToFirst(), live.model.SeekToFirst();
  if (move == 1) live.iterator->SeekToLast(), live.model.SeekToLast();
  if (move == 2) live.iterator->Seek(target), live.model.Seek(target);
  if (move == 3) live.iterator->SeekForPrev(target), live.model.SeekForPrev(target);
  if (move >= 4 && move < 7) live.iterator->Next(), live.model.Next();
  if (move >= 7) live.iterator->Prev(), live.model.Prev();
}

void RandomRun::MoveIterator() {
  if (iterators_.empty()) return;
  LiveIterator& live = iterators_[rng_.Below(iterators_.size())];
  for (int i = 0; i < 8 && !testing::Test::HasFatalFailure(); ++i) {
    MoveOnce(live);
    ExpectSamePlace(live);
  }
}

void RandomRun::RefreshIterator() {
  if (iterators_.empty()) return;
  LiveIterator& live = iterators_[rng_.Below(iterators_.size())];
  const absl::Status status = live.iterator->Refresh();
  if (live.of_snapshot) {
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
    return;
  }
  ASSERT_TRUE(status.ok()) << status;
  live.model = ModelIterator(contents_, live.bounds);
  EXPECT_FALSE(live.iterator->Valid()) << "a refreshed iterator has no position";
}

void RandomRun::CloseIterator() {
  if (!iterators_.empty()) iterators_.erase(iterators_.begin() + static_cast<int>(rng_.Below(iterators_.size())));
}

void RandomRun::ScanRange() {
  const auto [start, end] = RandomRange();
  const std::vector<std::pair<std::string, std::string>> expected(contents_.lower_bound(start),
                                                                  contents_.lower_bound(end));
  EXPECT_EQ(database_->Scan(start, end).value(), expected);
}

void RandomRun::Freeze() { ASSERT_TRUE(database_->FreezeMemtable().ok()); }
void RandomRun::Flush() {
  ASSERT_TRUE((rng_.OneIn(2) ? database_->FlushOldestFrozen() : database_->FlushAllFrozen()).ok());
}
void RandomRun::MinorCompact() { ASSERT_TRUE(database_->MinorCompact().ok()); }
void RandomRun::TombstoneCompact() { ASSERT_TRUE(database_->TombstoneCompact().ok()); }
void RandomRun::MajorCompact() { ASSERT_TRUE(database_->MajorCompact().ok()); }

void RandomRun::CloseAndReopen() {
  if (!snapshots_.empty() || !iterators_.empty()) {
    ASSERT_EQ(database_->Close().code(), absl::StatusCode::kFailedPrecondition) << "readers are alive";
  }
  iterators_.clear();
  snapshots_.clear();
  ASSERT_TRUE(database_.Close().ok());
  ASSERT_TRUE(database_.Open().ok());
  CheckEverything();
}

void RandomRun::DropAndReopen() {
  database_.Drop();
  iterators_.clear();  // outliving their engine
  snapshots_.clear();
  ASSERT_TRUE(database_.Open().ok());
  CheckEverything();
}

void RandomRun::CheckEverything() {
  EXPECT_EQ(ReadAll(*database_).value(), contents_);
  EXPECT_TRUE(database_->Verify().ok());
}

void RandomRun::Run(int steps) {
  struct Choice {
    uint64_t weight;
    const char* name;
    Action action;
  };
  static constexpr Choice kChoices[] = {
      {200, "put", &RandomRun::Put},
      {50, "delete", &RandomRun::Delete},
      {40, "delete range", &RandomRun::DeleteRange},
      {40, "batch", &RandomRun::Batch},
      {100, "get", &RandomRun::Get},
      {60, "get at snapshot", &RandomRun::GetAtSnapshot},
      {20, "take snapshot", &RandomRun::TakeSnapshot},
      {20, "release snapshot", &RandomRun::ReleaseSnapshot},
      {20, "open iterator", &RandomRun::OpenIterator},
      {80, "move iterator", &RandomRun::MoveIterator},
      {10, "refresh iterator", &RandomRun::RefreshIterator},
      {20, "close iterator", &RandomRun::CloseIterator},
      {30, "scan", &RandomRun::ScanRange},
      {20, "freeze", &RandomRun::Freeze},
      {25, "flush", &RandomRun::Flush},
      {12, "minor compaction", &RandomRun::MinorCompact},
      {12, "tombstone compaction", &RandomRun::TombstoneCompact},
      {4, "major compaction", &RandomRun::MajorCompact},
      {3, "close and reopen", &RandomRun::CloseAndReopen},
      {3, "drop and reopen", &RandomRun::DropAndReopen},
  };
  uint64_t total = 0;
  for (const Choice& choice : kChoices) total += choice.weight;
  ASSERT_TRUE(database_.Open().ok());
  for (int step = 0; step < steps && !testing::Test::HasFailure(); ++step) {
    uint64_t at = rng_.Below(total);
    const Choice* choice = kChoices;
    for (; at >= choice->weight; ++choice) at -= choice->weight;
    SCOPED_TRACE(absl::StrCat("step ", step, ": ", choice->name));
    (this->*choice->action)();
  }
  if (!testing::Test::HasFatalFailure()) CheckEverything();
}

constexpr uint64_t kShards = 8;

class RandomTest : public testing::TestWithParam<uint64_t> {};

// Each case takes every kShards-th seed, so that shards share the work.
TEST_P(RandomTest, EngineEqualsTheModel) {
  for (uint64_t seed : SeedsOrFirst(IsLongRun() ? 8000 : 240)) {
    if (!SeedOverride().has_value() && seed % kShards != GetParam()) continue;
    SCOPED_TRACE(absl::StrCat("replay: ", ReplayCommand(seed)));
    RandomRun(seed).Run(/*steps=*/1500);
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomTest, testing::Range(uint64_t{0}, kShards));

}  // namespace
}  // namespace aeternus::stress
