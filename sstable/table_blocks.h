// A table as pinned, verified blocks: opened at the first use, then each block loaded into a frame of the cache when it
// is asked for and not there.
//
// The frames, and the memory of the slots themselves, are charged to the cache's budget.
//
// Peek... are for reads that must not wait: within a read section of the cache they show what is in memory, unpinned,
// until the section ends, and else say that it is not there.
//
// Thread safety: any number of threads.
#ifndef AETERNUS_SSTABLE_TABLE_BLOCKS_H_
#define AETERNUS_SSTABLE_TABLE_BLOCKS_H_

#include <atomic>
#include <cstddef>
#include <memory>
#include <string_view>

#include "absl/status/statusor.h"
#include "base/types.h"
#include "bloom/filter.h"
#include "cache/frame_cache.h"
#include "sstable/block_reader.h"
#include "sstable/format.h"
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

  FrameCache* cache() const { return params_.cache; }
  // The file, opened if it was not.
  absl::StatusOr<const TableFile*> File();
  // Needs data blocks to be there, as the footer says.
  absl::StatusOr<Pinned<bloom::FilterView>> Filter();
  absl::StatusOr<Pinned<IndexReader>> Index();
  // Data block `number`, below the footer's count.
  absl::StatusOr<Pinned<BlockReader>> Block(size_t number);
  // The same in two steps: between them, what View looks at first comes into the processor's cache.
  absl::StatusOr<FrameCache::Pin> PinBlock(size_t number);
  static BlockReader View(const FrameCache::Pin& block) { return BlockReader(WithoutTrailer(block.bytes())); }
  // Starts loading the slot of data block `number`, which PinBlock reads. The table is open; any number will do.
  void PrefetchSlot(size_t number) const;
  // Starts loading the ends of data block `number`, if it is in memory. Returns where it begins, which may be
  // prefetched, but not read; null if it is not in memory, or there is no such block.
  const char* PrefetchBlock(size_t number) const;

  // For an entry (key, lsn) that is behind all of data block `number`, found by FindBlock(key): the block behind it
  // where the first entry at or behind (key, lsn) is, or the one before that. The number of blocks when there is none.
  absl::StatusOr<size_t> FindLaterBlock(const IndexReader& index, size_t number, std::string_view key, Lsn lsn);

  // Whether it is there, and so in `*view`. The filter needs data blocks to be there, as Filter does.
  bool PeekFilter(bloom::FilterView* view) const;
  bool PeekIndex(IndexReader* view) const;
  // The slot of data block `number`, below the index's count; the index was peeked at before.
  FrameCache::Slot& DataSlot(size_t number) const;
  // The block of a slot, empty if it is not there; for a BlockReader.
  std::string_view PeekBlock(FrameCache::Slot& slot) const;
  // Starts loading what the first steps of a search in the block read: its ends.
  static void PrefetchEnds(std::string_view block);

 private:
  // Slots of a table: filter, index, then its data blocks.
  static constexpr size_t kFilterSlot = 0;
  static constexpr size_t kIndexSlot = 1;
  static constexpr size_t kFirstDataSlot = 2;

  struct Opened {
    std::unique_ptr<TableFile> file;
    size_t slot_count = 0;
    std::unique_ptr<FrameCache::Slot[]> slots;

    size_t charge_bytes() const { return sizeof(*this) + slot_count * sizeof(FrameCache::Slot); }
  };

  static std::string_view WithoutTrailer(std::string_view stored_and_trailer) {
    return stored_and_trailer.substr(0, stored_and_trailer.size() - kBlockTrailerSizeBytes);
  }
  // What an index frame holds behind the block.
  static size_t LandmarksSizeBytes(const Opened& opened) {
    return IndexReader::LandmarksSizeBytes(opened.slot_count - kFirstDataSlot);
  }
  static IndexReader IndexIn(const Opened& opened, std::string_view frame) {
    const size_t end = frame.size() - LandmarksSizeBytes(opened);
    return IndexReader(WithoutTrailer(frame.substr(0, end)), frame.data() + end);
  }
  absl::StatusOr<Opened*> Open();

  const TableParams& params_;
  std::atomic<Opened*> opened_{nullptr};  // owned; set once
};

inline bool TableBlocks::PeekFilter(bloom::FilterView* view) const {
  const Opened* opened = opened_.load(std::memory_order_acquire);
  if (opened == nullptr) return false;
  const std::string_view bytes = params_.cache->Peek(opened->slots[kFilterSlot]);
  if (bytes.data() == nullptr) return false;
  *view = bloom::FilterView::FromParsed(WithoutTrailer(bytes));
  return true;
}

inline bool TableBlocks::PeekIndex(IndexReader* view) const {
  const Opened* opened = opened_.load(std::memory_order_acquire);
  if (opened == nullptr) return false;
  const std::string_view bytes = params_.cache->Peek(opened->slots[kIndexSlot]);
  if (bytes.data() == nullptr) return false;
  *view = IndexIn(*opened, bytes);
  return true;
}

inline FrameCache::Slot& TableBlocks::DataSlot(size_t number) const {
  return opened_.load(std::memory_order_acquire)->slots[kFirstDataSlot + number];
}

inline void TableBlocks::PrefetchSlot(size_t number) const {
  __builtin_prefetch(opened_.load(std::memory_order_acquire)->slots.get() + kFirstDataSlot + number);
}

inline const char* TableBlocks::PrefetchBlock(size_t number) const {
  const Opened& opened = *opened_.load(std::memory_order_acquire);
  if (kFirstDataSlot + number >= opened.slot_count) return nullptr;
  const std::string_view bytes = FrameCache::Whereabouts(opened.slots[kFirstDataSlot + number]);
  if (bytes.data() != nullptr) PrefetchEnds(bytes);
  return bytes.data();
}

inline std::string_view TableBlocks::PeekBlock(FrameCache::Slot& slot) const {
  const std::string_view bytes = params_.cache->Peek(slot);
  return bytes.data() == nullptr ? bytes : WithoutTrailer(bytes);
}

// The common prefix is at the beginning; trailer, offsets and tags are at the end: a hundred bytes and more, which the
// search would otherwise come to one line after the other.
inline void TableBlocks::PrefetchEnds(std::string_view block) {
  __builtin_prefetch(block.data());
  const char* end = block.data() + block.size();
  __builtin_prefetch(end - 1);
  if (block.size() < 256) return;
  __builtin_prefetch(end - 65);
  __builtin_prefetch(end - 129);
}

}  // namespace aeternus::sstable

#endif  // AETERNUS_SSTABLE_TABLE_BLOCKS_H_
