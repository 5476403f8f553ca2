#include "sstable/table_blocks.h"

#include <utility>

#include "base/key_order.h"
#include "base/status.h"

namespace aeternus::sstable {
namespace {

// Fills a frame with a block and its trailer; what its content must be like is `validate`'s to say.
template <typename Validate>
absl::Status LoadFrame(const TableFile& file, const BlockHandle& handle, Frame& frame, const Validate& validate) {
  AETERNUS_RETURN_IF_ERROR(file.ReadBlock(handle, frame.Allocate(handle.size_with_trailer())));
  return validate(frame.bytes().substr(0, handle.stored_size));
}

absl::Status LoadIndexFrame(const TableFile& file, size_t landmarks_size, Frame& frame) {
  const BlockHandle& handle = file.footer().index;
  const absl::Span<char> bytes = frame.Allocate(handle.size_with_trailer() + landmarks_size);
  AETERNUS_RETURN_IF_ERROR(file.ReadBlock(handle, bytes.first(handle.size_with_trailer())));
  const std::string_view index = frame.bytes().substr(0, handle.stored_size);
  AETERNUS_RETURN_IF_ERROR(IndexReader::Validate(index, file.footer(), file.path(), handle.offset));
  IndexReader::WriteLandmarks(index, bytes.data() + handle.size_with_trailer());
  return absl::OkStatus();
}

}  // namespace

TableBlocks::~TableBlocks() {
  const std::unique_ptr<Opened> opened(opened_.load(std::memory_order_acquire));
  if (opened == nullptr) return;
  params_.cache->budget()->Release(opened->charge_bytes());
  params_.cache->Retire(std::move(opened->slots), opened->slot_count);
}

// Two threads that come first at once both read the footer; one of them is early.
absl::StatusOr<TableBlocks::Opened*> TableBlocks::Open() {
  if (Opened* opened = opened_.load(std::memory_order_acquire); opened != nullptr) return opened;
  auto fresh = std::make_unique<Opened>();
  AETERNUS_ASSIGN_OR_RETURN(fresh->file, TableFile::Open(params_));
  fresh->slot_count = kFirstDataSlot + fresh->file->footer().data_block_count;
  fresh->slots = std::make_unique<FrameCache::Slot[]>(fresh->slot_count);
  Opened* early = nullptr;
  if (!opened_.compare_exchange_strong(early, fresh.get(), std::memory_order_acq_rel)) return early;
  params_.cache->budget()->Charge(fresh->charge_bytes());
  return fresh.release();
}

absl::StatusOr<const TableFile*> TableBlocks::File() {
  AETERNUS_ASSIGN_OR_RETURN(const Opened* opened, Open());
  return opened->file.get();
}

absl::StatusOr<TableBlocks::Pinned<bloom::FilterView>> TableBlocks::Filter() {
  AETERNUS_ASSIGN_OR_RETURN(Opened * opened, Open());
  const auto load = [opened](Frame& frame) {
    const TableFile& file = *opened->file;
    return LoadFrame(file, file.footer().filter, frame, [&](std::string_view bytes) {
      return Annotate(bloom::FilterView::Parse(bytes).status(), file.path());
    });
  };
  AETERNUS_ASSIGN_OR_RETURN(FrameCache::Pin pin,
                            params_.cache->Acquire(opened->slots[kFilterSlot], load, FrameCache::Content::kMetadata));
  const auto view = bloom::FilterView::FromParsed(WithoutTrailer(pin.bytes()));
  return Pinned<bloom::FilterView>{view, std::move(pin)};
}

absl::StatusOr<TableBlocks::Pinned<IndexReader>> TableBlocks::Index() {
  AETERNUS_ASSIGN_OR_RETURN(Opened * opened, Open());
  const auto load = [opened](Frame& frame) {
    return LoadIndexFrame(*opened->file, LandmarksSizeBytes(*opened), frame);
  };
  AETERNUS_ASSIGN_OR_RETURN(FrameCache::Pin pin,
                            params_.cache->Acquire(opened->slots[kIndexSlot], load, FrameCache::Content::kMetadata));
  const IndexReader view = IndexIn(*opened, pin.bytes());
  return Pinned<IndexReader>{view, std::move(pin)};
}

absl::StatusOr<TableBlocks::Pinned<BlockReader>> TableBlocks::Block(size_t number) {
  AETERNUS_ASSIGN_OR_RETURN(FrameCache::Pin pin, PinBlock(number));
  const BlockReader view = View(pin);
  return Pinned<BlockReader>{view, std::move(pin)};
}

absl::StatusOr<FrameCache::Pin> TableBlocks::PinBlock(size_t number) {
  AETERNUS_ASSIGN_OR_RETURN(Opened * opened, Open());
  const auto load = [this, opened, number](Frame& frame) -> absl::Status {
    AETERNUS_ASSIGN_OR_RETURN(const Pinned<IndexReader> index, Index());
    const TableFile& file = *opened->file;
    const BlockHandle handle = index.view.block(number);
    return LoadFrame(file, handle, frame,
                     [&](std::string_view bytes) { return BlockReader::Validate(bytes, file.path(), handle.offset); });
  };
  AETERNUS_ASSIGN_OR_RETURN(FrameCache::Pin pin, params_.cache->Acquire(opened->slots[kFirstDataSlot + number], load));
  PrefetchEnds(pin.bytes());
  return pin;
}

absl::StatusOr<size_t> TableBlocks::FindLaterBlock(const IndexReader& index, size_t number, std::string_view key,
                                                   Lsn lsn) {
  // Versions of `key` may be in the blocks [low, high].
  size_t low = number + 1;
  size_t high = number;
  while (high + 1 < index.block_count() && index.separator(high) == key) ++high;
  // The last block that begins at or before (key, lsn), or the first of them. Of a key with thousands of versions a few
  // blocks are looked at, not all.
  while (low < high) {
    const size_t middle = low + (high - low + 1) / 2;
    AETERNUS_ASSIGN_OR_RETURN(const Pinned<BlockReader> block, Block(middle));
    if (CompareEntries(block.view.Key(0), block.view.entry(0).lsn, key, lsn) <= 0) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

}  // namespace aeternus::sstable
