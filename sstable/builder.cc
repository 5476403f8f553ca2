#include "sstable/builder.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "base/crc32c.h"
#include "base/hash.h"
#include "base/key_order.h"
#include "base/planted_bug.h"
#include "base/status.h"
#include "bloom/filter.h"
#include "iterator/fragmented_tombstones.h"
#include "sstable/block_builder.h"
#include "sstable/format.h"
#include "sstable/index_block.h"
#include "sstable/properties.h"
#include "sstable/tombstone_block.h"

namespace aeternus::sstable {
namespace {

constexpr char kWriterName[] = "aeternus 1";
constexpr char kNoCodecName[] = "none";

// Small blocks are gathered into writes of this size.
constexpr size_t kWriteSizeBytes = 128 << 10;

// The file under construction: appends, and keeps count and checksum of what was appended.
class Output {
 public:
  explicit Output(std::unique_ptr<env::WritableFile> file) : file_(std::move(file)) {}

  uint64_t size() const { return written_bytes_ + buffer_.size(); }
  // Of everything that was appended.
  uint32_t checksum() const { return checksum_; }

  absl::Status Append(std::string_view bytes) {
    checksum_ = ExtendCrc32c(checksum_, bytes);
    return AppendBytes(bytes);
  }
  // The same for a block whose checksum is known: it is not summed up once more.
  absl::Status Append(std::string_view block, uint32_t checksum) {
    AddChecksum(block.size(), checksum);
    return AppendBytes(block);
  }
  // The end of the file, to which up to `n` bytes may be appended directly; null when that is too much for it.
  absl::StatusOr<std::string*> Room(size_t n) {
    if (buffer_.size() + n > kWriteSizeBytes) AETERNUS_RETURN_IF_ERROR(Flush());
    return n > kWriteSizeBytes ? nullptr : &buffer_;
  }
  // Counts `size` bytes of that checksum that were appended to Room.
  void AddChecksum(size_t size, uint32_t checksum) { checksum_ = ConcatCrc32c(checksum_, checksum, size); }
  absl::Status SyncAndClose() {
    AETERNUS_RETURN_IF_ERROR(Flush());
    AETERNUS_RETURN_IF_ERROR(file_->Sync());
    return file_->Close();
  }

 private:
  absl::Status AppendBytes(std::string_view bytes) {
    if (buffer_.size() + bytes.size() > kWriteSizeBytes) AETERNUS_RETURN_IF_ERROR(Flush());
    if (bytes.size() > kWriteSizeBytes) return Write(bytes);  // a large value is not copied once more
    buffer_.append(bytes);
    return absl::OkStatus();
  }
  absl::Status Flush() {
    if (buffer_.empty()) return absl::OkStatus();
    AETERNUS_RETURN_IF_ERROR(Write(buffer_));
    buffer_.clear();
    return absl::OkStatus();
  }
  absl::Status Write(std::string_view bytes) {
    AETERNUS_RETURN_IF_ERROR(file_->Append(bytes));
    written_bytes_ += bytes.size();
    return absl::OkStatus();
  }

  const std::unique_ptr<env::WritableFile> file_;
  std::string buffer_;
  uint64_t written_bytes_ = 0;
  uint32_t checksum_ = Crc32c("");
};

// Widens the bounds of `summary`, so far those of its points, by range tombstones.
void CoverTombstones(const std::vector<RangeTombstone>& tombstones, bool has_points, TableSummary* summary) {
  summary->range_tombstone_count = tombstones.size();
  if (tombstones.empty()) return;
  const auto by_lsn = [](const RangeTombstone& a, const RangeTombstone& b) { return a.lsn < b.lsn; };
  const auto [min, max] = std::minmax_element(tombstones.begin(), tombstones.end(), by_lsn);
  summary->min_range_lsn = min->lsn;
  summary->max_range_lsn = max->lsn;
  if (has_points && IsPlanted(PlantedBug::kTombstonesOutsideBounds)) return;
  // Fragments do not overlap: the first has the least start, the last the greatest end.
  const RangeTombstone& first = tombstones.front();
  const RangeTombstone& last = tombstones.back();
  if (!has_points || first.start < summary->smallest) summary->smallest = first.start;
  if (!has_points || !last.end.has_value() || *last.end > *summary->largest) {
    summary->largest = last.end;
    summary->largest_is_exclusive = last.end.has_value();
  }
}

}  // namespace

struct Builder::Impl {
  Impl(std::unique_ptr<env::WritableFile> file, const FileIdentity& identity, const BuilderOptions& options)
      : identity(identity), options(options), out(std::move(file)), filter(options.filter_bits_per_key) {}

  absl::Status CheckEntry(const EntryView& entry) const;
  absl::Status Add(const EntryView& entry);
  absl::Status AddTombstone(const RangeTombstone& tombstone);
  absl::StatusOr<TableSummary> Finish();

