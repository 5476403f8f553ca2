// What of a table file can still be proven, whatever is damaged: for salvage, never for reading a database.
//
// A data block counts if its checksum, which covers its place and the table's number, fits, and its entries are in
// order under their right tags. Where footer or index are damaged the file is searched for such blocks. The survey
// reads the whole file once and keeps, of each good block, where it is and its first and last key; the iterator reads
// the good blocks again, one at a time.
//
//   AETERNUS_ASSIGN_OR_RETURN(auto table, TableSalvager::Survey(fs, path, FileNumber(7), database, std::nullopt));
//   for (const LostStretch& lost : table->lost()) ...
//   const std::unique_ptr<EntryIterator> it = table->NewIterator();
//
// Memory: one block (a value may have 1 GiB), the range tombstones, two keys of each good block.
//
// Thread safety: immutable once made; iterators by one thread each.
#ifndef AETERNUS_SSTABLE_TABLE_SALVAGER_H_
#define AETERNUS_SSTABLE_TABLE_SALVAGER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/types.h"
#include "env/file_system.h"
#include "iterator/entry_iterator.h"
#include "iterator/fragmented_tombstones.h"
#include "sstable/block_reader.h"
#include "sstable/format.h"

namespace aeternus::sstable {

// Bytes of a table that prove nothing.
struct LostStretch {
  uint64_t offset = 0;
  uint64_t size_bytes = 0;
  std::string what;  // what stood there, and what is wrong with it
  // Entries may have stood there, with keys between the neighbouring good blocks: [after, before]. Absent: no good
  // block on that side.
  bool may_hold_entries = false;
  std::optional<std::string> after;
  std::optional<std::string> before;
};

class TableSalvager : public std::enable_shared_from_this<TableSalvager> {
 public:
  // The table file `path` of `database`; `expected_size_bytes` as the manifest says, if it does. Damage is an answer,
  // not an error. FailedPrecondition when the footer can be read and names another database or table; Unimplemented
  // when a newer version wrote it; NotFound.
  static absl::StatusOr<std::shared_ptr<const TableSalvager>> Survey(env::FileSystem* file_system,
                                                                     const std::string& path, FileNumber number,
                                                                     DatabaseId database,
                                                                     std::optional<uint64_t> expected_size_bytes);

  uint64_t size_bytes() const { return size_bytes_; }
  // By offset. What is lost of filter and properties, which hold no entries, is among them.
  const std::vector<LostStretch>& lost() const { return lost_; }
  // Point entries in good blocks; and how many were written, if that can still be read.
  uint64_t point_count() const { return point_count_; }
  std::optional<uint64_t> written_point_count() const { return written_point_count_; }
  // Range tombstones were lost, or may have been: what they hid may come to light.
  bool may_lack_tombstones() const { return may_lack_tombstones_; }
  const std::shared_ptr<const FragmentedTombstones>& range_tombstones() const { return tombstones_; }

  // Over the point entries of the good blocks. Ends with an error when a block has changed since the survey.
  std::unique_ptr<EntryIterator> NewIterator() const;

 private:
  struct GoodBlock {
    BlockHandle handle;
    std::string first_key, last_key;
    Lsn last_lsn;
  };
  class BlockIterator;

  TableSalvager(env::FileSystem* file_system, std::string path, FileNumber number)
      : file_system_(file_system), path_(std::move(path)), number_(number) {}

  absl::Status Run(DatabaseId database, std::optional<uint64_t> expected_size_bytes);
  void SurveyByIndex(const std::string& validated_index);
  // Of the data blocks in [0, end); `why` is said of what is no block.
  void SurveyBySearch(uint64_t end, std::string why);
  // Finds the tombstone block of a table without a footer, in what is no data block.
  void SearchTombstones();
  void ReadTombstonesAt(const BlockHandle& handle);
  void ReadPropertiesAt(const BlockHandle& handle);

  absl::StatusOr<std::string> ReadBlock(const BlockHandle& handle) const;
  // Takes a data block in, if it is good and behind the last one; why not, otherwise.
  absl::Status TakeDataBlock(const BlockHandle& handle);
  void Lose(uint64_t offset, uint64_t size_bytes, bool may_hold_entries, std::string what);
  // Joins neighbours, and says between which keys they lie.
  void FinishLost();

  env::FileSystem* const file_system_;
  const std::string path_;
  const FileNumber number_;
  std::unique_ptr<env::RandomAccessFile> file_;
  uint64_t size_bytes_ = 0;
  std::vector<GoodBlock> blocks_;
  std::vector<LostStretch> lost_;
  uint64_t point_count_ = 0;
  std::optional<uint64_t> written_point_count_;
  std::optional<uint64_t> written_tombstone_count_;
  bool may_lack_tombstones_ = false;
  std::shared_ptr<const FragmentedTombstones> tombstones_ = std::make_shared<FragmentedTombstones>();
};

}  // namespace aeternus::sstable

#endif  // AETERNUS_SSTABLE_TABLE_SALVAGER_H_
