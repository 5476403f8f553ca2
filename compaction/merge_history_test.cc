// Random histories in random tables, merged in any order: what each live snapshot and the present see never changes,
// deletes never come back, and a last major compaction leaves nothing but what is seen. In memory: the rules are under
// test here, files are in merge_job_test.cc.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "base/entry.h"
#include "base/types.h"
#include "compaction/drop_rules.h"
#include "compaction/merge_policy.h"
#include "gtest/gtest.h"
#include "iterator/entry_iterator.h"
#include "iterator/fragmented_tombstones.h"
#include "iterator/merging_iterator.h"
#include "iterator/testing/history.h"
#include "iterator/testing/random.h"
#include "iterator/testing/vector_iterator.h"
#include "iterator/visible_iterator.h"

namespace aeternus::compaction {
namespace {

using ::aeternus::testing::History;
using ::aeternus::testing::Operation;
using ::aeternus::testing::OwnedEntry;
using ::aeternus::testing::Random;
using ::aeternus::testing::RandomHistory;
using ::aeternus::testing::VectorIterator;

constexpr uint64_t kKeys = 10;

struct MemoryTable {
  std::vector<OwnedEntry> points;
  FragmentedTombstones tombstones;

  Lsn min_lsn() const {
    Lsn min = kMaxLsn;
    for (const OwnedEntry& point : points) min = std::min(min, point.lsn);
    for (const auto& fragment : tombstones.fragments()) min = std::min(min, fragment.lsns.back());
    return min;
  }
};
using Tables = std::vector<std::shared_ptr<const MemoryTable>>;

// The tables that are not merged, asked as the engine asks them: skipped by min LSN, then searched raw.
class OtherTables final : public OlderVersions {
 public:
  explicit OtherTables(Tables tables) : tables_(std::move(tables)) {}

  absl::StatusOr<bool> HoldKey(std::string_view key, Lsn below) override {
    return HoldKeyInRange(key, std::string(key) + '\0', below);
  }
  absl::StatusOr<bool> HoldKeyInRange(std::string_view start, const std::optional<std::string>& end,
                                      Lsn below) override {
    const RangeTombstone range{std::string(start), end, below};
    return std::any_of(tables_.begin(), tables_.end(), [&](const auto& table) {
      return table->min_lsn() < below &&
             std::any_of(table->points.begin(), table->points.end(),
                         [&](const OwnedEntry& point) { return point.lsn < below && range.Covers(point.key); });
    });
  }

 private:
  const Tables tables_;
};

// What merge_job.cc does, into memory.
std::shared_ptr<const MemoryTable> MergeInMemory(const Tables& inputs, const MergePolicy& policy) {
  std::vector<std::unique_ptr<EntryIterator>> sources;
  std::vector<const FragmentedTombstones*> parts;
  for (const auto& table : inputs) {
    sources.push_back(std::make_unique<VectorIterator>(table->points));
    parts.push_back(&table->tombstones);
  }
  const auto tombstones = FragmentedTombstones::Merge(parts);
  DropRules rules(policy, tombstones);
  auto output = std::make_shared<MemoryTable>();
  const auto entries = NewMergingIterator(std::move(sources));
  for (entries->SeekToFirst(); entries->Valid(); entries->Next()) {
    const EntryView& entry = entries->entry();
    if (!rules.Keeps(entry).value()) continue;
    output->points.push_back({std::string(entry.key), entry.lsn, entry.kind, std::string(entry.value)});
  }
  std::vector<RangeTombstone> kept;
  for (const auto& fragment : tombstones.fragments()) {
    const std::vector<Lsn> lsns = rules.KeptTombstones(fragment).value();
    for (const Lsn lsn : lsns) kept.push_back({fragment.start, fragment.end, lsn});
  }
  output->tombstones = FragmentedTombstones::Build(std::move(kept));
  return output;
}

// A database reduced to its tables, its live snapshots, and the history that says what they must show.
class Store {
 public:
  explicit Store(Random* random) : random_(random) {}

  // More operations, which become a table of their own: newer than all others, as flushes are.
  void WriteAndFlush() {
    History more = RandomHistory(random_, 1 + random_->Below(15), kKeys);
    for (Operation& operation : more.operations) {
      operation.lsn.value += history_.last_lsn().value;
      operation.value += operation.kind == EntryKind::kPut ? "'" + std::to_string(operation.lsn.value) : "";
    }
    auto table = std::make_shared<MemoryTable>();
    table->points = more.Points();
    table->tombstones = FragmentedTombstones::Build(more.RangeTombstones());
    tables_.push_back(std::move(table));
    history_.operations.insert(history_.operations.end(), more.operations.begin(), more.operations.end());
  }
  void TakeSnapshot() { snapshots_.insert(history_.last_lsn()); }
  void ReleaseSnapshot() {
    if (!snapshots_.empty()) snapshots_.erase(std::next(snapshots_.begin(), Pick(snapshots_.size())));
  }
  void ReleaseAllSnapshots() { snapshots_.clear(); }

