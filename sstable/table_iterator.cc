#include "sstable/table_iterator.h"

#include <cstring>
#include <utility>

#include "base/status.h"

namespace aeternus::sstable {

void TableIterator::SeekToFirst() { Conclude(GoToEnd(/*last=*/false)); }
void TableIterator::SeekToLast() { Conclude(GoToEnd(/*last=*/true)); }
void TableIterator::Seek(std::string_view key, Lsn lsn) { Conclude(GoTo(key, lsn)); }
void TableIterator::SeekBefore(std::string_view key) { Conclude(GoBefore(key)); }

void TableIterator::Next() {
  if (entry_number_ + 1 < block_->view.entry_count()) return Show(entry_number_ + 1);
  Conclude(GoToBlock(block_number_ + 1, /*at_its_last_entry=*/false));
}

void TableIterator::Prev() {
  if (entry_number_ > 0) return Show(entry_number_ - 1);
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
  Show(entry);
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
    Show(entry - 1);
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
  Show(at_its_last_entry ? block_->view.entry_count() - 1 : 0);
  return absl::OkStatus();
}

absl::Status TableIterator::EnterBlock(size_t block) {
  if (block_.has_value() && block_number_ == block) return absl::OkStatus();
  block_.reset();
  AETERNUS_ASSIGN_OR_RETURN(block_, blocks_->Block(block));
  block_number_ = block;
  key_has_prefix_ = false;
  return absl::OkStatus();
}

absl::StatusOr<size_t> TableIterator::BlockCount() {
  AETERNUS_ASSIGN_OR_RETURN(const TableFile* file, blocks_->File());
  return file->footer().data_block_count;
}

void TableIterator::Show(size_t entry) {
  entry_number_ = entry;
  const BlockReader::Entry at = block_->view.entry(entry);
  const std::string_view prefix = block_->view.common_prefix();
  const size_t key_size = prefix.size() + at.key_suffix.size();
  if (key_.size() < key_size) key_.resize(key_size);  // never shrinks: a step is one small copy
  if (!key_has_prefix_) {
    key_.replace(0, prefix.size(), prefix);
    key_has_prefix_ = true;
  }
  std::memcpy(key_.data() + prefix.size(), at.key_suffix.data(), at.key_suffix.size());
  SetEntry({.key = {key_.data(), key_size}, .lsn = at.lsn, .kind = at.kind, .value = at.value});
}

void TableIterator::Conclude(absl::Status status) {
  if (status.ok()) {
    ClearStatus();
  } else {
    SetError(std::move(status));
  }
}

}  // namespace aeternus::sstable
