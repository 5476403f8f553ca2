#include "tools/stats_view.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "tools/json.h"
#include "tools/text.h"
#include "tools/units.h"

namespace aeternus::tools {
namespace {

constexpr int kBarColumns = 24;
constexpr size_t kMaxKeyColumns = 28;

std::string Plural(uint64_t n, std::string_view one, std::string_view many) {
  return absl::StrCat(FormatCount(n), " ", n == 1 ? one : many);
}
std::string Plural(uint64_t n, std::string_view noun) { return Plural(n, noun, absl::StrCat(noun, "s")); }

std::string FormatEntries(uint64_t puts, uint64_t deletes, uint64_t range_deletes) {
  std::string out = Plural(puts, "put");
  if (deletes > 0) absl::StrAppend(&out, ", ", Plural(deletes, "delete"));
  if (range_deletes > 0) absl::StrAppend(&out, ", ", Plural(range_deletes, "range delete"));
  return out;
}

std::string FormatBounds(const TableStats& table) {
  const std::string smallest = Quote(table.smallest_key, kMaxKeyColumns);
  if (!table.largest_key.has_value()) return absl::StrCat("[", smallest, " .. unbounded)");
  return absl::StrCat("[", smallest, " .. ", Quote(*table.largest_key, kMaxKeyColumns),
                      table.largest_is_exclusive ? ")" : "]");
}

std::string FormatTable(const TableStats& table, uint64_t largest_size) {
  return absl::StrFormat("    %06d  %10s  |%s|  %s, LSN %s-%s, %s\n", table.number, FormatBytes(table.size_bytes),
                         FormatBar(table.size_bytes, largest_size, kBarColumns, ' '),
                         FormatEntries(table.put_count, table.delete_count, table.range_tombstone_count),
                         FormatCount(table.min_lsn), FormatCount(table.max_lsn), FormatBounds(table));
}

// The tables bucket by bucket; a table that is in no bucket (it is being merged) is shown at the end.
std::string FormatTree(const Stats& stats) {
  std::map<uint64_t, const TableStats*> by_number;
  uint64_t largest_size = 0;
  for (const TableStats& table : stats.tables) {
    by_number[table.number] = &table;
    largest_size = std::max(largest_size, table.size_bytes);
  }
  std::string out = absl::StrCat("tree: ", FormatTableSummary(stats), "\n");
  size_t bucket_number = 0;
  for (const std::vector<uint64_t>& bucket : stats.size_buckets) {
    absl::StrAppend(&out, "  size bucket ", ++bucket_number, ": ", Plural(bucket.size(), "table"), "\n");
    for (const uint64_t number : bucket) {
      const auto table = by_number.find(number);
      if (table == by_number.end()) continue;
      out.append(FormatTable(*table->second, largest_size));
      by_number.erase(table);
    }
  }
  if (!by_number.empty()) out.append("  in no bucket:\n");
  for (const auto& [number, table] : by_number) out.append(FormatTable(*table, largest_size));
  return out;
}

std::string FormatMemory(const Stats& stats) {
  // Filters and indexes are part of the frames; shown apart, so that the parts add up.
  const size_t blocks = stats.frame_memory_bytes - std::min(stats.frame_memory_bytes, stats.filter_index_memory_bytes);
  const struct {
    std::string_view name;
    size_t bytes;
  } parts[] = {{"memtables", stats.memtable_memory_bytes},
               {"data blocks", blocks},
               {"filters and indexes", stats.filter_index_memory_bytes},
               {"range tombstones", stats.tombstone_memory_bytes}};
  std::string out = absl::StrCat("memory: ", FormatBytes(stats.memory_used_bytes), " of a budget of ",
                                 FormatBytes(stats.memory_limit_bytes), "\n");
  for (const auto& part : parts) {
    absl::StrAppendFormat(&out, "  %-20s %10s  |%s|\n", part.name, FormatBytes(part.bytes),
                          FormatBar(part.bytes, stats.memory_limit_bytes, kBarColumns, ' '));
  }
  absl::StrAppend(&out, "  pinned by readers: ", FormatBytes(stats.pinned_memory_bytes),
                  "; cache: ", Plural(stats.cache_hits, "hit"), ", ", Plural(stats.cache_misses, "miss", "misses"),
                  "\n");
  return out;
}

std::string FormatActivity(const Stats& stats) {
  std::string out = absl::StrCat(
      "since open: ", Plural(stats.commits, "commit"), " in ", Plural(stats.commit_groups, "group"), ", ",
      Plural(stats.log_syncs, "log sync"), ", ", FormatBytes(stats.log_bytes_written), " logged, ",
      Plural(stats.flushes, "flush", "flushes"), "\n  compactions: ", FormatCount(stats.minor_compactions), " minor, ",
      FormatCount(stats.tombstone_compactions), " tombstone, ", FormatCount(stats.major_compactions), " major, ",
      FormatCount(stats.scan_compactions), " scan; ", FormatBytes(stats.compaction_bytes_read), " read, ",
      FormatBytes(stats.compaction_bytes_written), " written\n");
  if (stats.writer_waits > 0) {
    absl::StrAppend(&out, "  writers waited ", Plural(stats.writer_waits, "time"), ", ",
                    FormatSeconds(static_cast<double>(stats.writer_wait_micros) * 1e-6), " in all, last because ",
                    stats.last_writer_wait_reason, "\n");
  }
  if (!stats.background_error.empty())
    absl::StrAppend(&out, "  background work failed: ", stats.background_error, "\n");
  return out;
}

// One JSON object as it grows.
class JsonObject {
 public:
  void Add(std::string_view name, uint64_t value) { AddRaw(name, absl::StrCat(value)); }
  void AddRaw(std::string_view name, std::string_view json) {
    absl::StrAppend(&text_, Next(), "\"", name, "\": ", json);
  }
  void AddBytes(std::string_view name, std::string_view bytes) {
    text_.append(Next());
    AppendJsonBytesField(&text_, name, bytes);
  }
  std::string Finish() { return absl::StrCat("{", text_, "}"); }

