#include "sstable/table_iterator.h"

#include <algorithm>
#include <utility>

#include "base/status.h"

namespace aeternus::sstable {
namespace {

// Room for the keys of a window. Windows of long keys are shorter; a single key always finds room.
constexpr size_t kKeysSizeBytes = 2048;

}  // namespace

void TableIterator::SeekToFirst() {
  window_size_ = kFirstWindowSize;
  Conclude(GoToEnd(/*last=*/false));
}

void TableIterator::SeekToLast() {
  window_size_ = kFirstWindowSize;
  Conclude(GoToEnd(/*last=*/true));
}

void TableIterator::Seek(std::string_view key, Lsn lsn) {
  window_size_ = kFirstWindowSize;
  Conclude(GoTo(key, lsn));
}

void TableIterator::SeekBefore(std::string_view key) {
  window_size_ = kFirstWindowSize;
  Conclude(GoBefore(key));
}

void TableIterator::NextWindow() {
  if (end_ < block_->view.entry_count()) return ShowFrom(end_);
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

absl::Status TableIterator::GoTo(std::string_view key, Lsn lsn) {
  AETERNUS_ASSIGN_OR_RETURN(const size_t count, BlockCount());
  if (count == 0) return GoToBlock(count, false);
  AETERNUS_ASSIGN_OR_RETURN(const TableBlocks::Pinned<IndexReader> index, blocks_->Index());
  size_t block = index.view.FindBlock(key);
  if (block == count) return GoToBlock(count, false);
  AETERNUS_RETURN_IF_ERROR(EnterBlock(block));
  size_t entry = block_->view.LowerBound(key, lsn);
  if (entry == block_->view.entry_count()) {
    AETERNUS_ASSIGN_OR_RETURN(block, blocks_->FindLaterBlock(index.view, block, key, lsn));
    if (block == count) return GoToBlock(count, false);
    AETERNUS_RETURN_IF_ERROR(EnterBlock(block));
    entry = block_->view.LowerBound(key, lsn);
  }
  if (entry == block_->view.entry_count()) return GoToBlock(block + 1, /*at_its_last_entry=*/false);
  ShowFrom(entry);
  return absl::OkStatus();
}

absl::Status TableIterator::GoBefore(std::string_view key) {
  AETERNUS_ASSIGN_OR_RETURN(const size_t count, BlockCount());
  if (count == 0) return GoToBlock(count, false);
  AETERNUS_ASSIGN_OR_RETURN(const TableBlocks::Pinned<IndexReader> index, blocks_->Index());
  const size_t block = index.view.FindBlock(key);
  if (block == count) return GoToBlock(count - 1, /*at_its_last_entry=*/true);
  AETERNUS_RETURN_IF_ERROR(EnterBlock(block));
  // kMaxLsn: in front of every version of `key`.
  const size_t entry = block_->view.LowerBound(key, kMaxLsn);
  if (entry > 0) {
    ShowUpTo(entry);
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
  at_its_last_entry ? ShowUpTo(block_->view.entry_count()) : ShowFrom(0);
  return absl::OkStatus();
}

absl::Status TableIterator::EnterBlock(size_t block) {
  if (block_.has_value() && block_number_ == block) return absl::OkStatus();
  block_.reset();
  AETERNUS_ASSIGN_OR_RETURN(block_, blocks_->Block(block));
  block_number_ = block;
  return absl::OkStatus();
}

absl::StatusOr<size_t> TableIterator::BlockCount() {
  AETERNUS_ASSIGN_OR_RETURN(const TableFile* file, blocks_->File());
  return file->footer().data_block_count;
}

void TableIterator::ShowFrom(size_t first) {
  EntryView* const begin = entries_.begin();
  first_ = first;
  end_ = Decode<true>(first, std::min(block_->view.entry_count(), first + window_size_), begin);
  GrowWindow();
  SetWindow(begin, begin, begin + (end_ - first_));
}

void TableIterator::ShowUpTo(size_t end) {
  EntryView* const behind = entries_.end();
  first_ = Decode<false>(end, end - std::min(end, window_size_), behind);
  end_ = end;
  GrowWindow();
  SetWindow(behind - (end_ - first_), behind - 1, behind);
}

template <bool kForward>
size_t TableIterator::Decode(size_t from, size_t limit, EntryView* out) {
  const BlockReader block = block_->view;  // a copy of this function's own, which no store to a key could change
  const size_t prefix_size = block.common_prefix().size();
  const size_t first_key_size = prefix_size + block.entry(kForward ? from : from - 1).key_suffix.size();
  if (keys_capacity_ < first_key_size + BlockReader::kKeySlackBytes) {
    keys_capacity_ = std::max(kKeysSizeBytes, first_key_size + BlockReader::kKeySlackBytes);
    keys_ = std::make_unique_for_overwrite<char[]>(keys_capacity_);
  }
  char* key = keys_.get();
  size_t room = keys_capacity_ - BlockReader::kKeySlackBytes;
  size_t at = from;
  while (at != limit) {
    const BlockReader::Entry entry = block.entry(kForward ? at : at - 1);
    const size_t key_size = prefix_size + entry.key_suffix.size();
    if (key_size > room) [[unlikely]]
      break;
    block.CopyKey(entry, key);
    std::construct_at(kForward ? out++ : --out,
                      EntryView{.key = {key, key_size}, .lsn = entry.lsn, .kind = entry.kind, .value = entry.value});
    key += key_size;
    room -= key_size;
    kForward ? ++at : --at;
  }
  return at;
}

void TableIterator::GrowWindow() { window_size_ = std::min(window_size_ * kWindowGrowth, kWindowMax); }

void TableIterator::Conclude(absl::Status status) {
  if (status.ok()) {
    ClearStatus();
  } else {
    SetError(std::move(status));
  }
}

}  // namespace aeternus::sstable
