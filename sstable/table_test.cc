#include "sstable/table.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "base/entry.h"
#include "base/hash.h"
#include "base/types.h"
#include "gtest/gtest.h"
#include "iterator/entry_iterator.h"
#include "iterator/testing/random.h"
#include "sstable/builder.h"
#include "sstable/testing/table_harness.h"

namespace aeternus::sstable {
namespace {

using aeternus::testing::Random;
using testing::Drain;
using testing::Put;
using testing::RandomModel;
using testing::Render;
using testing::SmallModel;
using testing::StoredEntry;
using testing::TableHarness;
using testing::TableModel;

// Every way of asking the table, held against the model.
class ModelComparison {
 public:
  ModelComparison(const TableModel* model, Table* table) : model_(*model), table_(*table) {}

  void CompareScans() {
    std::vector<std::string> expected;
    for (const StoredEntry& entry : model_.entries) expected.push_back(Render(entry.view()));
    const std::unique_ptr<EntryIterator> it = table_.NewIterator();
    EXPECT_FALSE(it->Valid());
    it->SeekToFirst();
    ASSERT_EQ(Drain(*it), expected);
    it->SeekToLast();
    std::reverse(expected.begin(), expected.end());
    ASSERT_EQ(Drain(*it, /*forward=*/false), expected);
  }

  // At every entry, one LSN on either side of it, and at keys around.
  void CompareAtEveryEntry() {
    for (const StoredEntry& entry : model_.entries) {
      for (const int64_t delta : {-1, 0, 1}) ComparePoint(entry.key, Lsn(entry.lsn.value + delta));
      ComparePoint(entry.key, kMaxLsn);
      ComparePoint(entry.key, kMinLsn);
      ComparePoint(entry.key + '\0', kMaxLsn);
      ComparePoint(entry.key.substr(0, entry.key.size() / 2), kMaxLsn);
    }
    ComparePoint("", kMaxLsn);
    ComparePoint(std::string(20, '\xff'), kMinLsn);
  }

  // Steps and seeks in random order: an iterator's answers depend on where it stands, not on how it came there.
  void CompareRandomWalk(Random& random, int steps) {
    const std::unique_ptr<EntryIterator> it = table_.NewIterator();
    size_t at = kEnd;
    for (int step = 0; step < steps; ++step) {
      const StoredEntry& target = model_.entries[random.Below(model_.entries.size())];
      const uint64_t action = random.Below(9);
      const auto prepare = [&](const EntryIterator::SeekTarget& to, int steps) {
        for (int s = 0; s < steps; ++s) it->PrepareSeek(to, s);
      };
      // Of some seek, which the next one in steps, or to an end, gives up.
      if (random.OneIn(8)) {
        const StoredEntry& other = model_.entries[random.Below(model_.entries.size())];
        prepare({.key = other.key, .lsn = other.lsn}, static_cast<int>(random.Below(EntryIterator::kSeekSteps + 1)));
        random.OneIn(2) ? it->SeekToFirst() : it->SeekToLast();
        at = kEnd;
      }
      const bool in_steps = random.OneIn(2);
      if (action < 3 && at != kEnd) {
        it->Next();
        at = at + 1 < model_.entries.size() ? at + 1 : kEnd;
      } else if (action < 6 && at != kEnd) {
        it->Prev();
        at = at > 0 ? at - 1 : kEnd;
      } else if (action == 8 && at != kEnd && target.key > model_.entries[at].key) {
        it->SkipTo(target.key);
        at = model_.LowerBound(target.key, kMaxLsn);
      } else if (action == 6) {
        if (in_steps) prepare({.key = target.key, .lsn = kMaxLsn, .is_before = true}, EntryIterator::kSeekSteps);
        it->SeekBefore(target.key);
        at = model_.LowerBound(target.key, kMaxLsn) - 1;  // kEnd when it is the first key
      } else {
        if (in_steps) prepare({.key = target.key, .lsn = target.lsn}, EntryIterator::kSeekSteps);
        it->Seek(target.key, target.lsn);
        at = model_.LowerBound(target.key, target.lsn);
      }
      ExpectAt(*it, at);
    }
  }

 private:
  static constexpr size_t kEnd = SIZE_MAX;

  void ExpectAt(const EntryIterator& it, size_t i) {
    ASSERT_TRUE(it.status().ok()) << it.status();
    ASSERT_EQ(it.Valid(), i < model_.entries.size());
    if (!it.Valid()) return;
    ASSERT_EQ(Render(it.entry()), Render(model_.entries[i].view()));
  }

