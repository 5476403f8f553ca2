// Bytes from disk are never trusted (invariant 7): a damaged table answers right or says that it is damaged.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/coding.h"
#include "base/crc32c.h"
#include "base/entry.h"
#include "base/file_identity.h"
#include "base/hash.h"
#include "base/types.h"
#include "gtest/gtest.h"
#include "iterator/entry_iterator.h"
#include "iterator/testing/random.h"
#include "sstable/builder.h"
#include "sstable/format.h"
#include "sstable/index_block.h"
#include "sstable/properties.h"
#include "sstable/table.h"
#include "sstable/testing/table_harness.h"

namespace aeternus::sstable {
namespace {

using aeternus::testing::Random;
using testing::Drain;
using testing::Put;
using testing::Render;
using testing::SmallModel;
using testing::StoredEntry;
using testing::TableHarness;
using testing::TableModel;

constexpr char kDamage[] = "DATA_LOSS";

// Each answer of the table to one question; scans are several, and end in an error if there is one.
using Answers = std::vector<std::vector<std::string>>;

template <typename T, typename RenderValue>
std::vector<std::string> Answer(const absl::StatusOr<T>& result, const RenderValue& render) {
  return {result.ok() ? render(*result) : result.status().ToString()};
}

std::vector<std::string> AnswerFind(Table& table, const std::string& key, Lsn snapshot) {
  return Answer(table.Find(key, StableHash(key), snapshot), [&](const std::optional<Table::Found>& found) {
    if (!found.has_value()) return std::string("nothing");
    return Render({.key = key, .lsn = found->lsn, .kind = found->kind, .value = found->value});
  });
}

// Asks for everything, each way there is.
Answers AskEverything(Table& table, const TableModel& model) {
  Answers answers;
  const std::unique_ptr<EntryIterator> it = table.NewIterator();
  it->SeekToFirst();
  answers.push_back(Drain(*it));
  it->SeekToLast();
  answers.push_back(Drain(*it, /*forward=*/false));
  for (const StoredEntry& entry : model.entries) {
    answers.push_back(AnswerFind(table, entry.key, entry.lsn));
    answers.push_back(AnswerFind(table, entry.key + "x", kMaxLsn));
    it->Seek(entry.key, entry.lsn);
    answers.push_back(Drain(*it, /*forward=*/true, /*limit=*/2));
    it->SeekBefore(entry.key);
    answers.push_back(Drain(*it, /*forward=*/false, /*limit=*/2));
    answers.push_back(
        Answer(table.MaxCoveringTombstone(entry.key, kMaxLsn), [](Lsn lsn) { return absl::StrCat(lsn); }));
  }
  const auto holds = table.HoldsKeyInRangeBelow("a", "d", Lsn(5));
  answers.push_back(Answer(holds, [](bool holds) { return absl::StrCat(holds); }));
  const auto properties = table.ReadProperties();
  answers.push_back(Answer(properties, [](const Properties& p) { return EncodeProperties(p); }));
  return answers;
}

// Whether `damaged` is `intact`, or the beginning of it and then an error.
bool IsRightOrDamage(const std::vector<std::string>& damaged, const std::vector<std::string>& intact) {
  if (damaged == intact) return true;
  if (damaged.empty() || damaged.size() > intact.size() + 1 || !absl::StartsWith(damaged.back(), kDamage)) return false;
  return std::equal(damaged.begin(), damaged.end() - 1, intact.begin());
}

class TableDamageTest : public ::testing::Test {
 protected:
  TableDamageTest() {
    summary_ = harness_.Build(model_, {.block_size_bytes = 100});
    intact_ = harness_.Contents();
    const std::shared_ptr<Table> table = harness_.Open();
    answers_ = AskEverything(*table, model_);
    footer_ = table->ReadFooter().value();
  }

