// What a table reads from its file, what it keeps in memory, and what it counts.
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/entry.h"
#include "base/hash.h"
#include "base/types.h"
#include "cache/frame_cache.h"
#include "env/testing/sim_file_system.h"
#include "gtest/gtest.h"
#include "iterator/entry_iterator.h"
#include "sstable/builder.h"
#include "sstable/index_block.h"
#include "sstable/table.h"
#include "sstable/testing/table_harness.h"

namespace aeternus::sstable {
namespace {

using env::testing::Fault;
using env::testing::FileCall;
using env::testing::FileOp;
using testing::Put;
using testing::TableHarness;
using testing::TableModel;

std::string Key(int i) { return absl::StrCat("key", 10'000 + i); }

// 2,000 keys, 100 B each: some 60 blocks.
TableModel ManyKeys() {
  TableModel model;
  for (int i = 0; i < 2000; ++i) model.entries.push_back(Put(Key(i), 1 + i, std::string(100, 'v')));
  return model;
}

bool Holds(Table& table, const std::string& key) {
  return table.Find(key, StableHash(key), kMaxLsn).value().has_value();
}

TEST(TableCacheTest, OpeningReadsNothing) {
  TableHarness harness;
  harness.Build(ManyKeys());
  const uint64_t calls = harness.file_system().calls();
  const std::shared_ptr<Table> table = harness.Open();
  const std::unique_ptr<EntryIterator> it = table->NewIterator();
  EXPECT_EQ(harness.file_system().calls(), calls);
}

TEST(TableCacheTest, ColdFindReadsFooterFilterIndexAndOneBlock) {
  TableHarness harness;
  harness.Build(ManyKeys());
  for (int i = 0; i < 2000; i += 37) {
    const std::shared_ptr<Table> table = harness.Open();
    const uint64_t before = harness.reads();
    ASSERT_TRUE(Holds(*table, Key(i)));
    ASSERT_EQ(harness.reads() - before, 4u);
  }
}

TEST(TableCacheTest, WarmFindReadsNothing) {
  TableHarness harness;
  harness.Build(ManyKeys());
  const std::shared_ptr<Table> table = harness.Open();
  for (int i = 0; i < 2000; ++i) ASSERT_TRUE(Holds(*table, Key(i)));
  const uint64_t before = harness.reads();
  const FrameCache::Stats stats = harness.cache().stats();
  for (int i = 0; i < 2000; ++i) ASSERT_TRUE(Holds(*table, Key(i)));
  EXPECT_EQ(harness.reads(), before);
  EXPECT_EQ(harness.cache().stats().hits - stats.hits, 3u * 2000);
  EXPECT_EQ(harness.cache().stats().misses, stats.misses);
}

TEST(TableCacheTest, FilterAnswersForMostKeysThatAreNotThere) {
  TableHarness harness;
  harness.Build(ManyKeys());
  const std::shared_ptr<Table> table = harness.Open();
  ASSERT_FALSE(Holds(*table, "warms footer and filter"));
  const FrameCache::Stats before = harness.cache().stats();
  for (int i = 0; i < 2000; ++i) ASSERT_FALSE(Holds(*table, Key(i) + "x"));
  const FrameCache::Stats after = harness.cache().stats();
  // One for the filter each; a false positive adds the index and a block.
  EXPECT_LT(after.hits + after.misses - before.hits - before.misses, 2000u + 2 * 60);
}

TEST(TableCacheTest, VersionsBehindTheFirstBlockCostAFewBlocksNotAll) {
  TableHarness harness;
  TableModel model;
  for (int lsn = 5000; lsn > 0; --lsn) model.entries.push_back(Put("hot", lsn, std::string(100, 'v')));
  harness.Build(model);
  for (const int snapshot : {1, 2500, 4999}) {
    const std::shared_ptr<Table> table = harness.Open();
    const uint64_t before = harness.reads();
    EXPECT_EQ(table->Find("hot", StableHash("hot"), Lsn(snapshot)).value()->lsn, Lsn(snapshot));
    EXPECT_LT(harness.reads() - before, 16u) << snapshot;
    const std::unique_ptr<EntryIterator> it = table->NewIterator();
    it->Seek("hot", Lsn(snapshot));
    EXPECT_EQ(it->entry().lsn, Lsn(snapshot));
    EXPECT_LT(harness.reads() - before, 16u) << snapshot;
  }
}

TEST(TableCacheTest, ScanReadsEachBlockOnce) {
  TableHarness harness;
  harness.Build(ManyKeys());
  const std::shared_ptr<Table> table = harness.Open();
  const uint64_t blocks = table->ReadFooter().value().data_block_count;
  EXPECT_GT(blocks, 50u);
  const uint64_t before = harness.reads();
  const std::unique_ptr<EntryIterator> it = table->NewIterator();
  it->SeekToFirst();
  EXPECT_EQ(testing::Drain(*it).size(), 2000u);
  EXPECT_EQ(harness.reads() - before, blocks + 1);  // and the index
}

TEST(TableCacheTest, BudgetHoldsWhateverIsRead) {
  TableHarness harness(/*budget_bytes=*/32 << 10);
  harness.Build(ManyKeys());
  const std::shared_ptr<Table> table = harness.Open();
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 2000; i += 3) {
      ASSERT_TRUE(Holds(*table, Key(i)));
      ASSERT_LE(harness.budget().used_bytes(), 32u << 10);
    }
  }
  EXPECT_GT(harness.cache().stats().evictions, 50u);
}

TEST(TableCacheTest, FilterAndIndexAreCountedApartFromData) {
  TableHarness harness;
  harness.Build(ManyKeys());
  const std::shared_ptr<Table> table = harness.Open();
  const Footer footer = table->ReadFooter().value();
  ASSERT_TRUE(Holds(*table, Key(5)));
  const FrameCache::Stats stats = harness.cache().stats();
  const uint64_t metadata = footer.filter.size_with_trailer() + footer.index.size_with_trailer() +
                            IndexReader::LandmarksSizeBytes(footer.data_block_count);
  EXPECT_GE(stats.metadata_bytes, metadata);
  EXPECT_LT(stats.metadata_bytes, metadata + 2 * 64);
  EXPECT_GT(stats.frame_bytes, stats.metadata_bytes);
}

TEST(TableCacheTest, TombstonesAreChargedWhileTheTableLives) {
  TableHarness harness;
  TableModel model = ManyKeys();
  for (int i = 0; i < 1000; ++i) model.tombstones.push_back({Key(2 * i), Key(2 * i + 1), Lsn(5000 + i)});
  harness.Build(model);
  std::shared_ptr<Table> table = harness.Open();
  ASSERT_TRUE(Holds(*table, Key(3)));
  const size_t before = harness.budget().used_bytes();
  EXPECT_EQ(table->tombstone_memory_bytes(), 0u);
  EXPECT_EQ(table->MaxCoveringTombstone(Key(4), kMaxLsn).value(), Lsn(5002));
  EXPECT_GT(table->tombstone_memory_bytes(), 1000u * sizeof(Lsn));
  EXPECT_EQ(harness.budget().used_bytes() - before, table->tombstone_memory_bytes());
  const std::shared_ptr<const FragmentedTombstones> held = table->RangeTombstones().value();
  EXPECT_EQ(held.get(), table->RangeTombstones().value().get());
  table.reset();
  EXPECT_EQ(harness.budget().used_bytes(), 0u);
  EXPECT_EQ(held->ToTombstones().size(), 1000u);
}

TEST(TableCacheTest, FailedReadsAreReportedAndTriedAgain) {
  TableHarness harness;
  harness.Build(ManyKeys());
  const std::shared_ptr<Table> table = harness.Open();
  const std::unique_ptr<EntryIterator> it = table->NewIterator();
  // Each attempt comes one read further: footer, filter, index, block.
  for (int attempt = 0; attempt < 4; ++attempt) {
    int reads = 0;
    harness.file_system().SetFaultRule([&](const FileCall& call) {
      return call.op == FileOp::kRead && reads++ == (attempt == 0 ? 0 : 1) ? Fault::kIoError : Fault::kNone;
    });
    const auto found = table->Find(Key(7), StableHash(Key(7)), kMaxLsn);
    if (attempt < 3) {
      EXPECT_EQ(found.status().code(), absl::StatusCode::kInternal) << attempt;
    }
    harness.file_system().SetFaultRule(nullptr);
  }
  EXPECT_TRUE(Holds(*table, Key(7)));

  harness.file_system().SetFaultRule(
      [](const FileCall& call) { return call.op == FileOp::kRead ? Fault::kIoError : Fault::kNone; });
  it->Seek(Key(1500), kMaxLsn);
  EXPECT_FALSE(it->Valid());
  EXPECT_EQ(it->status().code(), absl::StatusCode::kInternal);
  harness.file_system().SetFaultRule(nullptr);
  it->Seek(Key(1500), kMaxLsn);
  ASSERT_TRUE(it->Valid());
  EXPECT_TRUE(it->status().ok());
  EXPECT_EQ(it->entry().key, Key(1500));
}

TEST(TableCacheTest, ThreadsShareATableUnderAScarceBudget) {
  TableHarness harness(/*budget_bytes=*/40 << 10);
  TableModel model = ManyKeys();
  model.tombstones = {{Key(0), Key(1000), Lsn(9000)}};
  harness.Build(model);
  const std::shared_ptr<Table> table = harness.Open();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 500; ++i) {
        const int at = (i * 7 + t * 501) % 2000;
        const auto found = table->Find(Key(at), StableHash(Key(at)), kMaxLsn);
        ASSERT_TRUE(found.ok() && found->has_value());
        ASSERT_EQ((*found)->lsn, Lsn(1 + at));
        ASSERT_EQ((*found)->value, std::string(100, 'v'));
        ASSERT_EQ(table->MaxCoveringTombstone(Key(at), kMaxLsn).value(), at < 1000 ? Lsn(9000) : kMinLsn);
      }
      const std::unique_ptr<EntryIterator> it = table->NewIterator();
      int count = 0;
      for (it->SeekToFirst(); it->Valid(); it->Next()) ++count;
      ASSERT_EQ(count, 2000);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(harness.cache().stats().pinned_bytes, 0u);
}

}  // namespace
}  // namespace aeternus::sstable
