#include "sstable/table_stream.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/entry.h"
#include "base/types.h"
#include "cache/frame_cache.h"
#include "gtest/gtest.h"
#include "iterator/entry_iterator.h"
#include "iterator/testing/random.h"
#include "sstable/builder.h"
#include "sstable/table.h"
#include "sstable/testing/table_harness.h"

namespace aeternus::sstable {
namespace {

using ::aeternus::testing::Random;
using testing::Put;
using testing::Render;
using testing::TableHarness;
using testing::TableModel;

std::vector<std::string> Rendered(const TableModel& model) {
  std::vector<std::string> entries;
  for (const testing::StoredEntry& entry : model.entries) entries.push_back(Render(entry.view()));
  return entries;
}

// Everything up to the end or an error, window by window.
std::vector<std::string> ReadAll(EntryIterator& stream) {
  std::vector<std::string> entries;
  for (stream.SeekToFirst(); stream.Valid(); stream.NextWindow()) {
    for (const EntryView& entry : stream.ahead()) entries.push_back(Render(entry));
  }
  return entries;
}

TEST(TableStream, ShowsWhatTheTableHoldsHoweverLargeItsBlocks) {
  Random random = Random::ForTest();
  for (const size_t block_size : {1, 100, 4096, 100'000, 1'000'000}) {
    TableModel model = testing::RandomModel(random, 2'000);
    if (model.entries.empty()) continue;
    TableHarness harness;
    harness.Build(model, {.block_size_bytes = block_size});
    const std::unique_ptr<EntryIterator> stream = harness.Open()->NewStream();
    for (int pass = 0; pass < 2; ++pass) {
      EXPECT_EQ(ReadAll(*stream), Rendered(model)) << block_size;
      EXPECT_TRUE(stream->status().ok()) << stream->status();
    }
  }
}

TEST(TableStream, LargeKeysAndValuesComeByThemselves) {
  TableModel model;
  for (uint64_t i = 0; i < 40; ++i) {
    const std::string key(i % 4 == 0 ? 60'000 : 10, static_cast<char>('A' + i));
    model.entries.push_back(Put(key, i + 1, std::string(i % 3 == 0 ? 300'000 : 10, 'v')));
  }
  TableHarness harness;
  harness.Build(model);
  const std::unique_ptr<EntryIterator> stream = harness.Open()->NewStream();
  EXPECT_EQ(ReadAll(*stream), Rendered(model));
}

TEST(TableStream, ATableOfTombstonesAloneIsEmpty) {
  TableHarness harness;
  harness.Build({.entries = {}, .tombstones = {{"a", "b", Lsn(1)}}});
  const std::unique_ptr<EntryIterator> stream = harness.Open()->NewStream();
  stream->SeekToFirst();
  EXPECT_FALSE(stream->Valid());
  EXPECT_TRUE(stream->status().ok());
}

TEST(TableStream, DamageEndsItWhereItsEntryWouldHaveCome) {
  const TableModel model = testing::SmallModel();
  const std::vector<std::string> whole = Rendered(model);
  TableHarness harness;
  harness.Build(model, {.block_size_bytes = 128});
  const std::string contents = harness.Contents();
  for (size_t at = 0; at < contents.size(); at += 7) {
    std::string damaged = contents;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    harness.SetContents(damaged);
    const std::unique_ptr<EntryIterator> stream = harness.Open()->NewStream();
    const std::vector<std::string> read = ReadAll(*stream);
    ASSERT_LE(read.size(), whole.size());
    EXPECT_EQ(read, std::vector<std::string>(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(read.size())));
    EXPECT_TRUE(read.size() == whole.size() || !stream->status().ok()) << at;
  }
}

TEST(TableStream, GoesForwardOnly) {
  TableHarness harness;
  harness.Build({.entries = {Put("a", 1, "x")}, .tombstones = {}});
  const std::unique_ptr<EntryIterator> stream = harness.Open()->NewStream();
  stream->SeekToLast();
  EXPECT_TRUE(absl::IsUnimplemented(stream->status()));
  stream->Seek("a", kMaxLsn);
  EXPECT_TRUE(absl::IsUnimplemented(stream->status()));
  stream->SeekBefore("b");
  EXPECT_TRUE(absl::IsUnimplemented(stream->status()));
  EXPECT_EQ(ReadAll(*stream).size(), 1u) << "and can begin again";
}

TEST(TableStream, ItsMemoryIsChargedWhileItLives) {
  TableHarness harness;
  harness.Build({.entries = {Put("a", 1, "x")}, .tombstones = {}});
  const std::shared_ptr<Table> table = harness.Open();
  const size_t before = harness.cache().budget()->used_bytes();
  std::unique_ptr<EntryIterator> stream = table->NewStream();
  stream->SeekToFirst();
  EXPECT_GE(harness.cache().budget()->used_bytes(), before + (size_t{64} << 10));
  stream.reset();
  EXPECT_LT(harness.cache().budget()->used_bytes(), before + (size_t{64} << 10));
}

TEST(TableStream, AfterALargeBlockNothingOfItsMemoryStaysCharged) {
  TableHarness harness;
  harness.Build(
      {.entries = {Put("a", 1, "x"), Put("b", 2, std::string(1'000'000, 'x')), Put("c", 3, "x")}, .tombstones = {}});
  const std::shared_ptr<Table> table = harness.Open();
  const size_t before = harness.cache().budget()->used_bytes();
  std::unique_ptr<EntryIterator> stream = table->NewStream();
  EXPECT_EQ(ReadAll(*stream).size(), 3u);
  EXPECT_LT(harness.cache().budget()->used_bytes(), before + (size_t{1} << 20)) << "it was given back";
  stream.reset();
  EXPECT_LT(harness.cache().budget()->used_bytes(), before + (size_t{64} << 10));
}

}  // namespace
}  // namespace aeternus::sstable