  // Any tables, whatever their age and neighbours in age; the result takes a place that says nothing of its age.
  void MergeSome(bool drop_tombstones) {
    std::shuffle(tables_.begin(), tables_.end(), *random_);
    const auto middle = tables_.begin() + Pick(tables_.size() + 1);
    MergeInto(Tables(tables_.begin(), middle), Tables(middle, tables_.end()), drop_tombstones);
  }
  void MergeOne() {
    if (tables_.empty()) return;
    std::swap(tables_[0], tables_[static_cast<size_t>(Pick(tables_.size()))]);
    MergeInto({tables_[0]}, Tables(tables_.begin() + 1, tables_.end()), /*drop_tombstones=*/true);
  }
  void MergeAll() { MergeInto(tables_, {}, /*drop_tombstones=*/true); }

  void ExpectUnchanged() const {
    for (const Lsn snapshot : snapshots_) ASSERT_EQ(VisibleAt(snapshot), history_.VisibleAt(snapshot));
    ASSERT_EQ(VisibleAt(kMaxLsn), history_.VisibleAt(kMaxLsn));
  }
  const Tables& tables() const { return tables_; }
  size_t visible_count() const { return history_.VisibleAt(kMaxLsn).size(); }

 private:
  std::ptrdiff_t Pick(size_t count) { return static_cast<std::ptrdiff_t>(random_->Below(count)); }

  void MergeInto(const Tables& inputs, const Tables& others, bool drop_tombstones) {
    OtherTables older(others);
    MergePolicy policy;
    policy.snapshots.assign(snapshots_.begin(), snapshots_.end());
    if (drop_tombstones) policy.older_versions = &older;
    const auto output = MergeInMemory(inputs, policy);
    tables_ = others;
    if (!output->points.empty() || !output->tombstones.empty()) tables_.push_back(output);
  }

  std::map<std::string, std::string> VisibleAt(Lsn snapshot) const {
    std::vector<std::unique_ptr<EntryIterator>> sources;
    std::vector<std::shared_ptr<const FragmentedTombstones>> tombstones;
    for (const auto& table : tables_) {
      sources.push_back(std::make_unique<VectorIterator>(table->points));
      tombstones.emplace_back(table, &table->tombstones);
    }
    VisibleIterator it(NewMergingIterator(std::move(sources)), std::move(tombstones), {.snapshot = snapshot});
    std::map<std::string, std::string> visible;
    for (it.SeekToFirst(); it.Valid(); it.Next()) visible.emplace(it.key(), it.value());
    return visible;
  }

  Random* const random_;
  History history_;
  Tables tables_;
  std::set<Lsn> snapshots_;
};

void RandomStep(Random* random, Store* store) {
  switch (random->Below(8)) {
    case 0:
    case 1:
      return store->WriteAndFlush();
    case 2:
      return store->TakeSnapshot();
    case 3:
      return store->ReleaseSnapshot();
    case 4:
      return store->MergeSome(/*drop_tombstones=*/false);
    case 5:
      return store->MergeSome(/*drop_tombstones=*/true);
    case 6:
      return store->MergeOne();
    default:
      return random->OneIn(4) ? store->MergeAll() : store->MergeOne();
  }
}

TEST(MergeHistory, NoSequenceOfMergesChangesWhatIsSeen) {
  Random random = Random::ForTest();
  for (int round = 0; round < 400; ++round) {
    Store store(&random);
    for (int step = 0; step < 40; ++step) {
      RandomStep(&random, &store);
      ASSERT_NO_FATAL_FAILURE(store.ExpectUnchanged()) << "round " << round << " step " << step;
    }
  }
}

TEST(MergeHistory, AMajorCompactionWithoutSnapshotsLeavesOnlyWhatIsSeen) {
  Random random = Random::ForTest();
  for (int round = 0; round < 200; ++round) {
    Store store(&random);
    for (int step = 0; step < 30; ++step) RandomStep(&random, &store);
    store.ReleaseAllSnapshots();
    store.MergeAll();
    ASSERT_NO_FATAL_FAILURE(store.ExpectUnchanged());
    size_t points = 0;
    for (const auto& table : store.tables()) {
      points += table->points.size();
      EXPECT_TRUE(table->tombstones.empty());
    }
    EXPECT_EQ(points, store.visible_count());
  }
}

}  // namespace
}  // namespace aeternus::compaction
