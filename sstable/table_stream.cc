#include "sstable/table_stream.h"

#include <algorithm>
#include <utility>

#include "absl/types/span.h"
#include "base/status.h"
#include "sstable/table_file.h"

namespace aeternus::sstable {
namespace {

// Read at once: some sixteen blocks of the default size, so that a call of the system costs little for each entry, and
// what was read is still near when it is decoded. A larger block is read alone.
constexpr size_t kStretchSizeBytes = size_t{64} << 10;

absl::Status ForwardOnlyError() { return absl::UnimplementedError("a stream of a table only goes forward"); }

}  // namespace

TableStream::TableStream(std::shared_ptr<const void> table, TableBlocks* blocks)
    : table_(std::move(table)), blocks_(blocks) {}

TableStream::~TableStream() { blocks_->cache()->budget()->Release(charged_bytes_); }

void TableStream::SeekToFirst() {
  ClearStatus();
  if (absl::Status status = Begin(); !status.ok()) SetError(std::move(status));
}

void TableStream::NextWindow() {
  if (window_end_entry_ < block_.entry_count()) return ShowFrom(window_end_entry_);
  if (absl::Status status = GoToBlock(block_number_ + 1); !status.ok()) SetError(std::move(status));
}

void TableStream::SeekToLast() { SetError(ForwardOnlyError()); }
void TableStream::Seek(std::string_view, Lsn) { SetError(ForwardOnlyError()); }
void TableStream::SeekBefore(std::string_view) { SetError(ForwardOnlyError()); }
void TableStream::PrevWindow() { SetError(ForwardOnlyError()); }

absl::Status TableStream::Begin() {
  AETERNUS_ASSIGN_OR_RETURN(file_, blocks_->File());
  block_count_ = file_->footer().data_block_count;
  if (block_count_ > 0 && !index_.has_value()) {
    AETERNUS_ASSIGN_OR_RETURN(index_, blocks_->Index());
  }
  return GoToBlock(0);
}

absl::Status TableStream::GoToBlock(size_t number) {
  if (number >= block_count_) {
    SetEnd();
    return absl::OkStatus();
  }
  const BlockHandle handle = index_->view.block(number);
  std::string_view bytes;
  AETERNUS_RETURN_IF_ERROR(FindBlock(number, &bytes));
  AETERNUS_RETURN_IF_ERROR(file_->CheckBlock(handle, bytes));
  const std::string_view stored = bytes.substr(0, handle.stored_size);
  AETERNUS_RETURN_IF_ERROR(BlockReader::Validate(stored, file_->path(), handle.offset));
  block_ = BlockReader(stored);
  block_number_ = number;
  ShowFrom(0);
  return absl::OkStatus();
}

absl::Status TableStream::FindBlock(size_t number, std::string_view* stored_and_trailer) {
  const BlockHandle handle = index_->view.block(number);
  const auto is_there = [&] {
    return handle.offset >= stretch_offset_ &&
           handle.offset + handle.size_with_trailer() <= stretch_offset_ + stretch_size_;
  };
  if (!is_there()) AETERNUS_RETURN_IF_ERROR(ReadStretch(number));
  *stored_and_trailer = {stretch_.get() + (handle.offset - stretch_offset_), handle.size_with_trailer()};
  return absl::OkStatus();
}

absl::Status TableStream::ReadStretch(size_t number) {
  const BlockHandle first = index_->view.block(number);
  uint64_t size = first.size_with_trailer();
  for (size_t next = number + 1; next < block_count_; ++next) {  // they lie one behind the other
    const uint64_t with_next = size + index_->view.block(next).size_with_trailer();
    if (with_next > kStretchSizeBytes) break;
    size = with_next;
  }
  return ReadInto(first, size);  // an error is told, not tried again: whoever reads all needs what lies behind, too
}

absl::Status TableStream::ReadInto(const BlockHandle& first, uint64_t size) {
  stretch_size_ = 0;
  if (stretch_capacity_ < size || stretch_capacity_ > kStretchSizeBytes) {
    const size_t capacity = std::max<size_t>(size, kStretchSizeBytes);
    Charge(capacity);
    stretch_ = std::make_unique_for_overwrite<char[]>(capacity);
    stretch_capacity_ = capacity;
  }
  AETERNUS_RETURN_IF_ERROR(file_->ReadRaw(first.offset, absl::MakeSpan(stretch_.get(), size)));
  stretch_offset_ = first.offset;
  stretch_size_ = size;
  return absl::OkStatus();
}

void TableStream::Charge(size_t bytes) {
  blocks_->cache()->budget()->Charge(bytes);
  blocks_->cache()->budget()->Release(charged_bytes_);
  charged_bytes_ = bytes;
  blocks_->cache()->MakeRoom();
}

void TableStream::ShowFrom(size_t first) {
  EntryView* const begin = entries_.begin();
  const size_t limit = std::min(block_.entry_count(), first + kWindowMax);
  window_end_entry_ = decoder_.Decode<true>(block_, first, limit, begin);
  SetWindow(begin, begin, begin + (window_end_entry_ - first));
}

}  // namespace aeternus::sstable
