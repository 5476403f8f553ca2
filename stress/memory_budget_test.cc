// Memory is bounded by the configured budget (invariant 12): memtables, blocks, filters and indexes are one number,
// whatever is read.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "aeternus/engine.h"
#include "aeternus/iterator.h"
#include "aeternus/pinned_value.h"
#include "gtest/gtest.h"
#include "stress/rng.h"
#include "stress/sim_database.h"

namespace aeternus::stress {
namespace {

constexpr size_t kBudgetBytes = size_t{4} << 20;
constexpr int kKeys = 20'000;
constexpr size_t kValueBytes = 1000;

std::string LargeValue(int i) { return std::string(kValueBytes, static_cast<char>('a' + i % 26)); }

// A database five times as large as its budget, in several tables, just opened.
class MemoryBudgetTest : public testing::Test {
 protected:
  MemoryBudgetTest() : database_({.write_buffer_bytes = size_t{1} << 20, .memory_budget_bytes = kBudgetBytes}) {}

  void SetUp() override {
    ASSERT_TRUE(database_.Open().ok());
    Rng rng(1);
    std::vector<int> order(kKeys);
    for (int i = 0; i < kKeys; ++i) order[static_cast<size_t>(i)] = i;
    for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[rng.Below(i)]);
    for (int i : order) {
      ASSERT_TRUE(database_->Put(NumberedKey(i), LargeValue(i), {.sync = false}).ok());
      ASSERT_TRUE(database_->FlushAllFrozen().ok());
    }
    ASSERT_TRUE(FlushEverything(*database_).ok());
    ASSERT_TRUE(database_.Reopen().ok());
    ASSERT_GT(database_->Stats().value().table_bytes, 4 * kBudgetBytes);
  }

  // Asks for the numbers, and prints the largest of them at the end.
  void CheckBudget() {
    const Stats stats = database_->Stats().value();
    EXPECT_EQ(stats.memory_limit_bytes, kBudgetBytes);
    EXPECT_LE(stats.memory_used_bytes, kBudgetBytes + stats.memtable_memory_bytes + stats.pinned_memory_bytes);
    EXPECT_LE(stats.filter_index_memory_bytes, stats.frame_memory_bytes);
    EXPECT_GE(stats.memory_used_bytes, stats.memtable_memory_bytes + stats.frame_memory_bytes);
    most_used_ = std::max(most_used_, stats.memory_used_bytes);
    most_filters_ = std::max(most_filters_, stats.filter_index_memory_bytes);
  }
  void TearDown() override {
    std::printf("budget %zu bytes, most used %zu, most of it filters and indexes %zu\n", kBudgetBytes, most_used_,
                most_filters_);
  }

  SimDatabase database_;
  size_t most_used_ = 0;
  size_t most_filters_ = 0;
};

TEST_F(MemoryBudgetTest, GetsAllOverALargerDatabaseKeepToTheBudget) {
  Rng rng(2);
  for (int i = 0; i < kKeys; ++i) {
    const int key = static_cast<int>(rng.Below(kKeys));
    ASSERT_EQ(database_->Get(NumberedKey(key)).value(), LargeValue(key));
    if (i % 50 == 0) CheckBudget();
  }
  EXPECT_GT(most_used_, kBudgetBytes / 2) << "the budget is there to be used";
  EXPECT_GT(most_filters_, 0u) << "filters and indexes count";
}

TEST_F(MemoryBudgetTest, AFullScanKeepsToTheBudget) {
  const std::unique_ptr<Iterator> iterator = database_->NewIterator({}).value();
  int rows = 0;
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next(), ++rows) {
    ASSERT_EQ(iterator->key(), NumberedKey(rows));
    if (rows % 100 == 0) CheckBudget();
  }
  ASSERT_TRUE(iterator->status().ok()) << iterator->status();
  EXPECT_EQ(rows, kKeys);
}

TEST_F(MemoryBudgetTest, AMajorCompactionKeepsToTheBudget) {
  ASSERT_TRUE(database_->MajorCompact().value());
  CheckBudget();
  EXPECT_EQ(database_->Stats().value().table_count, 1u);
  EXPECT_EQ(ReadAll(*database_).value().size(), static_cast<size_t>(kKeys));
  CheckBudget();
}

TEST_F(MemoryBudgetTest, PinnedValuesAreReportedAndStayReadableUnderPressure) {
  std::vector<PinnedValue> pinned(200);
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(database_->Get({}, NumberedKey(i * 100), &pinned[static_cast<size_t>(i)]).value());
  }
  EXPECT_GE(database_->Stats().value().pinned_memory_bytes, 200 * kValueBytes);
  for (int i = 0; i < kKeys; i += 3) ASSERT_TRUE(database_->Get(NumberedKey(i)).value().has_value());
  CheckBudget();
  for (int i = 0; i < 200; ++i) EXPECT_EQ(pinned[static_cast<size_t>(i)].view(), LargeValue(i * 100));
  pinned.clear();
  EXPECT_EQ(database_->Stats().value().pinned_memory_bytes, 0u);
}

}  // namespace
}  // namespace aeternus::stress
