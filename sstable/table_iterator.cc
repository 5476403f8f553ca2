#include "sstable/table_iterator.h"

#include <algorithm>
#include <utility>

#include "base/status.h"

namespace aeternus::sstable {
namespace {

// Of the next block, from its beginning.
constexpr size_t kPrefetchedBytes = 1024;

}  // namespace

void TableIterator::SeekToFirst() {
  window_size_ = kFirstWindowSize;
  prepared_.reset();
  Conclude(GoToEnd(/*last=*/false));
}

void TableIterator::SeekToLast() {
  window_size_ = kFirstWindowSize;
  prepared_.reset();
  Conclude(GoToEnd(/*last=*/true));
}

void TableIterator::Seek(std::string_view key, Lsn lsn) {
  window_size_ = kFirstWindowSize;
  Conclude(GoTo({.key = key, .lsn = lsn}));
}

void TableIterator::SeekBefore(std::string_view key) {
  window_size_ = kFirstWindowSize;
  Conclude(GoBefore({.key = key, .lsn = kMaxLsn, .is_before = true}));
}

// The size of the windows stays what it has grown to.
void TableIterator::SkipTo(std::string_view key) { Conclude(GoTo({.key = key, .lsn = kMaxLsn})); }

void TableIterator::NextWindow() {
  if (end_ < block_.entry_count()) return ShowFrom(end_);
  Conclude(GoToBlock(block_number_ + 1, /*at_its_last_entry=*/false));
}

void TableIterator::PrevWindow() {
  if (first_ > 0) return ShowUpTo(first_);
  if (block_number_ == 0) return SetEnd();
  Conclude(GoToBlock(block_number_ - 1, /*at_its_last_entry=*/true));
}

absl::Status TableIterator::GoToEnd(bool last) {
  AETERNUS_ASSIGN_OR_RETURN(const size_t count, BlockCount());
  if (count > 0) return GoToBlock(last ? count - 1 : 0, last);
  SetEnd();
  return absl::OkStatus();
}

absl::StatusOr<size_t> TableIterator::FindBlock(std::string_view key) {
  AETERNUS_ASSIGN_OR_RETURN(const size_t count, BlockCount());
  if (count == 0) return kNoBlock;
  AETERNUS_ASSIGN_OR_RETURN(const TableBlocks::Pinned<IndexReader> index, blocks_->Index());
  const size_t block = index.view.FindBlock(key);
  return block == count ? kNoBlock : block;
}

void TableIterator::PrepareSeek(const SeekTarget& target, int step) {
  if (step == 0) {
    SetEnd();
    prepared_ = FindBlock(target.key);
    if (prepared_->ok() && **prepared_ != kNoBlock) blocks_->PrefetchSlot(**prepared_);
    return;
  }
  if (!prepared_->ok() || **prepared_ == kNoBlock) return;
  const size_t block = **prepared_;
  if (absl::Status status = step == 1 ? PinBlock(block) : EnterBlock(block); !status.ok()) {
    prepared_ = std::move(status);
  } else if (step == 2) {
    block_.PrefetchSearch();
  } else if (step == 3) {
    place_ = block_.LowerBound(target.key, target.lsn);
    const size_t first = target.is_before ? place_ - std::min(place_, kFirstWindowSize) : place_;
    const size_t limit = target.is_before ? place_ : std::min(place_ + kFirstWindowSize, block_.entry_count());
    if (first < limit) block_.PrefetchEntries(first, limit);
  }
}

absl::StatusOr<size_t> TableIterator::TakePrepared(const SeekTarget& target) {
  if (!prepared_.has_value()) {
    for (int step = 0; step < kSeekSteps; ++step) PrepareSeek(target, step);
  }
  absl::StatusOr<size_t> block = *std::move(prepared_);
  prepared_.reset();
  return block;
}

absl::Status TableIterator::GoTo(const SeekTarget& target) {
  AETERNUS_ASSIGN_OR_RETURN(size_t block, TakePrepared(target));
  if (block == kNoBlock) {
    SetEnd();
    return absl::OkStatus();
  }
  size_t entry = place_;
  if (entry == block_.entry_count()) {
    AETERNUS_ASSIGN_OR_RETURN(const TableBlocks::Pinned<IndexReader> index, blocks_->Index());
    AETERNUS_ASSIGN_OR_RETURN(block, blocks_->FindLaterBlock(index.view, block, target.key, target.lsn));
    if (block == index.view.block_count()) return GoToBlock(block, false);
    AETERNUS_RETURN_IF_ERROR(EnterBlock(block));
    entry = block_.LowerBound(target.key, target.lsn);
  }
  if (entry == block_.entry_count()) return GoToBlock(block + 1, /*at_its_last_entry=*/false);
  ShowFrom(entry);
  return absl::OkStatus();
}

absl::Status TableIterator::GoBefore(const SeekTarget& target) {
  AETERNUS_ASSIGN_OR_RETURN(const size_t block, TakePrepared(target));
  if (block == kNoBlock) return GoToEnd(/*last=*/true);
  // In front of every version of the key.
  if (place_ > 0) {
    ShowUpTo(place_);
  } else if (block > 0) {
    return GoToBlock(block - 1, /*at_its_last_entry=*/true);
  } else {
    SetEnd();
  }
  return absl::OkStatus();
}

// A block behind the last is the end.
absl::Status TableIterator::GoToBlock(size_t block, bool at_its_last_entry) {
  AETERNUS_ASSIGN_OR_RETURN(const size_t count, BlockCount());
  if (block >= count) {
    SetEnd();
    return absl::OkStatus();
  }
  AETERNUS_RETURN_IF_ERROR(EnterBlock(block));
  at_its_last_entry ? ShowUpTo(block_.entry_count()) : ShowFrom(0);
  return absl::OkStatus();
}

absl::Status TableIterator::PinBlock(size_t block) {
  if (block_number_ == block) return absl::OkStatus();
  block_number_ = kNoBlock;
  is_entered_ = false;
  pin_.Release();
  AETERNUS_ASSIGN_OR_RETURN(pin_, blocks_->PinBlock(block));
  block_number_ = block;
  return absl::OkStatus();
}

absl::Status TableIterator::EnterBlock(size_t block) {
  AETERNUS_RETURN_IF_ERROR(PinBlock(block));
  if (is_entered_) return absl::OkStatus();
  block_ = TableBlocks::View(pin_);
  is_entered_ = true;
  return absl::OkStatus();
}

absl::StatusOr<size_t> TableIterator::BlockCount() {
  AETERNUS_ASSIGN_OR_RETURN(const TableFile* file, blocks_->File());
  return file->footer().data_block_count;
}

void TableIterator::ShowFrom(size_t first) {
  EntryView* const begin = entries_.begin();
  first_ = first;
  end_ = decoder_.Decode<true>(block_, first, std::min(block_.entry_count(), first + window_size_), begin);
  GrowWindow();
  PrefetchAhead();
  SetWindow(begin, begin, begin + (end_ - first_));
}

void TableIterator::ShowUpTo(size_t end) {
  EntryView* const behind = entries_.end();
  first_ = decoder_.Decode<false>(block_, end, end - std::min(end, window_size_), behind);
  end_ = end;
  GrowWindow();
  SetWindow(behind - (end_ - first_), behind - 1, behind);
}

// Of what comes next, the ends of its block and the first entries, while the present window is looked at. The processor
// itself finds out about the lines that follow them, but never about the first ones of a block.
void TableIterator::PrefetchAhead() const {
  const size_t count = block_.entry_count();
  if (end_ < count) return block_.PrefetchEntries(end_, std::min(end_ + kFirstWindowSize, count));
  const char* const next = blocks_->PrefetchBlock(block_number_ + 1);
  if (next == nullptr) return;
  for (size_t at = 0; at < kPrefetchedBytes; at += BlockReader::kLineBytes) __builtin_prefetch(next + at);
}

// Slowly: of several tables that are merged each shows entries that nobody may want.
void TableIterator::GrowWindow() { window_size_ = std::min(window_size_ + kWindowGrowth, kWindowMax); }

void TableIterator::Conclude(absl::Status status) {
  if (status.ok()) {
    ClearStatus();
  } else {
    SetError(std::move(status));
  }
}

}  // namespace aeternus::sstable
