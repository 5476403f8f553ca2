// Compactions and the manifest as time and ages of tables go by: which tombstones go and when, and what is written
// anew.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "aeternus/engine.h"
#include "engine/testing/machine.h"
#include "engine/testing/status.h"
#include "gtest/gtest.h"

namespace aeternus {
namespace {

using testing::Flush;
using testing::Machine;
using testing::PutNumbered;

class EngineJobsTest : public ::testing::Test {
 protected:
  EngineJobsTest() : engine_(machine_.Open()) {}

  // The value of a key, or "-".
  std::string Get(std::string_view key) {
    const auto value = engine_->Get(key);
    EXPECT_OK(value);
    return value.ok() && value->has_value() ? **value : "-";
  }
  void Reopen(const EngineConfig& config = {}) {
    engine_.reset();
    engine_ = machine_.Open(config);
  }

  Machine machine_;
  std::unique_ptr<Engine> engine_;
};

// Merging tables of one size takes them from different ages: the newest entry of a table says nothing of its oldest.
TEST_F(EngineJobsTest, ATombstoneStaysWhileATableWithNewerEntriesHoldsWhatItHides) {
  Reopen({.compaction = {.min_threshold = 2, .tombstone_ratio = 0.01}});
  ASSERT_OK(engine_->Put("a", "1"));
  ASSERT_OK(engine_->Put("b", "1"));
  ASSERT_OK(Flush(*engine_));
  ASSERT_OK(engine_->Delete("a"));
  ASSERT_OK(engine_->DeleteRange("b", "c"));
  PutNumbered(*engine_, 0, 50);
  ASSERT_OK(Flush(*engine_));
  ASSERT_OK(engine_->Put("aa", "1"));
  ASSERT_OK(engine_->Put("d", "1"));
  ASSERT_OK(Flush(*engine_));
  ASSERT_TRUE(engine_->MinorCompact().value());
  const Stats stats = engine_->Stats().value();
  ASSERT_EQ(stats.tables.size(), 2u);
  ASSERT_EQ(stats.tables[0].min_lsn, 1u);
  ASSERT_GT(stats.tables[0].max_lsn, stats.tables[1].max_lsn);
  EXPECT_FALSE(engine_->TombstoneCompact().value());
  EXPECT_EQ(Get("a"), "-");
  EXPECT_EQ(Get("b"), "-");
}

// A filter only knows that a table holds the key, not that it holds nothing but a newer version.
TEST_F(EngineJobsTest, ATombstoneOverAKeyOfANewerVersionGoesOnlyIfThatMayBeLookedUp) {
  for (const bool may : {true, false}) {
    engine_.reset();
    machine_ = Machine();
    Reopen({.compaction = {.min_threshold = 2, .tombstone_ratio = 0.01, .tombstone_exact_lookup = may}});
    ASSERT_OK(engine_->Put("b", "1"));
    ASSERT_OK(engine_->Put("c", "1"));
    ASSERT_OK(Flush(*engine_));
    ASSERT_OK(engine_->Delete("a"));
    PutNumbered(*engine_, 0, 50);
    ASSERT_OK(Flush(*engine_));
    ASSERT_OK(engine_->Put("a", "2"));
    ASSERT_OK(engine_->Put("c", "2"));
    ASSERT_OK(Flush(*engine_));
    ASSERT_TRUE(engine_->MinorCompact().value());
    EXPECT_EQ(engine_->TombstoneCompact().value(), may);
    EXPECT_EQ(Get("a"), "2");
  }
}

TEST_F(EngineJobsTest, ATombstoneThatCouldNotGoIsLookedAtAgainWhenASnapshotHasGone) {
  ASSERT_OK(engine_->Put("k", "1"));
  auto snapshot = engine_->GetSnapshot().value();
  ASSERT_OK(engine_->Delete("k"));
  ASSERT_OK(Flush(*engine_));
  EXPECT_FALSE(engine_->TombstoneCompact().value());
  snapshot.reset();
  EXPECT_TRUE(engine_->TombstoneCompact().value());
  EXPECT_EQ(engine_->Stats()->table_count, 0u);
}

TEST_F(EngineJobsTest, ATombstoneThatCouldNotGoIsLookedAtAgainWhenTheTablesHaveChanged) {
  Reopen({.compaction = {.min_threshold = 2, .tombstone_ratio = 0.01}});
  ASSERT_OK(engine_->Put("k", "1"));
  ASSERT_OK(Flush(*engine_));
  ASSERT_OK(engine_->Delete("k"));
  PutNumbered(*engine_, 0, 50);
  ASSERT_OK(Flush(*engine_));
  EXPECT_FALSE(engine_->TombstoneCompact().value()) << "it hides a put";
  ASSERT_OK(engine_->Put("k", "2"));
  ASSERT_OK(Flush(*engine_));
  ASSERT_TRUE(engine_->MinorCompact().value()) << "which is dropped";
  EXPECT_TRUE(engine_->TombstoneCompact().value());
  EXPECT_EQ(Get("k"), "2");
}

TEST_F(EngineJobsTest, RangeTombstonesAreDroppedByTombstonePassesWhenTheyMayAndByMajorCompactionsAlways) {
  for (const bool may : {true, false}) {
    engine_.reset();
    machine_ = Machine();
    Reopen({.compaction = {.drop_range_tombstones = may}});
    const auto range_tombstones = [&] {
      uint64_t count = 0;
      const Stats stats = engine_->Stats().value();
      for (const TableStats& table : stats.tables) count += table.range_tombstone_count;
      return count;
    };
    PutNumbered(*engine_, 0, 1);
    ASSERT_OK(Flush(*engine_));
    ASSERT_OK(engine_->DeleteRange("y", "z"));
    ASSERT_OK(Flush(*engine_));
    EXPECT_EQ(engine_->TombstoneCompact().value(), may);
    EXPECT_EQ(range_tombstones(), may ? 0u : 1u);
    EXPECT_EQ(engine_->MajorCompact().value(), !may);
    EXPECT_EQ(range_tombstones(), 0u);
  }
}

// Or deletes could be put off for as long as there are new ones.
TEST_F(EngineJobsTest, AMergedTableIsAsOldAsTheOldestOfItsTombstones) {
  Reopen({.compaction = {.min_threshold = 2, .tombstone_interval_seconds = 100}});
  for (int i = 0; i < 2; ++i) {
    ASSERT_OK(engine_->Delete("a"));
    ASSERT_OK(Flush(*engine_));
    machine_.clock().AdvanceMicros(60'000'000);
  }
  ASSERT_TRUE(engine_->MinorCompact().value());
  EXPECT_TRUE(engine_->TombstoneCompact().value());
}

TEST_F(EngineJobsTest, TheManifestIsWrittenAnewWhenItHasGrownAndTheOldOneGoes) {
  const std::string first = machine_.Manifests()[0];
  const std::string key(30'000, 'k');
  for (int i = 0; i < 20; ++i) {
    ASSERT_OK(engine_->Put(key, std::to_string(i)));  // a bound of its table, and so in the edit
    ASSERT_OK(Flush(*engine_));
    if (engine_->Stats()->table_count > 1) {
      ASSERT_TRUE(engine_->MajorCompact().value());
    }
    ASSERT_EQ(machine_.Manifests().size(), 1u);
    ASSERT_LT(machine_.SizeOf(machine_.Manifests()[0]), uint64_t{1} << 20);
  }
  EXPECT_NE(machine_.Manifests()[0], first);
  EXPECT_EQ(Get(key), "19");
}

}  // namespace
}  // namespace aeternus
