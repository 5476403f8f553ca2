#include "compaction/planner.h"

#include <algorithm>
#include <cstddef>
#include <tuple>
#include <utility>

#include "manifest/sorted_runs.h"
#include "manifest/table_metadata.h"

namespace aeternus::compaction {
namespace {

using TablePtr = Version::TablePtr;

double TombstoneRatio(const TableMetadata& table) {
  return static_cast<double>(table.tombstone_count()) / static_cast<double>(std::max<uint64_t>(table.entry_count(), 1));
}

// A clock that was set back makes nothing younger than new.
int64_t TombstoneAgeMicros(const TableMetadata& table, int64_t now_micros) {
  return std::max<int64_t>(now_micros - table.oldest_tombstone_time_micros, 0);
}

// By size; the rest only makes the order the same every time.
bool IsSmaller(const TablePtr& a, const TablePtr& b) {
  return std::make_tuple(a->size_bytes, a->max_lsn(), a->number) <
         std::make_tuple(b->size_bytes, b->max_lsn(), b->number);
}

// Of scan merges. One table more makes a scan of a hundred entries 1.6 us longer (`seek100_settled` and `_compacted` in
// docs/performance.md), as long as merging some six entries takes with the loading of the new table's blocks.
constexpr uint64_t kEntriesPerVisit = 4;
constexpr uint64_t kFewestSeeks = 1024;
constexpr uint64_t kLargestScanRatio = 4;
constexpr size_t kMostScanInputs = 32;

// Tables of similar size, and their running average.
struct Bucket {
  std::vector<TablePtr> tables;
  double average_bytes = 0;

  void Add(TablePtr table) {
    const auto count = static_cast<double>(tables.size());
    average_bytes = (average_bytes * count + static_cast<double>(table->size_bytes)) / (count + 1);
    tables.push_back(std::move(table));
  }
  bool Admits(const TableMetadata& table, const PlannerOptions& options) const {
    const auto size = static_cast<double>(table.size_bytes);
    return size >= options.bucket_low * average_bytes && size <= options.bucket_high * average_bytes;
  }
};

}  // namespace

uint64_t Plan::input_bytes() const {
  uint64_t bytes = 0;
  for (const TablePtr& table : inputs) bytes += table->size_bytes;
  return bytes;
}

std::vector<std::vector<TablePtr>> SizeBuckets(const Version& version, const BusyTables& busy,
                                               const PlannerOptions& options) {
  std::vector<TablePtr> idle;
  for (const TablePtr& table : version.tables()) {
    if (!busy.contains(table->number)) idle.push_back(table);
  }
  std::sort(idle.begin(), idle.end(), IsSmaller);

  const auto first_large = std::partition_point(idle.begin(), idle.end(), [&](const TablePtr& table) {
    return table->size_bytes < options.min_table_size_bytes;
  });
  std::vector<std::vector<TablePtr>> buckets;
  if (first_large != idle.begin()) buckets.emplace_back(idle.begin(), first_large);
  Bucket bucket;
  for (auto table = first_large; table != idle.end(); ++table) {
    if (!bucket.tables.empty() && !bucket.Admits(**table, options)) {
      buckets.push_back(std::move(bucket.tables));
      bucket = Bucket();
    }
    bucket.Add(*table);
  }
  if (!bucket.tables.empty()) buckets.push_back(std::move(bucket.tables));
  return buckets;
}

// What a merge makes of tables that overlap nowhere, readers have already: a table visited for each key. Only that
// there are not ever more of them is worth writing them anew.
std::optional<Plan> PlanMinor(const Version& version, const BusyTables& busy, const PlannerOptions& options) {
  // One table is never merged with itself, whatever the options say.
  const size_t count_min = static_cast<size_t>(std::max(options.min_threshold, 2));
  const size_t count_max = std::max(static_cast<size_t>(std::max(options.max_threshold, 0)), count_min);
  std::vector<TablePtr> fullest;
  for (auto& bucket : SizeBuckets(version, busy, options)) {
    if (bucket.size() < count_max) {
      if (SortedRuns(bucket).size() < count_min) continue;
      std::vector<TablePtr> overlapping;
      for (const size_t i : TablesThatOverlap(bucket)) overlapping.push_back(std::move(bucket[i]));
      bucket = std::move(overlapping);
    }
    if (bucket.size() > fullest.size()) fullest = std::move(bucket);
  }
  if (fullest.empty()) return std::nullopt;
  if (fullest.size() > count_max) fullest.resize(count_max);
  return Plan{Kind::kMinor, std::move(fullest)};
}

std::vector<Plan> PlanTombstone(const Version& version, const BusyTables& busy, int64_t now_micros,
                                const PlannerOptions& options) {
  std::vector<TablePtr> candidates;
  for (const TablePtr& table : version.tables()) {
    if (busy.contains(table->number) || table->tombstone_count() == 0) continue;
    if (TombstoneAgeMicros(*table, now_micros) < options.tombstone_interval_micros) continue;
    if (TombstoneRatio(*table) >= options.tombstone_ratio) candidates.push_back(table);
  }
  std::sort(candidates.begin(), candidates.end(), [](const TablePtr& a, const TablePtr& b) {
    const double a_ratio = TombstoneRatio(*a);
    const double b_ratio = TombstoneRatio(*b);
    if (a_ratio != b_ratio) return a_ratio > b_ratio;
    // Older tombstones first; the number only makes the order the same every time.
    return std::make_pair(a->oldest_tombstone_time_micros, a->number) <
           std::make_pair(b->oldest_tombstone_time_micros, b->number);
  });
  std::vector<Plan> plans;
  for (TablePtr& table : candidates) plans.push_back(Plan{Kind::kTombstone, {std::move(table)}});
  return plans;
}

std::optional<Plan> PlanMajor(const Version& version, const BusyTables& busy) {
  if (version.tables().size() < 2) return std::nullopt;
  Plan plan{Kind::kMajor, {}};
  for (const TablePtr& table : version.tables()) {
    if (busy.contains(table->number)) return std::nullopt;
    plan.inputs.push_back(table);
  }
  return plan;
}

ScanPlan PlanScan(const Version& version, const BusyTables& busy, uint64_t seeks) {
  std::vector<TablePtr> idle;
  for (const TablePtr& table : version.tables()) {
    if (table->has_points() && !busy.contains(table->number)) idle.push_back(table);
  }
  std::sort(idle.begin(), idle.end(), IsSmaller);
  ScanPlan answer;
  Plan candidate{Kind::kScan, {}};
  uint64_t entries = 0;
  for (const TablePtr& table : idle) {
    if (candidate.inputs.size() == kMostScanInputs) break;
    const bool overlaps = candidate.inputs.empty() ||
                          std::any_of(candidate.inputs.begin(), candidate.inputs.end(), [&](const TablePtr& input) {
                            return table->BoundsOverlap(input->smallest, input->largest);
                          });
    if (!overlaps) continue;
    if (!candidate.inputs.empty() && table->entry_count() > kLargestScanRatio * entries) break;
    candidate.inputs.push_back(table);
    entries += table->entry_count();
    const size_t runs = SortedRuns(candidate.inputs).size();
    if (runs < 2) continue;
    const uint64_t price = std::max(entries / (kEntriesPerVisit * (runs - 1)), kFewestSeeks);
    if (price <= seeks) {
      answer.plan = candidate;
    } else {
      answer.next_seeks = std::min(answer.next_seeks.value_or(price), price);
    }
  }
  if (answer.plan.has_value()) answer.next_seeks.reset();
  return answer;
}

}  // namespace aeternus::compaction