  void ExpectNoWrongAnswer(std::string bytes, const std::string& damage) {
    harness_.SetContents(std::move(bytes));
    const std::shared_ptr<Table> table = harness_.Open();
    const Answers answers = AskEverything(*table, model_);
    ASSERT_EQ(answers.size(), answers_.size());
    for (size_t i = 0; i < answers.size(); ++i) {
      ASSERT_TRUE(IsRightOrDamage(answers[i], answers_[i]))
          << damage << ": question " << i << " ends in \"" << (answers[i].empty() ? "" : answers[i].back()) << "\"";
    }
    ASSERT_EQ(table->Verify(summary_.checksum).code(), absl::StatusCode::kDataLoss) << damage;
  }
  // Code and message of the first use of the table as it now stands.
  absl::Status FirstUse() { return harness_.Open()->Find("apple", StableHash("apple"), kMaxLsn).status(); }

  // Every block of the table, data blocks first.
  std::vector<BlockHandle> Blocks() const {
    std::vector<BlockHandle> blocks;
    const IndexReader index(std::string_view(intact_).substr(footer_.index.offset, footer_.index.stored_size));
    for (size_t i = 0; i < index.block_count(); ++i) blocks.push_back(index.block(i));
    blocks.insert(blocks.end(), {footer_.filter, footer_.tombstones, footer_.index, footer_.properties});
    return blocks;
  }

