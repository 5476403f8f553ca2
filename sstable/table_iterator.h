// The iterator over a table's point entries (contract in iterator/entry_iterator.h). Holds the table and the block that
// its window is in.
//
// A window is a stretch of one block: all of it on a long way. After a seek the first windows are short, for who seeks
// often wants few entries. Keys are put together in a buffer of the iterator's own, values lie in the block.
#ifndef AETERNUS_SSTABLE_TABLE_ITERATOR_H_
#define AETERNUS_SSTABLE_TABLE_ITERATOR_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "iterator/entry_iterator.h"
#include "iterator/window_buffer.h"
#include "sstable/block_reader.h"
#include "sstable/table_blocks.h"
#include "sstable/window_decoder.h"

namespace aeternus::sstable {

class TableIterator final : public EntryIterator {
 public:
  // `blocks` lives as long as `table`.
  TableIterator(std::shared_ptr<const void> table, TableBlocks* blocks) : table_(std::move(table)), blocks_(blocks) {}

  void SeekToFirst() override;
  void SeekToLast() override;
  void Seek(std::string_view key, Lsn lsn) override;
  void SeekBefore(std::string_view key) override;
  void SkipTo(std::string_view key) override;
  void PrepareSeek(const SeekTarget& target, int step) override;
  void NextWindow() override;
  void PrevWindow() override;

 private:
  static constexpr size_t kFirstWindowSize = 8;
  static constexpr size_t kWindowGrowth = 8;
  static constexpr size_t kNoBlock = SIZE_MAX;

  // Each goes to a place and shows its entry, or says why it cannot. Blocks are numbered from 0.
  absl::Status GoToEnd(bool last);
  absl::Status GoTo(const SeekTarget& target);
  absl::Status GoBefore(const SeekTarget& target);
  absl::Status GoToBlock(size_t block, bool at_its_last_entry);

  // The block in which a seek of `key` begins, out of the index; kNoBlock when it is behind the last.
  absl::StatusOr<size_t> FindBlock(std::string_view key);
  // The same once PrepareSeek, which is called now if it was not before, has entered it and found `place_`.
  absl::StatusOr<size_t> TakePrepared(const SeekTarget& target);
  absl::Status PinBlock(size_t block);
  absl::Status EnterBlock(size_t block);
  absl::StatusOr<size_t> BlockCount();
  // The window that begins with entry `first` of the block, or that ends before entry `end`.
  void ShowFrom(size_t first);
  void ShowUpTo(size_t end);
  void GrowWindow();
  void PrefetchAhead() const;
  // Ends a move: an error invalidates.
  void Conclude(absl::Status status);

  const std::shared_ptr<const void> table_;
  TableBlocks* const blocks_;
  // The block that is pinned; entered, where `block_` is its view, which the window is in.
  size_t block_number_ = kNoBlock;
  FrameCache::Pin pin_;
  bool is_entered_ = false;
  BlockReader block_;
  std::optional<absl::StatusOr<size_t>> prepared_;  // by PrepareSeek: what FindBlock said, or why there is no block
  size_t place_ = 0;                                // by PrepareSeek: LowerBound of its target
  // The window's entries in the block.
  size_t first_ = 0;
  size_t end_ = 0;
  size_t window_size_ = kFirstWindowSize;  // of the next one, at most
  WindowDecoder decoder_;                  // used only by Show..., so that a view of the window may be sought
  WindowBuffer<EntryView, kWindowMax> entries_;
};

}  // namespace aeternus::sstable

#endif  // AETERNUS_SSTABLE_TABLE_ITERATOR_H_
