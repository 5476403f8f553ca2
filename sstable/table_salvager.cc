#include "sstable/table_salvager.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "base/hash.h"
#include "base/key_order.h"
#include "base/status.h"
#include "sstable/block_layout.h"
#include "sstable/block_search.h"
#include "sstable/index_block.h"
#include "sstable/properties.h"
#include "sstable/tombstone_block.h"

namespace aeternus::sstable {
namespace {

// A search gives up when blocks that were none cover the file this many times: then its values were made to look like
// blocks.
constexpr uint64_t kMaxMismatchPerByte = 64;

// What Verify asks of the entries of one block, beyond what reading them in bounds needs.
absl::Status CheckEntries(const BlockReader& block, const std::string& path, uint64_t offset) {
  std::string previous;
  Lsn previous_lsn;
  for (size_t i = 0; i < block.entry_count(); ++i) {
    std::string key = block.Key(i);
    const Lsn lsn = block.entry(i).lsn;
    const bool is_in_order = i == 0 || CompareEntries(previous, previous_lsn, key, lsn) < 0;
    if (key.empty() || !is_in_order || block.tag(i) != TagOf(StableHash(key))) {
      return CorruptionError(path, offset, "entry ", i, " of a data block is out of order or has a wrong tag");
    }
    previous = std::move(key);
    previous_lsn = lsn;
  }
  return absl::OkStatus();
}

}  // namespace

// The good blocks one after the other.
class TableSalvager::BlockIterator final : public EntryIterator {
 public:
  explicit BlockIterator(std::shared_ptr<const TableSalvager> table) : table_(std::move(table)) {}

  void SeekToFirst() override {
    GoTo(0, [](const BlockReader&) { return size_t{0}; });
  }
  void SeekToLast() override { GoToLastOf(table_->blocks_.size()); }
  void Seek(std::string_view key, Lsn lsn) override {
    const auto& blocks = table_->blocks_;
    const auto at = std::partition_point(blocks.begin(), blocks.end(), [&](const GoodBlock& block) {
      return CompareEntries(block.last_key, block.last_lsn, key, lsn) < 0;
    });
    GoTo(static_cast<size_t>(at - blocks.begin()), [&](const BlockReader& b) { return b.LowerBound(key, lsn); });
  }
  void SeekBefore(std::string_view key) override {
    Seek(key, kMaxLsn);
    if (Valid()) return Prev();
    if (status().ok()) SeekToLast();
  }
  void NextWindow() override {
    if (entry_ + 1 < block_.entry_count()) return Show(entry_ + 1);
    GoTo(number_ + 1, [](const BlockReader&) { return size_t{0}; });
  }
  void PrevWindow() override {
    if (entry_ > 0) return Show(entry_ - 1);
    GoToLastOf(number_);
  }

 private:
  // The last entry in front of block `number`.
  void GoToLastOf(size_t number) {
    if (number == 0) return SetEnd();
    GoTo(number - 1, [](const BlockReader& block) { return block.entry_count() - 1; });
  }
  template <typename Find>
  void GoTo(size_t number, Find find) {
    ClearStatus();
    if (number >= table_->blocks_.size()) return SetEnd();
    if (number != number_) {
      number_ = SIZE_MAX;
      absl::StatusOr<std::string> bytes = table_->ReadBlock(table_->blocks_[number].handle);
      if (!bytes.ok()) return SetError(bytes.status());
      bytes_ = *std::move(bytes);
      block_ = BlockReader(bytes_);
      number_ = number;
    }
    Show(find(block_));
  }
  void Show(size_t entry) {
    entry_ = entry;
    key_ = block_.Key(entry);
    const BlockReader::Entry at = block_.entry(entry);
    SetEntry({.key = key_, .lsn = at.lsn, .kind = at.kind, .value = at.value});
  }

