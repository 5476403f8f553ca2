// Tables in a simulated file system for tests: built from a sorted model, read back, damaged.
//
//   TableHarness harness;
//   harness.Build({Put("a", 2, "new"), Put("a", 1, "old"), Del("b", 3)});
//   std::shared_ptr<Table> table = harness.Open();
#ifndef AETERNUS_SSTABLE_TESTING_TABLE_HARNESS_H_
#define AETERNUS_SSTABLE_TESTING_TABLE_HARNESS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/entry.h"
#include "base/file_identity.h"
#include "base/types.h"
#include "cache/frame_cache.h"
#include "env/testing/sim_file_system.h"
#include "iterator/entry_iterator.h"
#include "iterator/testing/random.h"
#include "sstable/builder.h"
#include "sstable/table.h"

namespace aeternus::sstable::testing {

// An entry that owns its bytes.
struct StoredEntry {
  std::string key;
  Lsn lsn;
  EntryKind kind = EntryKind::kInvalid;
  std::string value;

  EntryView view() const { return {.key = key, .lsn = lsn, .kind = kind, .value = value}; }
};
StoredEntry Put(std::string key, uint64_t lsn, std::string value);
StoredEntry Del(std::string key, uint64_t lsn);

// `key`@`lsn`=`value`, or `key`@`lsn` deleted; long texts shortened to size and hash.
std::string Render(const EntryView& entry);

// What a table should hold: entries in internal order, and range tombstones in any.
struct TableModel {
  std::vector<StoredEntry> entries;
  std::vector<RangeTombstone> tombstones;

  // Position of the first entry at or behind (key, lsn).
  size_t LowerBound(std::string_view key, Lsn lsn) const;
  const StoredEntry* Find(std::string_view key, Lsn snapshot) const;
  Lsn MaxCovering(std::string_view key, Lsn snapshot) const;
};
// Keys of many shapes, from none to hundreds of versions of each, some range tombstones.
TableModel RandomModel(aeternus::testing::Random& random, size_t max_entries);
// A few entries and tombstones that fill several small blocks, with every kind of block, and versions that span blocks.
TableModel SmallModel();

class TableHarness {
 public:
  static constexpr char kPath[] = "/db/000007.sst";
  static constexpr DatabaseId kDatabaseId{0xd1ce};
  static constexpr FileNumber kNumber{7};

  explicit TableHarness(size_t budget_bytes = size_t{64} << 20);

  // Writes the table, replacing an earlier one; its summary. Expects success.
  TableSummary Build(const TableModel& model, const BuilderOptions& options = {});
  // The table that was built, or what stands in its file now; an empty cache each time, the earlier tables are gone.
  std::shared_ptr<Table> Open();

  std::string Contents();
  void SetContents(std::string bytes);

  env::testing::SimFileSystem& file_system() { return file_system_; }
  uint64_t reads() const { return file_system_.CountOf(env::testing::FileOp::kRead); }
  FrameCache& cache() { return *cache_; }
  MemoryBudget& budget() { return *budget_; }
  TableParams& params() { return params_; }  // of the next Open
  static FileIdentity Identity();

 private:
  env::testing::SimFileSystem file_system_;
  const size_t budget_bytes_;
  std::unique_ptr<MemoryBudget> budget_;
  std::unique_ptr<FrameCache> cache_;
  TableParams params_;
};

// The entries from where the iterator stands, to the end or the beginning but at most `limit`, each rendered; behind
// them the error that ended it, if any.
std::vector<std::string> Drain(EntryIterator& it, bool forward = true, size_t limit = SIZE_MAX);

}  // namespace aeternus::sstable::testing

#endif  // AETERNUS_SSTABLE_TESTING_TABLE_HARNESS_H_
