#include "tools/stats_view.h"

#include <string>

#include "absl/strings/match.h"
#include "aeternus/stats.h"
#include "gtest/gtest.h"

namespace aeternus::tools {
namespace {

// Three tables in two buckets, and a fourth in none.
Stats SomeStats() {
  Stats stats;
  stats.last_lsn = 1234;
  stats.synced_lsn = 1200;
  stats.log_files = 1;
  stats.active_memtable_entries = 34;
  stats.active_memtable_bytes = 2048;
  stats.table_count = 4;
  stats.table_bytes = 1024 * 1131;
  const auto table = [](uint64_t number, uint64_t kib, std::string smallest) {
    return TableStats{.number = number,
                      .size_bytes = kib * 1024,
                      .put_count = 10 * kib,
                      .delete_count = 0,
                      .range_tombstone_count = 0,
                      .min_lsn = number,
                      .max_lsn = 1000 + number,
                      .smallest_key = std::move(smallest),
                      .largest_key = "m",
                      .largest_is_exclusive = false};
  };
  stats.tables = {table(7, 1, "\xff"), table(3, 50, "a"), table(4, 56, "b\t"), table(1, 1024, "c")};
  stats.tables[0].delete_count = 5;
  stats.tables[0].range_tombstone_count = 1;
  stats.tables[0].largest_key = std::nullopt;
  stats.size_buckets = {{3, 4}, {1}};
  stats.memory_limit_bytes = 64 << 20;
  stats.memory_used_bytes = 24 << 20;
  stats.memtable_memory_bytes = 8 << 20;
  stats.frame_memory_bytes = 16 << 20;
  stats.filter_index_memory_bytes = 2 << 20;
  return stats;
}

TEST(StatsViewTest, TheTreeIsShownBucketByBucketWithBarsToScale) {
  const std::string text = FormatStats(SomeStats());
  EXPECT_TRUE(absl::StrContains(
      text,
      "tree: 4 tables, 1.1 MiB, 11,316 entries (11,310 puts, 5 deletes, 1 range delete)\n"
      "  size bucket 1: 2 tables\n"
      "    000003    50.0 KiB  |#                       |  500 puts, LSN 3-1,003, [\"a\" .. \"m\"]\n"
      "    000004    56.0 KiB  |#                       |  560 puts, LSN 4-1,004, [\"b\\t\" .. \"m\"]\n"
      "  size bucket 2: 1 table\n"
      "    000001     1.0 MiB  |########################|  10,240 puts, LSN 1-1,001, [\"c\" .. \"m\"]\n"
      "  in no bucket:\n"
      "    000007     1.0 KiB  |#                       |  10 puts, 5 deletes, 1 range delete, LSN 7-1,007, "
      "[\"\\xff\" .. unbounded)\n"))
      << text;
}

TEST(StatsViewTest, ThePartsOfTheMemoryAddUp) {
  const std::string text = FormatStats(SomeStats());
  EXPECT_TRUE(absl::StrContains(text,
                                "memory: 24.0 MiB of a budget of 64.0 MiB\n"
                                "  memtables               8.0 MiB  |###                     |\n"
                                "  data blocks            14.0 MiB  |#####                   |\n"
                                "  filters and indexes     2.0 MiB  |#                       |\n"
                                "  range tombstones            0 B  |                        |\n"))
      << text;
}

TEST(StatsViewTest, AStateThatIsNotHealthyIsExplained) {
  Stats stats = SomeStats();
  EXPECT_TRUE(absl::StartsWith(FormatStats(stats),
                               "state: healthy\nwrites: last LSN 1,234, synced up to LSN 1,200; 1 log, "
                               "0 frozen memtables, active memtable: 34 entries, 2.0 KiB\n"))
      << FormatStats(stats);
  stats.state = EngineState::kOutOfSpace;
  stats.state_reason = "no space left";
  stats.background_error = "flush of table 9";
  stats.writer_waits = 2;
  stats.writer_wait_micros = 1'500'000;
  stats.last_writer_wait_reason = "two memtables are frozen";
  const std::string text = FormatStats(stats);
  EXPECT_TRUE(absl::StrContains(text, "(no space left)\n"));
  EXPECT_TRUE(absl::StrContains(text, "  background work failed: flush of table 9\n"));
  EXPECT_TRUE(
      absl::StrContains(text, "  writers waited 2 times, 1.5 s in all, last because two memtables are frozen\n"));
}

TEST(StatsViewTest, AnEmptyDatabaseHasAnEmptyTree) {
  EXPECT_TRUE(absl::StrContains(FormatStats({}), "tree: 0 tables, 0 B, 0 entries (0 puts)\nmemory: "));
}

TEST(StatsViewTest, JsonHoldsEveryTableAndBucket) {
  const std::string json = FormatStatsJson(SomeStats());
  EXPECT_TRUE(absl::StartsWith(json, "{\"state\": \"healthy\", \"state_reason\": \"\", \"last_lsn\": 1234, ")) << json;
  EXPECT_TRUE(absl::StrContains(
      json,
      "\"tables\": [{\"number\": 7, \"size_bytes\": 1024, \"put_count\": 10, \"delete_count\": 5, "
      "\"range_tombstone_count\": 1, \"min_lsn\": 7, \"max_lsn\": 1007, \"smallest_key_base64\": \"/w==\", "
      "\"largest_key\": null, \"largest_is_exclusive\": false}, {\"number\": 3, "))
      << json;
  EXPECT_TRUE(absl::StrContains(json, "\"size_buckets\": [[3, 4], [1]], "));
  EXPECT_TRUE(absl::EndsWith(json, "}"));
}

}  // namespace
}  // namespace aeternus::tools
