// The one merge: streams entries in internal order into a new table, leaving out what no reader can ever see again.
// Flush is a merge of one memtable, minor compaction of some tables, tombstone compaction of one, major of all. What
// may be dropped is decided here and nowhere else (docs/visibility.md).
//
//   - A version goes if a newer version, or a range tombstone, of the same inputs hides it from every live snapshot and
//     from the present.
//   - A tombstone shadowed by a newer entry of the same inputs, with no snapshot between, goes.
//   - With drop_tombstones, a tombstone at LSN t goes if t <= the oldest live snapshot (or there is none), nothing
//   older
//     that it hides stays in this output, and no other table with min LSN < t holds anything that it hides.
//
// Memory: blocks, the tombstones of the inputs, the versions of one key at a time (their headers), and what the builder
// keeps.
#ifndef AETERNUS_COMPACTION_MERGE_JOB_H_
#define AETERNUS_COMPACTION_MERGE_JOB_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "base/entry.h"
#include "base/file_identity.h"
#include "env/file_system.h"
#include "iterator/entry_iterator.h"
#include "iterator/fragmented_tombstones.h"
#include "sstable/builder.h"

namespace aeternus::compaction {

// Answers whether anything outside the inputs, in a table with min LSN < `below`, is hidden by a tombstone at `below`.
// Tables of the inputs and memtables (which are newer by the flush-order rule) are not asked.
class OlderVersions {
 public:
  virtual ~OlderVersions() = default;
  virtual absl::StatusOr<bool> HoldKey(std::string_view key, Lsn below) = 0;
  virtual absl::StatusOr<bool> HoldKeyInRange(std::string_view start, const std::optional<std::string>& end,
                                              Lsn below) = 0;
};

struct MergeInputs {
  std::vector<std::unique_ptr<EntryIterator>> sources;
  std::vector<std::shared_ptr<const FragmentedTombstones>> tombstones;
  uint64_t expected_points = 0;  // as the metadata of the inputs says; another count is corruption
  std::string description;       // "tables 3, 7" or "memtable of log 12", for errors
};

struct MergePolicy {
  std::vector<Lsn> snapshots;               // live snapshots, ascending; the present needs no entry
  OlderVersions* older_versions = nullptr;  // not null: tombstones may be dropped
  bool drop_range_tombstones = true;        // false: range tombstones always stay
};

struct MergeOutput {
  env::FileSystem* file_system = nullptr;
  std::string path;
  FileIdentity identity;
  sstable::BuilderOptions builder;
};

struct MergeResult {
  std::optional<sstable::TableSummary> table;  // nullopt: nothing was left, and no file is there
  uint64_t points_read = 0;
  uint64_t points_written = 0;
  uint64_t tombstones_read = 0;  // point and range
  uint64_t tombstones_dropped = 0;
};

// Runs to the end or to an error; after an error the output file, if any, is deleted. `cancelled` (may be null) is
// asked now and then; true ends the merge with status Cancelled.
absl::StatusOr<MergeResult> Merge(MergeInputs inputs, const MergePolicy& policy, const MergeOutput& output,
                                  const std::function<bool()>& cancelled = nullptr);

// For a tombstone pass over one table: whether Merge would drop anything at all. Reads, writes nothing.
absl::StatusOr<bool> WouldDropAnything(MergeInputs inputs, const MergePolicy& policy);

}  // namespace aeternus::compaction

#endif  // AETERNUS_COMPACTION_MERGE_JOB_H_
