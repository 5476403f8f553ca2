// The one merge: streams entries in internal order into a new table, leaving out what no reader can ever see again.
// Flush is a merge of one memtable, minor compaction of some tables, tombstone compaction of one, major of all. What
// may be dropped is decided by drop_rules.h and nowhere else (docs/visibility.md).
//
// Memory: blocks, the range tombstones of the inputs, and what the builder keeps.
#ifndef AETERNUS_COMPACTION_MERGE_JOB_H_
#define AETERNUS_COMPACTION_MERGE_JOB_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/file_identity.h"
#include "compaction/merge_policy.h"
#include "env/file_system.h"
#include "iterator/entry_iterator.h"
#include "iterator/fragmented_tombstones.h"
#include "sstable/builder.h"

namespace aeternus::compaction {

struct MergeInputs {
  std::vector<std::unique_ptr<EntryIterator>> sources;
  std::vector<std::shared_ptr<const FragmentedTombstones>> tombstones;
  uint64_t expected_points = 0;  // as the metadata of the inputs says; another count is corruption
  std::string description;       // "tables 3, 7" or "memtable of log 12", for errors
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
  uint64_t tombstones_read = 0;  // point deletes, and range tombstones once for each fragment they are cut into
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
