// A table's point entries once, from front to back, for who reads all of them and needs none of them twice: a merge.
// Reads stretches of many blocks at once into memory of its own, charged to the budget, past the cache, which it
// neither asks for data blocks nor fills with them. Each block is verified as when it is loaded into the cache.
//
// Thread safety: one thread (iterator/entry_iterator.h). Holds the table.
#ifndef AETERNUS_SSTABLE_TABLE_STREAM_H_
#define AETERNUS_SSTABLE_TABLE_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "base/types.h"
#include "iterator/entry_iterator.h"
#include "iterator/window_buffer.h"
#include "sstable/block_reader.h"
#include "sstable/format.h"
#include "sstable/index_block.h"
#include "sstable/table_blocks.h"
#include "sstable/window_decoder.h"

namespace aeternus::sstable {

class TableStream final : public EntryIterator {
 public:
  // `blocks` lives as long as `table`.
  TableStream(std::shared_ptr<const void> table, TableBlocks* blocks);
  ~TableStream() override;

  void SeekToFirst() override;
  void NextWindow() override;

  // A stream goes forward only: these end it with an Unimplemented error.
  void SeekToLast() override;
  void Seek(std::string_view key, Lsn lsn) override;
  void SeekBefore(std::string_view key) override;
  void PrevWindow() override;

 private:
  absl::Status Begin();
  // Shows the first window of block `number`, or the end behind the last block.
  absl::Status GoToBlock(size_t number);
  // The block with its trailer, out of the stretch, which is read from this block on if the block is not in it.
  absl::Status FindBlock(size_t number, std::string_view* stored_and_trailer);
  absl::Status ReadStretch(size_t number);
  absl::Status ReadInto(const BlockHandle& first, uint64_t size);
  void Charge(size_t bytes);
  // The window that begins with entry `first` of the block.
  void ShowFrom(size_t first);

  const std::shared_ptr<const void> table_;
  TableBlocks* const blocks_;
  const TableFile* file_ = nullptr;
  std::optional<TableBlocks::Pinned<IndexReader>> index_;
  size_t block_count_ = 0;
  // What was read last: bytes [stretch_offset_, stretch_offset_ + stretch_size_) of the file.
  std::unique_ptr<char[]> stretch_;
  size_t stretch_capacity_ = 0;
  uint64_t stretch_offset_ = 0;
  size_t stretch_size_ = 0;
  size_t charged_bytes_ = 0;

  size_t block_number_ = 0;
  BlockReader block_;
  size_t window_end_entry_ = 0;  // in the block
  WindowDecoder decoder_;
  WindowBuffer<EntryView, kWindowMax> entries_;
};

}  // namespace aeternus::sstable

#endif  // AETERNUS_SSTABLE_TABLE_STREAM_H_
