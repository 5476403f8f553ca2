// What is saved of a table when any one place of it is damaged.
#include "sstable/table_salvager.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "base/entry.h"
#include "base/types.h"
#include "gtest/gtest.h"
#include "iterator/entry_iterator.h"
#include "sstable/builder.h"
#include "sstable/format.h"
#include "sstable/table.h"
#include "sstable/testing/table_harness.h"

namespace aeternus::sstable {
namespace {

using testing::Drain;
using testing::Render;
using testing::SmallModel;
using testing::TableHarness;
using testing::TableModel;

class TableSalvagerTest : public ::testing::Test {
 protected:
  TableSalvagerTest() : model_(SmallModel()) {
    summary_ = harness_.Build(model_, {.block_size_bytes = 64});
    bytes_ = harness_.Contents();
    footer_ = *harness_.Open()->ReadFooter();
    for (const auto& entry : model_.entries) entries_.push_back(Render(entry.view()));
  }

  absl::StatusOr<std::shared_ptr<const TableSalvager>> Survey(DatabaseId database = TableHarness::kDatabaseId) {
    return TableSalvager::Survey(&harness_.file_system(), TableHarness::kPath, TableHarness::kNumber, database,
                                 summary_.size_bytes);
  }
  std::shared_ptr<const TableSalvager> SurveyOf(std::string bytes) {
    harness_.SetContents(std::move(bytes));
    return Survey().value();
  }
  std::string Flipped(uint64_t byte) const {
    std::string bytes = bytes_;
    bytes[byte] = static_cast<char>(bytes[byte] ^ 0x10);
    return bytes;
  }
  static std::vector<std::string> EntriesOf(const TableSalvager& table) {
    const std::unique_ptr<EntryIterator> it = table.NewIterator();
    it->SeekToFirst();
    return Drain(*it);
  }