  const std::shared_ptr<const TableSalvager> table_;
  size_t number_ = SIZE_MAX;
  size_t entry_ = 0;
  std::string bytes_;
  BlockReader block_;
  std::string key_;
};

absl::StatusOr<std::shared_ptr<const TableSalvager>> TableSalvager::Survey(
    env::FileSystem* file_system, const std::string& path, FileNumber number, DatabaseId database,
    std::optional<uint64_t> expected_size_bytes) {
  std::shared_ptr<TableSalvager> table(new TableSalvager(file_system, path, number));
  AETERNUS_RETURN_IF_ERROR(table->Run(database, expected_size_bytes));
  return table;
}

std::unique_ptr<EntryIterator> TableSalvager::NewIterator() const {
  return std::make_unique<BlockIterator>(shared_from_this());
}

absl::Status TableSalvager::Run(DatabaseId database, std::optional<uint64_t> expected_size_bytes) {
  AETERNUS_ASSIGN_OR_RETURN(file_, file_system_->NewRandomAccessFile(path_));
  AETERNUS_ASSIGN_OR_RETURN(size_bytes_, file_->Size());
  std::string bytes(std::min<uint64_t>(kFooterSizeBytes, size_bytes_), '\0');
  const absl::Status read = file_->Read(size_bytes_ - bytes.size(), absl::MakeSpan(bytes));
  const absl::StatusOr<Footer> footer =
      read.ok() ? DecodeFooter(bytes, path_, size_bytes_) : absl::StatusOr<Footer>(read);
  if (absl::IsUnimplemented(footer.status())) return footer.status();
  if (footer.ok() && (footer->identity.database_id != database || footer->identity.number != number_)) {
    return absl::FailedPreconditionError(absl::StrCat(path_, " is table ", footer->identity.number, " of database ",
                                                      footer->identity.database_id, ", expected table ", number_,
                                                      " of database ", database));
  }
  if (!footer.ok()) {
    SurveyBySearch(size_bytes_, absl::StrCat("no data block was found; the footer: ", footer.status().message()));
    SearchTombstones();
    if (expected_size_bytes.value_or(0) > size_bytes_) {
      Lose(size_bytes_, *expected_size_bytes - size_bytes_, true, "the file is cut short");
    }
    FinishLost();
    return absl::OkStatus();
  }
  ReadPropertiesAt(footer->properties);
  if (footer->tombstones.present()) ReadTombstonesAt(footer->tombstones);
  if (footer->data_block_count > 0) {
    if (const auto filter = ReadBlock(footer->filter); !filter.ok()) {
      Lose(footer->filter.offset, footer->filter.size_with_trailer(), false,
           absl::StrCat("the filter: ", filter.status().message()));
    }
    absl::StatusOr<std::string> index = ReadBlock(footer->index);
    const absl::Status validity =
        index.ok() ? IndexReader::Validate(*index, *footer, path_, footer->index.offset) : index.status();
    if (validity.ok()) {
      SurveyByIndex(*index);
    } else {
      Lose(footer->index.offset, footer->index.size_with_trailer(), false,
           absl::StrCat("the index: ", validity.message()));
      SurveyBySearch(footer->data_end(), "no data block was found");
    }
  }
  FinishLost();
  return absl::OkStatus();
}

void TableSalvager::SurveyByIndex(const std::string& validated_index) {
  const IndexReader index(validated_index);
  for (size_t i = 0; i < index.block_count(); ++i) {
    const BlockHandle handle = index.block(i);
    if (const absl::Status status = TakeDataBlock(handle); !status.ok()) {
      Lose(handle.offset, handle.size_with_trailer(), true, absl::StrCat("a data block: ", status.message()));
    }
  }
}

void TableSalvager::SurveyBySearch(uint64_t end, std::string why) {
  BlockSearch search(file_.get(), BlockSearch::Kind::kData, 0, end);
  uint64_t good_end = 0;
  uint64_t mismatched_bytes = 0;
  while (mismatched_bytes / kMaxMismatchPerByte <= size_bytes_) {
    const absl::StatusOr<std::optional<BlockHandle>> found = search.Next();
    if (!found.ok()) why = std::string(found.status().message());
    if (!found.ok() || !found->has_value()) break;
    const BlockHandle& handle = **found;
    if (!TakeDataBlock(handle).ok()) {
      mismatched_bytes += handle.size_with_trailer();
      continue;
    }
    if (handle.offset > good_end) Lose(good_end, handle.offset - good_end, true, why);
    good_end = handle.end();
    search.Accept(handle);
  }
  if (good_end < end) Lose(good_end, end - good_end, true, why);
}

void TableSalvager::SearchTombstones() {
  uint64_t begin = 0;
  for (const GoodBlock& block : blocks_) begin = std::max(begin, block.handle.end());
  BlockSearch search(file_.get(), BlockSearch::Kind::kAny, begin, size_bytes_);
  uint64_t mismatched_bytes = 0;
  std::vector<RangeTombstone> tombstones;
  while (mismatched_bytes / kMaxMismatchPerByte <= size_bytes_) {
    const absl::StatusOr<std::optional<BlockHandle>> found = search.Next();
    if (!found.ok() || !found->has_value()) break;
    const BlockHandle& handle = **found;
    const absl::StatusOr<std::string> block = ReadBlock(handle);
    if (!block.ok()) {
      mismatched_bytes += handle.size_with_trailer();
      continue;
    }
    search.Accept(handle);
    if (auto decoded = DecodeTombstones(*block, path_, handle.offset); decoded.ok()) tombstones = *std::move(decoded);
    if (DecodeProperties(*block, path_, handle.offset).ok()) ReadPropertiesAt(handle);
  }
  // What the properties deny was something else.
  if (written_tombstone_count_.has_value() && *written_tombstone_count_ != tombstones.size()) tombstones.clear();
  may_lack_tombstones_ = tombstones.empty() && written_tombstone_count_.value_or(1) != 0;
  tombstones_ = std::make_shared<FragmentedTombstones>(FragmentedTombstones::Build(std::move(tombstones)));
}

void TableSalvager::ReadTombstonesAt(const BlockHandle& handle) {
  const absl::StatusOr<std::string> block = ReadBlock(handle);
  const absl::StatusOr<std::vector<RangeTombstone>> tombstones =
      block.ok() ? DecodeTombstones(*block, path_, handle.offset) : block.status();
  if (!tombstones.ok()) {
    may_lack_tombstones_ = true;
    return Lose(handle.offset, handle.size_with_trailer(), false,
                absl::StrCat("the range tombstones: ", tombstones.status().message()));
  }
  tombstones_ = std::make_shared<FragmentedTombstones>(FragmentedTombstones::Build(*tombstones));
}

void TableSalvager::ReadPropertiesAt(const BlockHandle& handle) {
  const absl::StatusOr<std::string> block = ReadBlock(handle);
  const absl::StatusOr<Properties> properties =
      block.ok() ? DecodeProperties(*block, path_, handle.offset) : block.status();
  if (!properties.ok()) {
    return Lose(handle.offset, handle.size_with_trailer(), false,
                absl::StrCat("the properties: ", properties.status().message()));
  }
  const auto puts = ReadNumberProperty(*properties, kPutCountProperty, path_);
  const auto deletes = ReadNumberProperty(*properties, kDeleteCountProperty, path_);
  if (puts.ok() && deletes.ok()) written_point_count_ = *puts + *deletes;
  const auto ranges = ReadNumberProperty(*properties, kRangeTombstoneCountProperty, path_);
  if (ranges.ok()) written_tombstone_count_ = *ranges;
}

absl::StatusOr<std::string> TableSalvager::ReadBlock(const BlockHandle& handle) const {
  if (handle.offset > size_bytes_ || handle.size_with_trailer() > size_bytes_ - handle.offset) {
    return CorruptionError(path_, handle.offset, "a block of ", handle.stored_size, " bytes ends behind the file");
  }
  std::string bytes(handle.size_with_trailer(), '\0');
  AETERNUS_RETURN_IF_ERROR(file_->Read(handle.offset, absl::MakeSpan(bytes)));
  AETERNUS_RETURN_IF_ERROR(VerifyBlock(bytes, handle.offset, number_, path_));
  bytes.resize(handle.stored_size);
  return bytes;
}

absl::Status TableSalvager::TakeDataBlock(const BlockHandle& handle) {
  AETERNUS_ASSIGN_OR_RETURN(const std::string bytes, ReadBlock(handle));
  AETERNUS_RETURN_IF_ERROR(BlockReader::Validate(bytes, path_, handle.offset));
  const BlockReader block(bytes);
  AETERNUS_RETURN_IF_ERROR(CheckEntries(block, path_, handle.offset));
  const size_t last = block.entry_count() - 1;
  GoodBlock good{
      .handle = handle, .first_key = block.Key(0), .last_key = block.Key(last), .last_lsn = block.entry(last).lsn};
  if (!blocks_.empty() &&
      CompareEntries(blocks_.back().last_key, blocks_.back().last_lsn, good.first_key, block.entry(0).lsn) >= 0) {
    return CorruptionError(path_, handle.offset, "the block is out of order");
  }
  point_count_ += block.entry_count();
  blocks_.push_back(std::move(good));
  return absl::OkStatus();
}

void TableSalvager::Lose(uint64_t offset, uint64_t size_bytes, bool may_hold_entries, std::string what) {
  lost_.push_back(
      {.offset = offset, .size_bytes = size_bytes, .what = std::move(what), .may_hold_entries = may_hold_entries});
}

void TableSalvager::FinishLost() {
  std::sort(lost_.begin(), lost_.end(), [](const auto& a, const auto& b) { return a.offset < b.offset; });
  std::vector<LostStretch> joined;
  for (LostStretch& lost : lost_) {
    LostStretch* const last = joined.empty() ? nullptr : &joined.back();
    if (last != nullptr && last->may_hold_entries && lost.may_hold_entries &&
        last->offset + last->size_bytes == lost.offset) {
      last->size_bytes += lost.size_bytes;
    } else {
      joined.push_back(std::move(lost));
    }
  }
  for (LostStretch& lost : joined) {
    if (!lost.may_hold_entries) continue;
    const auto behind = std::partition_point(blocks_.begin(), blocks_.end(),
                                             [&](const GoodBlock& block) { return block.handle.offset < lost.offset; });
    if (behind != blocks_.begin()) lost.after = std::prev(behind)->last_key;
    if (behind != blocks_.end()) lost.before = behind->first_key;
  }
  lost_ = std::move(joined);
}

}  // namespace aeternus::sstable
