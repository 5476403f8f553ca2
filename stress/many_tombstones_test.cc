// A million point tombstones, a hundred thousand range tombstones: the answers stay right, and a search does not walk
// over them.
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "aeternus/engine.h"
#include "aeternus/iterator.h"
#include "aeternus/options.h"
#include "aeternus/write_batch.h"
#include "gtest/gtest.h"
#include "iterator/fragmented_tombstones.h"
#include "stress/seed.h"
#include "stress/sim_database.h"

namespace aeternus::stress {
namespace {

constexpr EngineConfig kConfig{.write_buffer_bytes = size_t{256} << 20};

std::string Key(int i) { return absl::StrFormat("key_%08d", i); }

// Calls `add(batch, i)` for each i below `n`, a thousand to a batch.
template <typename Add>
absl::Status WriteInBatches(Engine& engine, int n, Add add) {
  WriteBatch batch;
  for (int i = 0; i < n; ++i) {
    add(batch, i);
    if (batch.count() < 1000 && i + 1 < n) continue;
    if (const absl::Status status = engine.Write(batch, {.sync = false}); !status.ok()) return status;
    batch.Clear();
  }
  return absl::OkStatus();
}

TEST(ManyTombstonesTest, AMillionPointTombstonesHideWhatTheyDeleteAndNothingElse) {
  const int n = IsLongRun() ? 4'005'000 : 1'002'000;
  constexpr int kStep = 1000;  // every thousandth key is put again
  SimDatabase database(kConfig);
  ASSERT_TRUE(database.Open().ok());
  ASSERT_TRUE(WriteInBatches(*database, n / 10, [](WriteBatch& batch, int i) { batch.Put(Key(10 * i), "old"); }).ok());
  ASSERT_TRUE(FlushEverything(*database).ok());
  ASSERT_TRUE(WriteInBatches(*database, n, [](WriteBatch& batch, int i) { batch.Delete(Key(i)); }).ok());
  Contents expected;
  for (int i = 0; i < n; i += kStep) {
    expected[Key(i)] = "new";
    ASSERT_TRUE(database->Put(Key(i), "new", {.sync = false}).ok());
  }
  const auto expect_all = [&](const char* when) {
    EXPECT_EQ(ReadAll(*database).value(), expected) << when;
    for (int i = 0; i < n; i += 997) {
      ASSERT_EQ(database->Get(Key(i)).value().has_value(), i % kStep == 0) << when << ", key " << i;
    }
    const auto it = database->NewIterator({}).value();
    it->SeekForPrev(Key(n - 1));  // backwards, over all the tombstones behind the last key
    ASSERT_TRUE(it->Valid()) << when;
    EXPECT_EQ(it->key(), Key((n - 1) / kStep * kStep)) << when;
  };
  expect_all("in memory");
  ASSERT_TRUE(FlushEverything(*database).ok());
  ASSERT_TRUE(database.Reopen().ok());
  expect_all("in a table");
  uint64_t tombstones = 0;
  const Stats flushed = database->Stats().value();
  for (const TableStats& table : flushed.tables) tombstones += table.delete_count;
  EXPECT_GE(tombstones, 1'000'000u);
  EXPECT_EQ(tombstones, static_cast<uint64_t>(n) - expected.size()) << "those of the keys that were put again are gone";
  ASSERT_TRUE(database->MajorCompact().value());
  expect_all("compacted");
  const Stats stats = database->Stats().value();
  ASSERT_EQ(stats.table_count, 1u);
  EXPECT_EQ(stats.tables[0].delete_count, 0u) << "a major compaction leaves no tombstone without purpose";
  EXPECT_EQ(stats.tables[0].put_count, expected.size());
  std::printf("point tombstones: %llu\n", static_cast<unsigned long long>(tombstones));
}

TEST(ManyTombstonesTest, AHundredThousandRangeTombstonesAreSearchedNotWalked) {
  const int n = IsLongRun() ? 400'000 : 100'000;
  // Tombstone i covers keys 10 i + 2 ... 10 i + 5 of ten.
  const auto is_covered = [](int key) { return key % 10 >= 2 && key % 10 < 6; };
  SimDatabase database(kConfig);
  ASSERT_TRUE(database.Open().ok());
  Contents expected;
  for (int i = 0; i < 10 * n; i += 7) {
    if (!is_covered(i)) expected[Key(i)] = "v";
  }
  ASSERT_TRUE(WriteInBatches(*database, 10 * n / 7, [](WriteBatch& batch, int i) { batch.Put(Key(7 * i), "v"); }).ok());
  ASSERT_TRUE(database->Put(Key((10 * n - 1) / 7 * 7), "v", {.sync = false}).ok());
  ASSERT_TRUE(FlushEverything(*database).ok());
  ASSERT_TRUE(WriteInBatches(*database, n, [](WriteBatch& batch, int i) {
                batch.DeleteRange(Key(10 * i + 2), Key(10 * i + 6));
              }).ok());
  const auto expect_all = [&](const char* when) {
    const TombstoneSearchCounters before = ReadTombstoneSearchCounters();
    int gets = 0;
    for (int i = 0; i < 10 * n; i += 7 * 89, ++gets) {
      ASSERT_EQ(database->Get(Key(i)).value().has_value(), !is_covered(i)) << when << ", key " << i;
    }
    const TombstoneSearchCounters after = ReadTombstoneSearchCounters();
    // A search in each layer: of a table a binary one, of a memtable one in a tree, whose nodes count.
    constexpr uint64_t kSteps = 19;
    const uint64_t compared = after.fragments_compared - before.fragments_compared;
    EXPECT_LE(compared, static_cast<uint64_t>(gets) * 4 * kSteps) << when;
    std::printf("fragments compared by %d gets %s: %llu\n", gets, when, static_cast<unsigned long long>(compared));
    EXPECT_EQ(ReadAll(*database).value(), expected) << when;
  };
  expect_all("in memory");
  ASSERT_TRUE(FlushEverything(*database).ok());
  ASSERT_TRUE(database.Reopen().ok());
  expect_all("in a table");
  ASSERT_TRUE(database->MajorCompact().value());
  expect_all("compacted");
  const Stats stats = database->Stats().value();
  ASSERT_EQ(stats.table_count, 1u);
  EXPECT_EQ(stats.tables[0].range_tombstone_count, 0u);
  EXPECT_EQ(stats.tables[0].put_count, expected.size());
  std::printf("range tombstones: %d\n", n);
}

}  // namespace
}  // namespace aeternus::stress