  TableHarness harness_;
  const TableModel model_;
  TableSummary summary_;
  std::string bytes_;
  Footer footer_;
  std::vector<std::string> entries_;
};

TEST_F(TableSalvagerTest, AWholeTableIsSavedWhole) {
  const auto table = SurveyOf(bytes_);
  EXPECT_TRUE(table->lost().empty());
  EXPECT_FALSE(table->may_lack_tombstones());
  EXPECT_EQ(table->point_count(), entries_.size());
  EXPECT_EQ(table->written_point_count(), entries_.size());
  EXPECT_EQ(EntriesOf(*table), entries_);
  EXPECT_EQ(table->range_tombstones()->ToTombstones(), (*harness_.Open()->RangeTombstones())->ToTombstones());
}

// The entries of one block at most are missing, wherever the damage is; and where it is in none, none is.
TEST_F(TableSalvagerTest, AFlippedBitLosesTheBlockThatItIsInAndNoOther) {
  ASSERT_GE(footer_.data_block_count, 3u);
  for (uint64_t byte = 0; byte < bytes_.size(); ++byte) {
    SCOPED_TRACE(byte);
    const auto table = SurveyOf(Flipped(byte));
    const std::vector<std::string> found = EntriesOf(*table);
    ASSERT_EQ(found.size(), table->point_count());
    // What is missing is one run of entries.
    size_t front = 0;
    while (front < found.size() && found[front] == entries_[front]) ++front;
    const size_t missing = entries_.size() - found.size();
    ASSERT_TRUE(std::equal(found.begin() + front, found.end(), entries_.begin() + front + missing));
    if (byte < footer_.data_end()) {
      ASSERT_GT(missing, 0u);
      ASSERT_EQ(table->lost().size(), 1u);
      const LostStretch& lost = table->lost().front();
      ASSERT_TRUE(lost.may_hold_entries);
      ASSERT_LE(lost.offset, byte);
      ASSERT_LT(byte, lost.offset + lost.size_bytes);
      ASSERT_EQ(lost.after.has_value(), front > 0);
      ASSERT_EQ(lost.before.has_value(), front + missing < entries_.size());
      if (front > 0) {
        ASSERT_EQ(*lost.after, model_.entries[front - 1].key);
      }
      if (front + missing < entries_.size()) {
        ASSERT_EQ(*lost.before, model_.entries[front + missing].key);
      }
    } else {
      ASSERT_EQ(missing, 0u);
      ASSERT_FALSE(table->lost().empty());
    }
    const bool hits_tombstones = byte >= footer_.tombstones.offset && byte < footer_.tombstones.end();
    ASSERT_EQ(table->may_lack_tombstones(), hits_tombstones);
    ASSERT_EQ(table->range_tombstones()->empty(), hits_tombstones);
  }
}

TEST_F(TableSalvagerTest, ATruncatedTableKeepsTheBlocksInFrontOfTheCut) {
  for (uint64_t size = 0; size < bytes_.size(); ++size) {
    SCOPED_TRACE(size);
    const auto table = SurveyOf(bytes_.substr(0, size));
    const std::vector<std::string> found = EntriesOf(*table);
    ASSERT_TRUE(std::equal(found.begin(), found.end(), entries_.begin()));
    ASSERT_TRUE(size < footer_.data_end() || found.size() == entries_.size());
    ASSERT_FALSE(table->lost().empty());
    ASSERT_EQ(table->lost().back().offset + table->lost().back().size_bytes, bytes_.size());
  }
}

// Without index and footer, blocks are found by what stands behind them.
TEST_F(TableSalvagerTest, ZeroedStretchesAnywhereLeaveTheBlocksAroundThem) {
  for (uint64_t begin = 0; begin < footer_.data_end(); begin += 97) {
    SCOPED_TRACE(begin);
    std::string bytes = bytes_;
    std::fill_n(bytes.begin() + begin, 100, '\0');
    bytes.resize(footer_.data_end() + 1);
    const auto table = SurveyOf(bytes);
    const std::vector<std::string> found = EntriesOf(*table);
    ASSERT_GE(found.size(), 4u);
    ASSERT_TRUE(std::all_of(found.begin(), found.end(), [&](const std::string& entry) {
      return std::find(entries_.begin(), entries_.end(), entry) != entries_.end();
    }));
  }
}

TEST_F(TableSalvagerTest, TheIteratorMovesBothWaysAndSeeks) {
  // One block in the middle is lost.
  const auto table = SurveyOf(Flipped(footer_.data_end() / 2));
  std::vector<std::string> expected = EntriesOf(*table);
  const std::unique_ptr<EntryIterator> it = table->NewIterator();
  it->SeekToLast();
  std::vector<std::string> backward = Drain(*it, /*forward=*/false);
  std::reverse(backward.begin(), backward.end());
  EXPECT_EQ(backward, expected);
  for (const auto& entry : model_.entries) {
    it->Seek(entry.key, entry.lsn);
    const std::vector<std::string> rest = Drain(*it);
    ASSERT_TRUE(rest.size() <= expected.size() && std::equal(rest.rbegin(), rest.rend(), expected.rbegin()));
    it->SeekBefore(entry.key);
    ASSERT_TRUE(!it->Valid() || it->entry().key < entry.key);
  }
  it->Seek("\xff\xff", kMaxLsn);
  EXPECT_FALSE(it->Valid());
  EXPECT_TRUE(it->status().ok());
}

TEST_F(TableSalvagerTest, ABlockThatChangesAfterTheSurveyIsAnError) {
  const auto table = SurveyOf(bytes_);
  harness_.SetContents(Flipped(20));
  const std::unique_ptr<EntryIterator> it = table->NewIterator();
  it->SeekToFirst();
  EXPECT_FALSE(it->Valid());
  EXPECT_TRUE(absl::IsDataLoss(it->status())) << it->status();
}

TEST_F(TableSalvagerTest, ATableOfAnotherDatabaseIsRefused) {
  const auto table = Survey(DatabaseId(1));
  EXPECT_TRUE(absl::IsFailedPrecondition(table.status())) << table.status();
  EXPECT_TRUE(absl::StrContains(table.status().message(), TableHarness::kPath));
}

}  // namespace
}  // namespace aeternus::sstable