  std::string_view last_key() const { return block.last_key(); }
  bool has_points() const { return summary.put_count + summary.delete_count > 0; }
  void CountPoint(const EntryView& entry);
  absl::Status FinishDataBlock(std::string_view separator);
  absl::StatusOr<BlockHandle> WriteBlock(std::string_view bytes);
  std::string PropertiesBlock() const;

  const FileIdentity identity;
  const BuilderOptions options;
  absl::Status status;  // the first error; nothing is written after it
  Output out;
  BlockBuilder block;
  IndexBuilder index;
  bloom::FilterBuilder filter;
  std::vector<RangeTombstone> tombstones;
  TableSummary summary;
  Lsn last_lsn;
};

absl::Status Builder::Impl::CheckEntry(const EntryView& entry) const {
  if (entry.kind != EntryKind::kPut && entry.kind != EntryKind::kDelete) {
    return absl::InternalError(absl::StrCat("entry of kind ", static_cast<int>(entry.kind), " added to a table"));
  }
  if (entry.key.size() > kMaxKeySizeBytes || entry.value.size() > kMaxValueSizeBytes || entry.lsn > kMaxLsn) {
    return absl::InternalError(absl::StrCat("entry beyond the limits of the format: key of ", entry.key.size(),
                                            " bytes, value of ", entry.value.size(), " bytes, LSN ", entry.lsn));
  }
  if (has_points() && CompareEntries(last_key(), last_lsn, entry.key, entry.lsn) >= 0) {
    return absl::InternalError(absl::StrCat("entries added out of order: \"", absl::CHexEscape(entry.key), "\" at LSN ",
                                            entry.lsn, " behind \"", absl::CHexEscape(last_key()), "\" at LSN ",
                                            last_lsn));
  }
  return absl::OkStatus();
}

absl::Status Builder::Impl::Add(const EntryView& entry) {
  AETERNUS_RETURN_IF_ERROR(CheckEntry(entry));
  const uint64_t hash = StableHash(entry.key);
  if (!block.AddWithin(options.block_size_bytes, entry, hash)) {
    if (entry.key == last_key()) {
      AETERNUS_RETURN_IF_ERROR(FinishDataBlock(last_key()));
    } else {
      AETERNUS_RETURN_IF_ERROR(FinishDataBlock(ShortestSeparator(last_key(), entry.key)));
    }
    block.Add(entry, hash);
  }
  filter.Add(hash);
  CountPoint(entry);
  last_lsn = entry.lsn;
  return absl::OkStatus();
}

void Builder::Impl::CountPoint(const EntryView& entry) {
  if (!has_points()) {
    summary.smallest = entry.key;
    summary.min_point_lsn = summary.max_point_lsn = entry.lsn;
  }
  (entry.kind == EntryKind::kPut ? summary.put_count : summary.delete_count) += 1;
  summary.raw_key_bytes += entry.key.size();
  summary.raw_value_bytes += entry.value.size();
  summary.min_point_lsn = std::min(summary.min_point_lsn, entry.lsn);
  summary.max_point_lsn = std::max(summary.max_point_lsn, entry.lsn);
}

absl::Status Builder::Impl::AddTombstone(const RangeTombstone& tombstone) {
  if (tombstone.end.has_value() && tombstone.start >= *tombstone.end) {
    return absl::InternalError("empty range tombstone added to a table");
  }
  tombstones.push_back(tombstone);
  return absl::OkStatus();
}

absl::Status Builder::Impl::FinishDataBlock(std::string_view separator) {
  const uint64_t offset = out.size();
  AETERNUS_ASSIGN_OR_RETURN(std::string* const room, out.Room(block.size_bound() + kBlockTrailerSizeBytes));
  if (room == nullptr) {
    std::string encoded;
    block.Finish(&encoded);
    AETERNUS_RETURN_IF_ERROR(WriteBlock(encoded).status());
  } else {
    const size_t begin = room->size();
    block.Finish(room);
    const std::string_view encoded = std::string_view(*room).substr(begin);
    const uint32_t checksum = Crc32c(encoded);
    out.AddChecksum(encoded.size(), checksum);
    AETERNUS_RETURN_IF_ERROR(out.Append(EncodeBlockTrailer(encoded, checksum, offset, identity.number)));
  }
  index.Add(offset, separator);
  return absl::OkStatus();
}

absl::StatusOr<BlockHandle> Builder::Impl::WriteBlock(std::string_view bytes) {
  if (bytes.size() > kMaxBlockSizeBytes) {
    return absl::ResourceExhaustedError(absl::StrCat("a block of ", bytes.size(), " bytes is too large for a table"));
  }
  const BlockHandle handle{.offset = out.size(), .stored_size = bytes.size()};
  const uint32_t checksum = Crc32c(bytes);
  AETERNUS_RETURN_IF_ERROR(out.Append(bytes, checksum));
  AETERNUS_RETURN_IF_ERROR(out.Append(EncodeBlockTrailer(bytes, checksum, handle.offset, identity.number)));
  return handle;
}

std::string Builder::Impl::PropertiesBlock() const {
  Properties properties = {
      {kWriterProperty, kWriterName},
      {kCodecProperty, kNoCodecName},
      {kPutCountProperty, NumberProperty(summary.put_count)},
      {kDeleteCountProperty, NumberProperty(summary.delete_count)},
      {kRangeTombstoneCountProperty, NumberProperty(summary.range_tombstone_count)},
      {kRawKeyBytesProperty, NumberProperty(summary.raw_key_bytes)},
      {kRawValueBytesProperty, NumberProperty(summary.raw_value_bytes)},
      {kCreationTimeProperty, NumberProperty(static_cast<uint64_t>(summary.creation_time_micros))},
      {kOldestTombstoneTimeProperty, NumberProperty(static_cast<uint64_t>(summary.oldest_tombstone_time_micros))},
  };
  if (has_points()) {
    properties[kFilterProperty] = bloom::kFilterName;
    properties[kFilterMillibitsProperty] =
        NumberProperty(static_cast<uint64_t>(std::llround(1000 * options.filter_bits_per_key)));
    properties[kHashProperty] = kHashName;
  }
  return EncodeProperties(properties);
}

absl::StatusOr<TableSummary> Builder::Impl::Finish() {
  if (!has_points() && tombstones.empty()) return absl::InvalidArgumentError("a table without entries");
  Footer footer;
  footer.identity = identity;
  if (has_points()) {
    AETERNUS_RETURN_IF_ERROR(FinishDataBlock(last_key()));
    footer.data_block_count = index.block_count();
    AETERNUS_ASSIGN_OR_RETURN(footer.filter, WriteBlock(filter.Finish()));
    summary.largest = last_key();
  }
  const uint64_t data_end = has_points() ? footer.filter.offset : 0;
  const std::vector<RangeTombstone> fragments = FragmentedTombstones::Build(std::move(tombstones)).ToTombstones();
  CoverTombstones(fragments, has_points(), &summary);
  if (!fragments.empty()) {
    AETERNUS_ASSIGN_OR_RETURN(footer.tombstones, WriteBlock(EncodeTombstones(fragments)));
  }
  if (has_points()) {
    AETERNUS_ASSIGN_OR_RETURN(const std::string index_block, index.Finish(data_end));
    AETERNUS_ASSIGN_OR_RETURN(footer.index, WriteBlock(index_block));
  }
  summary.creation_time_micros = options.creation_time_micros;
  if (summary.delete_count + summary.range_tombstone_count > 0) {
    summary.oldest_tombstone_time_micros =
        options.oldest_tombstone_time_micros != 0 ? options.oldest_tombstone_time_micros : options.creation_time_micros;
  }
  AETERNUS_ASSIGN_OR_RETURN(footer.properties, WriteBlock(PropertiesBlock()));
  AETERNUS_RETURN_IF_ERROR(out.Append(EncodeFooter(footer)));
  AETERNUS_RETURN_IF_ERROR(out.SyncAndClose());
  summary.size_bytes = out.size();
  summary.checksum = out.checksum();
  return summary;
}

absl::StatusOr<std::unique_ptr<Builder>> Builder::Create(env::FileSystem* file_system, const std::string& path,
                                                         const FileIdentity& identity, const BuilderOptions& options) {
  AETERNUS_ASSIGN_OR_RETURN(auto file, file_system->NewWritableFile(path));
  return std::unique_ptr<Builder>(new Builder(std::make_unique<Impl>(std::move(file), identity, options)));
}

Builder::Builder(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Builder::~Builder() = default;

absl::Status Builder::Add(const EntryView& entry) {
  if (impl_->status.ok()) impl_->status = impl_->Add(entry);
  return impl_->status;
}

absl::Status Builder::AddTombstone(const RangeTombstone& tombstone) {
  if (impl_->status.ok()) impl_->status = impl_->AddTombstone(tombstone);
  return impl_->status;
}

uint64_t Builder::entry_count() const {
  return impl_->summary.put_count + impl_->summary.delete_count + impl_->tombstones.size();
}

absl::StatusOr<TableSummary> Builder::Finish() {
  AETERNUS_RETURN_IF_ERROR(impl_->status);
  absl::StatusOr<TableSummary> summary = impl_->Finish();
  impl_->status = summary.ok() ? absl::FailedPreconditionError("the table is finished") : summary.status();
  return summary;
}

}  // namespace aeternus::sstable