  void ComparePoint(const std::string& key, Lsn lsn) {
    CompareFind(key, lsn);
    const std::unique_ptr<EntryIterator> it = table_.NewIterator();
    const size_t at = model_.LowerBound(key, lsn);
    it->Seek(key, lsn);
    ExpectAt(*it, at);
    it->SeekBefore(key);
    ExpectAt(*it, model_.LowerBound(key, kMaxLsn) - 1);
    ASSERT_EQ(table_.MaxCoveringTombstone(key, lsn).value(), model_.MaxCovering(key, lsn));

    const StoredEntry* below = lsn == kMinLsn ? nullptr : model_.Find(key, Lsn(lsn.value - 1));
    ASSERT_EQ(table_.HoldsVersionBelow(key, StableHash(key), lsn).value(), below != nullptr);
    const std::string end = key + "m";
    const bool holds_in_range =
        std::any_of(model_.entries.begin(), model_.entries.end(),
                    [&](const StoredEntry& entry) { return entry.key >= key && entry.key < end && entry.lsn < lsn; });
    ASSERT_EQ(table_.HoldsKeyInRangeBelow(key, end, lsn).value(), holds_in_range);
  }

  void CompareFind(const std::string& key, Lsn snapshot) {
    const absl::StatusOr<std::optional<Table::Found>> found = table_.Find(key, StableHash(key), snapshot);
    ASSERT_TRUE(found.ok()) << found.status();
    const StoredEntry* expected = model_.Find(key, snapshot);
    ASSERT_EQ(found->has_value(), expected != nullptr);
    if (expected == nullptr) return;
    ASSERT_TRUE(table_.MayContain(StableHash(key)).value());
    ASSERT_EQ(Render({.key = key, .lsn = (*found)->lsn, .kind = (*found)->kind, .value = (*found)->value}),
              Render(expected->view()));
  }

