// Which tables to merge: pure functions of a version, testable without a file. Size-tiered compaction (as in
// Cassandra's SizeTieredCompactionStrategy): tables of similar size are merged together.
//
//   minor      the fullest bucket of similar-sized tables that overlap, if min_threshold of them or more do somewhere,
//              its smallest max_threshold tables; a table that overlaps no other of its bucket, as those of keys that
//              were written in order, is rewritten only once the bucket holds max_threshold; tombstones stay
//   tombstone  one table, rich in old tombstones, is rewritten without those that hide nothing any more
//   major      all tables become one
//   scan       tables that scans have to merge again and again, once that has cost about as much as merging them;
//   tombstones
//              stay
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

enum class Kind { kMinor, kTombstone, kMajor, kScan };

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

// A merge that scans pay for, as one pays for skis by renting them: a seek that has to visit `n` tables, one of each
// sorted run, pays n - 1 units, and once that is the price of making them one, they are. So all merges of this kind
// take no longer than a small multiple of what scans have spent without them, whatever comes later.
//
// Candidates are the smallest tables that overlap each other, the smallest two, three, and so on. A table many times as
// large as all smaller ones is left alone and ends the list, so that an entry is rewritten O(log n) times in its life.
struct ScanPlan {
  std::optional<Plan> plan;            // the largest that `seeks` pay for
  std::optional<uint64_t> next_seeks;  // without a plan: how many seeks pay for the cheapest; nullopt: there is none
};
ScanPlan PlanScan(const Version& version, const BusyTables& busy, uint64_t seeks);

}  // namespace aeternus::compaction

#endif  // AETERNUS_COMPACTION_PLANNER_H_
