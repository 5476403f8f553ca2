// The iterator over a table's point entries (contract in iterator/entry_iterator.h). Holds the table and the block that
// it stands in.
#ifndef AETERNUS_SSTABLE_TABLE_ITERATOR_H_
#define AETERNUS_SSTABLE_TABLE_ITERATOR_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "iterator/entry_iterator.h"
#include "sstable/block_reader.h"
#include "sstable/table_blocks.h"

namespace aeternus::sstable {

class TableIterator final : public EntryIterator {
 public:
  // `blocks` lives as long as `table`.
  TableIterator(std::shared_ptr<const void> table, TableBlocks* blocks) : table_(std::move(table)), blocks_(blocks) {}

  void SeekToFirst() override;
  void SeekToLast() override;
  void Seek(std::string_view key, Lsn lsn) override;
  void SeekBefore(std::string_view key) override;
  void Next() override;
  void Prev() override;

 private:
  // Each goes to a place and shows its entry, or says why it cannot. Blocks are numbered from 0.
  absl::Status GoToEnd(bool last);
  absl::Status GoTo(std::string_view key, Lsn lsn);
  absl::Status GoBefore(std::string_view key);
  absl::Status GoToBlock(size_t block, bool at_its_last_entry);

  absl::Status EnterBlock(size_t block);
  absl::StatusOr<size_t> BlockCount();
  void Show(size_t entry);
  // Ends a move: an error invalidates.
  void Conclude(absl::Status status);

  const std::shared_ptr<const void> table_;
  TableBlocks* const blocks_;
  std::optional<TableBlocks::Pinned<BlockReader>> block_;
  size_t block_number_ = 0;
  size_t entry_number_ = 0;
  // Common prefix of the block, then the suffix of the entry. Written only by Show, so that entry().key may be sought.
  std::string key_;
  bool key_has_prefix_ = false;  // the common prefix of this block is in key_
};

}  // namespace aeternus::sstable

#endif  // AETERNUS_SSTABLE_TABLE_ITERATOR_H_