  const TableModel& model_;
  Table& table_;
};

void ExpectSummaryFits(const TableSummary& summary, const TableModel& model, Table& table) {
  uint64_t puts = 0;
  uint64_t deletes = 0;
  for (const StoredEntry& entry : model.entries) {
    (entry.kind == EntryKind::kPut ? puts : deletes) += 1;
    EXPECT_LE(summary.min_point_lsn, entry.lsn);
    EXPECT_GE(summary.max_point_lsn, entry.lsn);
    EXPECT_LE(summary.smallest, entry.key);
    EXPECT_TRUE(!summary.largest.has_value() || entry.key <= *summary.largest);
  }
  EXPECT_EQ(summary.put_count, puts);
  EXPECT_EQ(summary.delete_count, deletes);
  EXPECT_EQ(summary.range_tombstone_count, table.RangeTombstones().value()->ToTombstones().size());
  for (const RangeTombstone& tombstone : model.tombstones) {
    EXPECT_LE(summary.min_range_lsn, tombstone.lsn);
    EXPECT_GE(summary.max_range_lsn, tombstone.lsn);
    EXPECT_LE(summary.smallest, tombstone.start);
    EXPECT_TRUE(!summary.largest.has_value() || (tombstone.end.has_value() && *tombstone.end <= *summary.largest));
  }
}

TEST(TableModelTest, RandomTablesAnswerLikeTheModel) {
  Random random = Random::ForTest();
  TableHarness harness;
  for (int round = 0; round < 30; ++round) {
    const TableModel model = RandomModel(random, 400);
    const TableSummary summary =
        harness.Build(model, {.block_size_bytes = 64 + random.Below(round % 2 == 0 ? 300 : 5000),
                              .filter_bits_per_key = 1.0 + static_cast<double>(random.Below(20))});
    const std::shared_ptr<Table> table = harness.Open();
    ModelComparison comparison(&model, table.get());
    comparison.CompareScans();
    comparison.CompareAtEveryEntry();
    comparison.CompareRandomWalk(random, 500);
    ExpectSummaryFits(summary, model, *table);
    ASSERT_TRUE(table->Verify(summary.checksum).ok()) << table->Verify(summary.checksum);
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(TableModelTest, EveryBlockSizeServesTheSmallTable) {
  const TableModel model = SmallModel();
  TableHarness harness;
  for (size_t block_size = 1; block_size < 600; block_size += 7) {
    const TableSummary summary = harness.Build(model, {.block_size_bytes = block_size});
    const std::shared_ptr<Table> table = harness.Open();
    ModelComparison comparison(&model, table.get());
    comparison.CompareScans();
    comparison.CompareAtEveryEntry();
    ASSERT_TRUE(table->Verify(summary.checksum).ok());
  }
}

TEST(TableModelTest, LargestKeysAndLargeValuesComeBack) {
  TableModel model;
  model.entries = {Put("", 5, "the empty key"), Put("", 4, ""), Put(std::string(1, '\0'), 9, std::string(1 << 20, 'v')),
                   Put("k", kMaxLsn.value, ""), Put("k", 0, "oldest of all")};
  const std::string shared(kMaxKeySizeBytes - 1, 'k');
  for (const char last : {'a', 'b', 'c'}) model.entries.push_back(Put(shared + last, 7, std::string(70'000, last)));
  TableHarness harness;
  for (const size_t block_size : {size_t{256}, size_t{4096}, size_t{4} << 20}) {
    const TableSummary summary = harness.Build(model, {.block_size_bytes = block_size});
    const std::shared_ptr<Table> table = harness.Open();
    ModelComparison comparison(&model, table.get());
    comparison.CompareScans();
    for (const StoredEntry& entry : model.entries) {
      const auto found = table->Find(entry.key, StableHash(entry.key), entry.lsn).value();
      ASSERT_TRUE(found.has_value());
      EXPECT_TRUE(found->value == entry.value);
    }
    ASSERT_TRUE(table->Verify(summary.checksum).ok()) << table->Verify(summary.checksum);
  }
}

TEST(TableTest, SeekMayTakeTheCurrentKey) {
  TableHarness harness;
  const TableModel model = SmallModel();
  harness.Build(model, {.block_size_bytes = 60});
  const std::shared_ptr<Table> table = harness.Open();
  const std::unique_ptr<EntryIterator> it = table->NewIterator();
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    const std::string here = Render(it->entry());
    it->Seek(it->entry().key, it->entry().lsn);
    ASSERT_EQ(Render(it->entry()), here);
  }
  // The oldest version of a key, sought from its newest, blocks away.
  it->Seek("banana", kMaxLsn);
  it->Seek(it->entry().key, Lsn(21));
  EXPECT_EQ(Render(it->entry()), "banana@21=v21");
}

TEST(TableTest, IteratorHoldsTheTableAndAFoundValueItsBlock) {
  TableHarness harness;
  harness.Build(SmallModel());
  std::shared_ptr<Table> table = harness.Open();
  auto found = table->Find("cherry", StableHash("cherry"), kMaxLsn).value();
  std::unique_ptr<EntryIterator> it = table->NewIterator();
  it->SeekToFirst();
  table.reset();
  EXPECT_EQ(Drain(*it).size(), SmallModel().entries.size());
  it.reset();
  EXPECT_EQ(found->value, std::string(70, 'c'));
  EXPECT_GT(harness.budget().used_bytes(), 0u);
  found.reset();
  EXPECT_EQ(harness.budget().used_bytes(), 0u);
}

TEST(TableTest, TombstonesAloneMakeATable) {
  TableHarness harness;
  TableModel model;
  model.tombstones = {{"c", "f", Lsn(5)}, {"a", "d", Lsn(9)}, {"x", "z", Lsn(2)}};
  const TableSummary summary = harness.Build(model, {.creation_time_micros = 77});
  EXPECT_EQ(summary.smallest, "a");
  EXPECT_EQ(summary.largest, "z");
  EXPECT_TRUE(summary.largest_is_exclusive);
  EXPECT_EQ(summary.min_range_lsn, Lsn(2));
  EXPECT_EQ(summary.max_range_lsn, Lsn(9));
  EXPECT_EQ(summary.max_point_lsn, kMinLsn);
  EXPECT_EQ(summary.oldest_tombstone_time_micros, 77);
  const std::shared_ptr<Table> table = harness.Open();
  EXPECT_EQ(table->MaxCoveringTombstone("c", kMaxLsn).value(), Lsn(9));
  EXPECT_EQ(table->MaxCoveringTombstone("c", Lsn(8)).value(), Lsn(5));
  EXPECT_EQ(table->MaxCoveringTombstone("g", kMaxLsn).value(), kMinLsn);
  EXPECT_FALSE(table->MayContain(StableHash("c")).value());
  EXPECT_FALSE(table->Find("c", StableHash("c"), kMaxLsn).value().has_value());
  const std::unique_ptr<EntryIterator> it = table->NewIterator();
  it->Seek("a", kMaxLsn);
  EXPECT_EQ(Drain(*it), std::vector<std::string>());
  it->SeekToLast();
  EXPECT_EQ(Drain(*it), std::vector<std::string>());
  EXPECT_TRUE(table->Verify(summary.checksum).ok()) << table->Verify(summary.checksum);
}

TEST(TableTest, BoundsCoverPointsAndTombstones) {
  TableHarness harness;
  TableModel model;
  model.entries = {Put("g", 1, ""), Put("k", 2, "")};
  EXPECT_EQ(harness.Build(model).largest, "k");
  EXPECT_FALSE(harness.Build(model).largest_is_exclusive);
  EXPECT_EQ(harness.Build(model).smallest, "g");
  model.tombstones = {{"a", "h", Lsn(5)}};
  EXPECT_EQ(harness.Build(model).smallest, "a");
  EXPECT_EQ(harness.Build(model).largest, "k");
  EXPECT_FALSE(harness.Build(model).largest_is_exclusive);
  // [j, k) does not hold k itself, the entry does: inclusive.
  model.tombstones = {{"j", "k", Lsn(5)}};
  EXPECT_EQ(harness.Build(model).largest, "k");
  EXPECT_FALSE(harness.Build(model).largest_is_exclusive);
  model.tombstones = {{"j", "kk", Lsn(5)}};
  EXPECT_EQ(harness.Build(model).largest, "kk");
  EXPECT_TRUE(harness.Build(model).largest_is_exclusive);
  model.tombstones = {{"j", std::nullopt, Lsn(5)}};
  EXPECT_EQ(harness.Build(model).largest, std::nullopt);
  EXPECT_FALSE(harness.Build(model).largest_is_exclusive);
}

TEST(TableTest, TombstonesAgeThroughMerges) {
  TableHarness harness;
  TableModel puts;
  puts.entries = {Put("a", 1, "")};
  const BuilderOptions options{.creation_time_micros = 500, .oldest_tombstone_time_micros = 100};
  EXPECT_EQ(harness.Build(puts, options).oldest_tombstone_time_micros, 0);
  EXPECT_EQ(harness.Build(SmallModel(), options).oldest_tombstone_time_micros, 100);
  EXPECT_EQ(harness.Build(SmallModel(), {.creation_time_micros = 500}).oldest_tombstone_time_micros, 500);
}

TEST(TableTest, PropertiesSayWhatTheTableHolds) {
  TableHarness harness;
  harness.Build(SmallModel(), {.filter_bits_per_key = 12.5, .creation_time_micros = 500});
  const Properties properties = harness.Open()->ReadProperties().value();
  const auto number = [&](const char* name) { return ReadNumberProperty(properties, name, "table").value(); };
  EXPECT_EQ(number(kPutCountProperty), 13u);
  EXPECT_EQ(number(kDeleteCountProperty), 2u);
  EXPECT_EQ(number(kRangeTombstoneCountProperty), 2u);
  EXPECT_EQ(number(kFilterMillibitsProperty), 12'500u);
  EXPECT_EQ(number(kCreationTimeProperty), 500u);
  EXPECT_EQ(number(kOldestTombstoneTimeProperty), 500u);
  EXPECT_EQ(properties.at(kFilterProperty), "blocked-bloom-512");
  EXPECT_EQ(properties.at(kHashProperty), "xxh3-64");
  EXPECT_EQ(properties.at(kCodecProperty), "none");
  EXPECT_EQ(ReadNumberProperty(properties, "no such", "t").status().code(), absl::StatusCode::kDataLoss);
}

TEST(TableTest, SmallTablesAreSmallFiles) {
  TableHarness harness;
  TableModel model;
  for (int i = 0; i < 10; ++i) model.entries.push_back(Put("key" + std::to_string(i), 100 + i, "value"));
  const TableSummary summary = harness.Build(model, {.creation_time_micros = 1'700'000'000'000'000});
  EXPECT_EQ(summary.raw_key_bytes, 40u);
  EXPECT_EQ(summary.raw_value_bytes, 50u);
  EXPECT_LT(summary.size_bytes - summary.raw_key_bytes - summary.raw_value_bytes, 700u);
}

}  // namespace
}  // namespace aeternus::sstable
