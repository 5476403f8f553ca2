#include "sstable/table_verifier.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "base/crc32c.h"
#include "base/hash.h"
#include "base/key_order.h"
#include "base/status.h"
#include "sstable/properties.h"
#include "sstable/tombstone_block.h"

namespace aeternus::sstable {

absl::Status TableVerifier::Verify(const TableParams& params, std::optional<uint32_t> expected_checksum) {
  AETERNUS_ASSIGN_OR_RETURN(const std::unique_ptr<TableFile> file, TableFile::Open(params));
  TableVerifier verifier(file.get());
  AETERNUS_RETURN_IF_ERROR(verifier.VerifyData());
  AETERNUS_RETURN_IF_ERROR(verifier.VerifyTombstones());
  AETERNUS_RETURN_IF_ERROR(verifier.VerifyCounts());
  if (!expected_checksum.has_value()) return absl::OkStatus();
  return verifier.VerifyChecksum(params.size_bytes, *expected_checksum);
}

absl::Status TableVerifier::VerifyData() {
  const Footer& footer = file_.footer();
  if (footer.data_block_count == 0) return absl::OkStatus();
  AETERNUS_ASSIGN_OR_RETURN(const std::string filter_bytes, file_.ReadBlock(footer.filter));
  const absl::StatusOr<bloom::FilterView> filter = bloom::FilterView::Parse(filter_bytes);
  if (!filter.ok()) return CorruptionError(file_.path(), footer.filter.offset, filter.status().message());
  filter_ = *filter;
  AETERNUS_ASSIGN_OR_RETURN(const std::string index_bytes, file_.ReadBlock(footer.index));
  AETERNUS_RETURN_IF_ERROR(IndexReader::Validate(index_bytes, footer, file_.path(), footer.index.offset));
  index_ = IndexReader(index_bytes);
  for (size_t number = 0; number < index_.block_count(); ++number) {
    const BlockHandle handle = index_.block(number);
    block_offset_ = handle.offset;
    AETERNUS_ASSIGN_OR_RETURN(const std::string bytes, file_.ReadBlock(handle));
    AETERNUS_RETURN_IF_ERROR(BlockReader::Validate(bytes, file_.path(), handle.offset));
    AETERNUS_RETURN_IF_ERROR(VerifyEntries(BlockReader(bytes), number));
  }
  return absl::OkStatus();
}

absl::Status TableVerifier::VerifyEntries(const BlockReader& block, size_t number) {
  for (size_t i = 0; i < block.entry_count(); ++i) {
    const BlockReader::Entry entry = block.entry(i);
    std::string key = block.Key(i);
    const uint64_t hash = StableHash(key);
    const auto error = [&](std::string_view what) {
      return CorruptionError(file_.path(), block_offset_, "entry ", i, " of data block ", number, ", key \"",
                             absl::CHexEscape(key), "\", ", what);
    };
    if (has_previous_ && CompareEntries(previous_key_, previous_lsn_, key, entry.lsn) >= 0) {
      return error("is out of order");
    }
    if (block.tag(i) != TagOf(hash)) return error("has a wrong tag");
    if (!filter_.MayContain(hash)) return error("is denied by the filter");
    if (key > index_.separator(number)) return error("is behind the separator of its block");
    if (number > 0 && key < index_.separator(number - 1)) return error("is in front of the separator before its block");
    (entry.kind == EntryKind::kPut ? put_count_ : delete_count_) += 1;
    raw_key_bytes_ += key.size();
    raw_value_bytes_ += entry.value.size();
    has_previous_ = true;
    previous_key_ = std::move(key);
    previous_lsn_ = entry.lsn;
  }
  return absl::OkStatus();
}

absl::Status TableVerifier::VerifyTombstones() {
  const BlockHandle& handle = file_.footer().tombstones;
  if (!handle.present()) return absl::OkStatus();
  AETERNUS_ASSIGN_OR_RETURN(const std::string bytes, file_.ReadBlock(handle));
  AETERNUS_ASSIGN_OR_RETURN(const std::vector<RangeTombstone> tombstones,
                            DecodeTombstones(bytes, file_.path(), handle.offset));
  range_tombstone_count_ = tombstones.size();
  return absl::OkStatus();
}

absl::Status TableVerifier::VerifyCounts() {
  const BlockHandle& handle = file_.footer().properties;
  AETERNUS_ASSIGN_OR_RETURN(const std::string bytes, file_.ReadBlock(handle));
  AETERNUS_ASSIGN_OR_RETURN(const Properties properties, DecodeProperties(bytes, file_.path(), handle.offset));
  struct {
    const char* name;
    uint64_t found;
  } const counts[] = {{kPutCountProperty, put_count_},
                      {kDeleteCountProperty, delete_count_},
                      {kRangeTombstoneCountProperty, range_tombstone_count_},
                      {kRawKeyBytesProperty, raw_key_bytes_},
                      {kRawValueBytesProperty, raw_value_bytes_}};
  for (const auto& count : counts) {
    AETERNUS_ASSIGN_OR_RETURN(const uint64_t expected, ReadNumberProperty(properties, count.name, file_.path()));
    if (expected == count.found) continue;
    return CorruptionError(file_.path(), handle.offset, "property \"", count.name, "\" is ", expected, ", found ",
                           count.found);
  }
  return absl::OkStatus();
}

absl::Status TableVerifier::VerifyChecksum(uint64_t file_size, uint32_t expected) {
  constexpr uint64_t kChunkSizeBytes = 256 << 10;
  std::string chunk;
  uint32_t found = Crc32c("");
  for (uint64_t offset = 0; offset < file_size; offset += chunk.size()) {
    chunk.resize(std::min(kChunkSizeBytes, file_size - offset));
    AETERNUS_RETURN_IF_ERROR(file_.ReadRaw(offset, absl::MakeSpan(chunk)));
    found = ExtendCrc32c(found, chunk);
  }
  if (found == expected) return absl::OkStatus();
  return CorruptionError(file_.path(), 0,
                         absl::StrFormat("the file has checksum %08x, expected %08x", found, expected));
}

}  // namespace aeternus::sstable
