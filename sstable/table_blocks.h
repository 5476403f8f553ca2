// A table as pinned, verified blocks: opened at the first use, then each block loaded into a frame of the cache when it
// is asked for and not there.
//
// The frames, and the memory of the slots themselves, are charged to the cache's budget.
//
// Thread safety: any number of threads.
#ifndef AETERNUS_SSTABLE_TABLE_BLOCKS_H_
#define AETERNUS_SSTABLE_TABLE_BLOCKS_H_

#include <atomic>
#include <cstddef>
#include <memory>

#include "absl/status/statusor.h"
#include "base/types.h"
#include "bloom/filter.h"
#include "cache/frame_cache.h"
#include "sstable/block_reader.h"
#include "sstable/index_block.h"
#include "sstable/table_file.h"
#include "sstable/table_params.h"

namespace aeternus::sstable {

class TableBlocks {
 public:
  // A view, and the pin of the frame that it is a view of.
  template <typename View>
  struct Pinned {
    View view;
    FrameCache::Pin pin;
  };

  explicit TableBlocks(const TableParams* params) : params_(*params) {}
  ~TableBlocks();

  // The file, opened if it was not.
  absl::StatusOr<const TableFile*> File();
  // Needs data blocks to be there, as the footer says.
  absl::StatusOr<Pinned<bloom::FilterView>> Filter();
  absl::StatusOr<Pinned<IndexReader>> Index();
  // Data block `number`, below the footer's count.
  absl::StatusOr<Pinned<BlockReader>> Block(size_t number);

  // For an entry (key, lsn) that is behind all of data block `number`, found by FindBlock(key): the block behind it
  // where the first entry at or behind (key, lsn) is, or the one before that. The number of blocks when there is none.
  absl::StatusOr<size_t> FindLaterBlock(const IndexReader& index, size_t number, std::string_view key, Lsn lsn);

 private:
  struct Opened;
  absl::StatusOr<Opened*> Open();
  absl::StatusOr<FrameCache::Pin> LoadMetadata(Opened& opened, size_t slot, const BlockHandle& handle);

  const TableParams& params_;
  std::atomic<Opened*> opened_{nullptr};  // owned; set once
};

}  // namespace aeternus::sstable

#endif  // AETERNUS_SSTABLE_TABLE_BLOCKS_H_
