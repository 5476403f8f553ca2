// Real tables on a simulated disk, for tests of merges.
//
//   TableStore store;
//   FileNumber number = store.Build(points, tombstones);
//   absl::StatusOr<MergeResult> result = store.Merge({number}, policy);      // into a new table
//   std::map<std::string, std::string> visible = store.VisibleAt(snapshot);  // through all live tables
#ifndef AETERNUS_COMPACTION_TESTING_TABLE_STORE_H_
#define AETERNUS_COMPACTION_TESTING_TABLE_STORE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "base/entry.h"
#include "base/types.h"
#include "cache/frame_cache.h"
#include "compaction/merge_job.h"
#include "compaction/merge_policy.h"
#include "env/testing/sim_file_system.h"
#include "iterator/testing/vector_iterator.h"
#include "sstable/builder.h"
#include "sstable/table.h"

namespace aeternus::compaction::testing {

class TableStore {
 public:
  struct LiveTable {
    sstable::TableSummary summary;
    std::shared_ptr<sstable::Table> table;

    uint64_t points() const { return summary.put_count + summary.delete_count; }
    Lsn min_lsn() const;
  };

  TableStore();
  ~TableStore();

  // A new live table. Expects success; there is something to build it from.
  FileNumber Build(std::vector<aeternus::testing::OwnedEntry> points, const std::vector<RangeTombstone>& tombstones,
                   const sstable::BuilderOptions& options = SmallBlocks());
  // Merges live tables; on success the output, if any, takes their place. With `drop_tombstones` the other live tables
  // are the older versions of `policy`.
  absl::StatusOr<MergeResult> Merge(const std::vector<FileNumber>& numbers, MergePolicy policy, bool drop_tombstones);
  absl::StatusOr<bool> WouldDropAnything(FileNumber number, MergePolicy policy);

  MergeInputs Inputs(const std::vector<FileNumber>& numbers);
  // Under a number that was never used.
  MergeOutput NextOutput();
  std::map<std::string, std::string> VisibleAt(Lsn snapshot);

  std::map<FileNumber, LiveTable>& live() { return live_; }
  env::testing::SimFileSystem& file_system() { return file_system_; }
  static sstable::BuilderOptions SmallBlocks();

 private:
  class OtherTables;

  void Open(const MergeOutput& output, const sstable::TableSummary& summary);

  env::testing::SimFileSystem file_system_;
  MemoryBudget budget_{size_t{64} << 20};
  FrameCache cache_{&budget_};
  std::map<FileNumber, LiveTable> live_;
  uint64_t next_number_ = 1;
};

}  // namespace aeternus::compaction::testing

#endif  // AETERNUS_COMPACTION_TESTING_TABLE_STORE_H_