 private:
  std::string_view Next() const { return text_.empty() ? "" : ", "; }
  std::string text_;
};

std::string TableJson(const TableStats& table) {
  JsonObject json;
  json.Add("number", table.number);
  json.Add("size_bytes", table.size_bytes);
  json.Add("put_count", table.put_count);
  json.Add("delete_count", table.delete_count);
  json.Add("range_tombstone_count", table.range_tombstone_count);
  json.Add("min_lsn", table.min_lsn);
  json.Add("max_lsn", table.max_lsn);
  json.AddBytes("smallest_key", table.smallest_key);
  if (table.largest_key.has_value()) {
    json.AddBytes("largest_key", *table.largest_key);
  } else {
    json.AddRaw("largest_key", "null");
  }
  json.AddRaw("largest_is_exclusive", table.largest_is_exclusive ? "true" : "false");
  return json.Finish();
}

std::string BucketsJson(const Stats& stats) {
  const auto append_bucket = [](std::string* out, const std::vector<uint64_t>& bucket) {
    absl::StrAppend(out, "[", absl::StrJoin(bucket, ", "), "]");
  };
  return absl::StrCat("[", absl::StrJoin(stats.size_buckets, ", ", append_bucket), "]");
}

std::string TablesJson(const Stats& stats) {
  const auto append_table = [](std::string* out, const TableStats& table) { out->append(TableJson(table)); };
  return absl::StrCat("[", absl::StrJoin(stats.tables, ", ", append_table), "]");
}

}  // namespace

std::string FormatTableSummary(const Stats& stats) {
  uint64_t puts = 0;
  uint64_t deletes = 0;
  uint64_t range_deletes = 0;
  for (const TableStats& table : stats.tables) {
    puts += table.put_count;
    deletes += table.delete_count;
    range_deletes += table.range_tombstone_count;
  }
  return absl::StrCat(Plural(stats.table_count, "table"), ", ", FormatBytes(stats.table_bytes), ", ",
                      Plural(puts + deletes + range_deletes, "entry", "entries"), " (",
                      FormatEntries(puts, deletes, range_deletes), ")");
}

std::string FormatStats(const Stats& stats) {
  std::string out = absl::StrCat("state: ", EngineStateName(stats.state));
  if (!stats.state_reason.empty()) absl::StrAppend(&out, " (", stats.state_reason, ")");
  absl::StrAppend(&out, "\nwrites: last LSN ", FormatCount(stats.last_lsn), ", synced up to LSN ",
                  FormatCount(stats.synced_lsn), "; ", Plural(stats.log_files, "log"), ", ",
                  Plural(stats.frozen_memtables, "frozen memtable"),
                  ", active memtable: ", Plural(stats.active_memtable_entries, "entry", "entries"), ", ",
                  FormatBytes(stats.active_memtable_bytes), "\n");
  return absl::StrCat(out, FormatTree(stats), FormatMemory(stats), FormatActivity(stats));
}

std::string FormatStatsJson(const Stats& stats) {
  JsonObject json;
  json.AddBytes("state", EngineStateName(stats.state));
  json.AddBytes("state_reason", stats.state_reason);
  json.Add("last_lsn", stats.last_lsn);
  json.Add("synced_lsn", stats.synced_lsn);
  json.Add("frozen_memtables", stats.frozen_memtables);
  json.Add("active_memtable_bytes", stats.active_memtable_bytes);
  json.Add("active_memtable_entries", stats.active_memtable_entries);
  json.Add("log_files", stats.log_files);
  json.Add("table_count", stats.table_count);
  json.Add("table_bytes", stats.table_bytes);
  json.AddRaw("tables", TablesJson(stats));
  json.AddRaw("size_buckets", BucketsJson(stats));
  json.Add("memory_limit_bytes", stats.memory_limit_bytes);
  json.Add("memory_used_bytes", stats.memory_used_bytes);
  json.Add("memtable_memory_bytes", stats.memtable_memory_bytes);
  json.Add("frame_memory_bytes", stats.frame_memory_bytes);
  json.Add("filter_index_memory_bytes", stats.filter_index_memory_bytes);
  json.Add("tombstone_memory_bytes", stats.tombstone_memory_bytes);
  json.Add("pinned_memory_bytes", stats.pinned_memory_bytes);
  json.Add("cache_hits", stats.cache_hits);
  json.Add("cache_misses", stats.cache_misses);
  json.Add("commit_groups", stats.commit_groups);
  json.Add("commits", stats.commits);
  json.Add("log_syncs", stats.log_syncs);
  json.Add("log_bytes_written", stats.log_bytes_written);
  json.Add("flushes", stats.flushes);
  json.Add("minor_compactions", stats.minor_compactions);
  json.Add("tombstone_compactions", stats.tombstone_compactions);
  json.Add("major_compactions", stats.major_compactions);
  json.Add("scan_compactions", stats.scan_compactions);
  json.Add("compaction_bytes_read", stats.compaction_bytes_read);
  json.Add("compaction_bytes_written", stats.compaction_bytes_written);
  json.Add("writer_waits", stats.writer_waits);
  json.Add("writer_wait_micros", stats.writer_wait_micros);
  json.AddBytes("last_writer_wait_reason", stats.last_writer_wait_reason);
  json.AddBytes("background_error", stats.background_error);
  json.Add("live_snapshots", stats.live_snapshots);
  json.Add("live_iterators", stats.live_iterators);
  json.Add("reserve_bytes", stats.reserve_bytes);
  json.Add("undeleted_files", stats.undeleted_files);
  return json.Finish();
}

}  // namespace aeternus::tools