  const TableModel model_ = SmallModel();
  TableHarness harness_;
  TableSummary summary_;
  std::string intact_;
  Answers answers_;
  Footer footer_;
};

TEST_F(TableDamageTest, TheTableHasEveryKindOfBlock) {
  EXPECT_GE(footer_.data_block_count, 4u);
  EXPECT_TRUE(footer_.filter.present() && footer_.tombstones.present() && footer_.index.present());
  for (const std::vector<std::string>& answer : answers_) {
    EXPECT_TRUE(answer.empty() || !absl::StartsWith(answer.back(), kDamage));
  }
}

TEST_F(TableDamageTest, EveryFlippedBitGivesTheRightAnswerOrAnError) {
  for (size_t bit = 0; bit < intact_.size() * 8; ++bit) {
    std::string bytes = intact_;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
    ExpectNoWrongAnswer(std::move(bytes), absl::StrCat("bit ", bit % 8, " of byte ", bit / 8));
    if (HasFatalFailure()) return;
  }
}

TEST_F(TableDamageTest, EveryTruncationIsAnError) {
  for (size_t size = 0; size < intact_.size(); ++size) {
    ExpectNoWrongAnswer(intact_.substr(0, size), absl::StrCat("cut to ", size, " bytes"));
    // A manifest that was damaged in the same way hides nothing.
    harness_.params().size_bytes = size;
    ExpectNoWrongAnswer(intact_.substr(0, size), absl::StrCat("cut to ", size, " bytes, as expected"));
    harness_.params().size_bytes = intact_.size();
    if (HasFatalFailure()) return;
  }
}

TEST_F(TableDamageTest, SizeMismatchNamesBothSizes) {
  harness_.SetContents(intact_ + "tail");
  const absl::Status status = FirstUse();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(absl::StrContains(status.message(), absl::StrCat(intact_.size() + 4, " bytes"))) << status;
  EXPECT_TRUE(absl::StrContains(status.message(), absl::StrCat("expected ", intact_.size()))) << status;
  EXPECT_TRUE(absl::StrContains(status.message(), TableHarness::kPath)) << status;
}

TEST_F(TableDamageTest, MissingFileIsDamageBecauseTheManifestNamesIt) {
  ASSERT_TRUE(harness_.file_system().DeleteFile(TableHarness::kPath).ok());
  EXPECT_EQ(FirstUse().code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(absl::StrContains(FirstUse().message(), TableHarness::kPath));
}

TEST_F(TableDamageTest, AnotherTableInItsPlaceIsDamage) {
  harness_.params().number = FileNumber(8);
  EXPECT_EQ(FirstUse().code(), absl::StatusCode::kDataLoss);
  harness_.params().number = TableHarness::kNumber;
  harness_.params().database_id = DatabaseId(1);
  EXPECT_EQ(FirstUse().code(), absl::StatusCode::kDataLoss);
}

TEST_F(TableDamageTest, ManifestAndTableAgreeOnRangeTombstones) {
  harness_.params().has_range_tombstones = false;
  EXPECT_EQ(FirstUse().code(), absl::StatusCode::kDataLoss);
}

TEST_F(TableDamageTest, NewerFormatIsNotCalledDamage) {
  FileIdentity newer = TableHarness::Identity();
  newer.format_version = kFormatVersion + 1;
  std::string bytes = intact_.substr(0, intact_.size() - kFooterSizeBytes);
  // Whatever a newer footer looks like behind its identity.
  bytes += EncodeFileIdentity(newer) + std::string(kFooterSizeBytes - kFileIdentitySizeBytes, '?');
  harness_.SetContents(bytes);
  EXPECT_EQ(FirstUse().code(), absl::StatusCode::kUnimplemented);
}

// ---- blocks that are intact, and in the wrong place ----

TEST_F(TableDamageTest, SwappedBlocksAreFound) {
  TableModel model;
  for (const char* key : {"apple", "banana", "cherry"}) model.entries.push_back(Put(key, 5, std::string(80, 'v')));
  for (StoredEntry& entry : model.entries) entry.key.resize(5);
  harness_.Build(model, {.block_size_bytes = 100});
  std::string bytes = harness_.Contents();
  const Footer footer = harness_.Open()->ReadFooter().value();
  ASSERT_EQ(footer.data_block_count, 3u);
  const size_t block_size = footer.data_end() / 3;
  std::swap_ranges(bytes.begin(), bytes.begin() + static_cast<long>(block_size),
                   bytes.begin() + static_cast<long>(block_size));
  harness_.SetContents(bytes);
  const std::shared_ptr<Table> table = harness_.Open();
  EXPECT_EQ(AnswerFind(*table, "apple", kMaxLsn).front().substr(0, 9), kDamage);
  EXPECT_EQ(AnswerFind(*table, "banan", kMaxLsn).front().substr(0, 9), kDamage);
  EXPECT_EQ(AnswerFind(*table, "cherr", kMaxLsn).front().substr(0, 5), "cherr");
  EXPECT_EQ(table->Verify(std::nullopt).code(), absl::StatusCode::kDataLoss);
}

TEST_F(TableDamageTest, BlocksOfAnotherTableAreFound) {
  FileIdentity other = TableHarness::Identity();
  other.number = FileNumber(8);
  auto builder = Builder::Create(&harness_.file_system(), "/db/other", other, {.block_size_bytes = 100}).value();
  for (const StoredEntry& entry : model_.entries) ASSERT_TRUE(builder->Add(entry.view()).ok());
  for (const RangeTombstone& tombstone : model_.tombstones) ASSERT_TRUE(builder->AddTombstone(tombstone).ok());
  ASSERT_TRUE(builder->Finish().ok());
  const std::string foreign = harness_.file_system().Contents("/db/other").value();
  ASSERT_EQ(foreign.size(), intact_.size());
  for (const BlockHandle& handle : Blocks()) {
    std::string bytes = intact_;
    bytes.replace(handle.offset, handle.size_with_trailer(), foreign, handle.offset, handle.size_with_trailer());
    ExpectNoWrongAnswer(std::move(bytes), absl::StrCat("block of another table at ", handle.offset));
  }
}

// ---- hostile contents under right checksums: any answer, no crash, nothing read outside ----

std::string Mutate(Random& random, std::string bytes) {
  for (uint64_t n = 1 + random.Below(4); n > 0; --n) {
    const size_t at = random.Below(bytes.size());
    // Numbers, sizes and counts are most exposed in the last bytes of a block.
    const size_t place = random.OneIn(2) ? at : bytes.size() - 1 - at % std::min<size_t>(bytes.size(), 28);
    bytes[place] = static_cast<char>(random.OneIn(3) ? (random.OneIn(2) ? 0xff : 0) : random.Below(256));
  }
  return bytes;
}

TEST_F(TableDamageTest, HostileBlocksUnderRightChecksumsAreSurvived) {
  Random random = Random::ForTest();
  const std::vector<BlockHandle> blocks = Blocks();
  int refused = 0;
  for (int round = 0; round < 4000; ++round) {
    const BlockHandle& handle = blocks[random.Below(blocks.size())];
    const std::string block = Mutate(random, intact_.substr(handle.offset, handle.stored_size));
    std::string bytes = intact_;
    bytes.replace(handle.offset, handle.size_with_trailer(),
                  block + EncodeBlockTrailer(block, handle.offset, TableHarness::kNumber));
    harness_.SetContents(std::move(bytes));
    const std::shared_ptr<Table> table = harness_.Open();
    AskEverything(*table, model_);
    refused += table->Verify(std::nullopt).ok() ? 0 : 1;
  }
  EXPECT_GT(refused, 2000);
}

TEST_F(TableDamageTest, HostileFootersUnderRightChecksumsAreSurvived) {
  Random random = Random::ForTest();
  constexpr size_t kHandlesOffset = kFileIdentitySizeBytes;
  constexpr size_t kChecksumOffset = 152;
  const size_t footer_offset = intact_.size() - kFooterSizeBytes;
  for (int round = 0; round < 4000; ++round) {
    std::string footer = intact_.substr(footer_offset);
    for (uint64_t n = 1 + random.Below(3); n > 0; --n) {
      char* field = footer.data() + kHandlesOffset + 8 * random.Below(9);
      const uint64_t extremes[] = {0, 1, UINT64_MAX, uint64_t{1} << 63, LoadU64(field) + 1, random.Below(2000)};
      StoreU64(field, extremes[random.Below(6)]);
    }
    StoreU32(footer.data() + kChecksumOffset, Crc32c(std::string_view(footer).substr(0, kChecksumOffset)));
    harness_.SetContents(intact_.substr(0, footer_offset) + footer);
    AskEverything(*harness_.Open(), model_);
  }
}

// ---- intact and wrong: only Verify can tell ----

TEST_F(TableDamageTest, VerifyFindsAWrongWholeFileChecksum) {
  EXPECT_TRUE(harness_.Open()->Verify(summary_.checksum).ok());
  const absl::Status status = harness_.Open()->Verify(summary_.checksum ^ 1);
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(absl::StrContains(status.message(), TableHarness::kPath));
}

TEST_F(TableDamageTest, VerifyFindsPropertiesThatCountWrong) {
  const BlockHandle& handle = footer_.properties;
  const std::string stored = intact_.substr(handle.offset, handle.stored_size);
  for (const char* const name : {kPutCountProperty, kDeleteCountProperty, kRangeTombstoneCountProperty,
                                 kRawKeyBytesProperty, kRawValueBytesProperty}) {
    Properties properties = *DecodeProperties(stored, "file", 0);
    properties[name] = NumberProperty(*ReadNumberProperty(properties, name, "file") ^ 1);
    const std::string block = EncodeProperties(properties);
    ASSERT_EQ(block.size(), stored.size());
    std::string bytes = intact_;
    bytes.replace(handle.offset, handle.size_with_trailer(),
                  block + EncodeBlockTrailer(block, handle.offset, TableHarness::kNumber));
    harness_.SetContents(bytes);
    const absl::Status status = harness_.Open()->Verify(std::nullopt);
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
    EXPECT_TRUE(absl::StrContains(status.message(), name)) << status;
  }
}

TEST_F(TableDamageTest, VerifyFindsAFilterThatDeniesKeys) {
  std::string block = intact_.substr(footer_.filter.offset, footer_.filter.stored_size);
  std::fill(block.begin(), block.end() - 8, '\0');
  std::string bytes = intact_;
  bytes.replace(footer_.filter.offset, footer_.filter.size_with_trailer(),
                block + EncodeBlockTrailer(block, footer_.filter.offset, TableHarness::kNumber));
  harness_.SetContents(bytes);
  const absl::Status status = harness_.Open()->Verify(std::nullopt);
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(absl::StrContains(status.message(), "denied by the filter")) << status;
}

}  // namespace
}  // namespace aeternus::sstable
