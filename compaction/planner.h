// Which tables to merge: pure functions of a version, testable without a file. Size-tiered compaction (as in
// Cassandra's SizeTieredCompactionStrategy): tables of similar size are merged together.
//
//   minor      the fullest bucket of similar-sized tables that holds at least min_threshold, its smallest
//              max_threshold tables; tombstones stay
//   tombstone  one table, rich in old tombstones, is rewritten without those that hide nothing any more
//   major      all tables become one
//
// Recency is a matter of LSNs, never of file numbers: no rule here looks at a number but to tell tables apart.
#ifndef AETERNUS_COMPACTION_PLANNER_H_
#define AETERNUS_COMPACTION_PLANNER_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "base/types.h"
#include "manifest/version.h"

namespace aeternus::compaction {

struct PlannerOptions {
  double bucket_low = 0.5;             // a table joins a bucket while its size is within
  double bucket_high = 1.5;            // [bucket_low, bucket_high] x the bucket's running average
  uint64_t min_table_size_bytes = 50;  // all smaller tables share one bucket
  int min_threshold = 4;
  int max_threshold = 32;
  double tombstone_ratio = 0.3;           // tombstones / max(entries, 1)
  int64_t tombstone_interval_micros = 0;  // least age of the oldest tombstone
};

enum class Kind { kMinor, kTombstone, kMajor };

struct Plan {
  Kind kind = Kind::kMinor;
  std::vector<Version::TablePtr> inputs;
  uint64_t input_bytes() const;
};

using BusyTables = absl::flat_hash_set<FileNumber>;

// The buckets of the tables that are not busy, each by ascending size, in ascending order of their sizes.
std::vector<std::vector<Version::TablePtr>> SizeBuckets(const Version& version, const BusyTables& busy,
                                                        const PlannerOptions& options);

std::optional<Plan> PlanMinor(const Version& version, const BusyTables& busy, const PlannerOptions& options);
// Candidates, most promising (highest tombstone ratio) first.
std::vector<Plan> PlanTombstone(const Version& version, const BusyTables& busy, int64_t now_micros,
                                const PlannerOptions& options);
// nullopt with fewer than two tables, or while any is busy.
std::optional<Plan> PlanMajor(const Version& version, const BusyTables& busy);

}  // namespace aeternus::compaction

#endif  // AETERNUS_COMPACTION_PLANNER_H_
