#include "sstable/block_builder.h"

#include <algorithm>
#include <bit>

#include "base/coding.h"
#include "base/key_order.h"
#include "sstable/block_layout.h"

namespace aeternus::sstable {
namespace {

size_t LsnWidth(Lsn min_lsn, Lsn max_lsn) {
  return (static_cast<size_t>(std::bit_width(max_lsn.value - min_lsn.value)) + 7) / 8;
}

size_t OffsetWidth(uint64_t block_size) { return block_size <= UINT16_MAX ? 2 : 4; }

}  // namespace

BlockBuilder::Shape BlockBuilder::ShapeWith(const EntryView& entry) const {
  Shape shape = shape_;
  if (entries_.empty()) {
    shape.common_prefix_size = entry.key.size();
    shape.min_lsn = shape.max_lsn = entry.lsn;
  } else {
    shape.common_prefix_size = CommonPrefixSize(first_key().substr(0, shape.common_prefix_size), entry.key);
    shape.min_lsn = std::min(shape.min_lsn, entry.lsn);
    shape.max_lsn = std::max(shape.max_lsn, entry.lsn);
  }
  shape.entry_bytes += kKindSizeBytes + Varint64Size(entry.key.size()) + entry.key.size() + entry.value.size();
  if (entry.kind == EntryKind::kPut) shape.entry_bytes += Varint64Size(entry.value.size());
  return shape;
}

size_t BlockBuilder::SizeWith(const EntryView& entry) const {
  const Shape shape = ShapeWith(entry);
  const size_t n = entries_.size() + 1;
  const size_t size = shape.common_prefix_size + shape.entry_bytes - n * shape.common_prefix_size +
                      n * (LsnWidth(shape.min_lsn, shape.max_lsn) + kTagSizeBytes) + kBlockEndSizeBytes;
  return size + n * OffsetWidth(size + n * sizeof(uint16_t));
}

void BlockBuilder::Add(const EntryView& entry, uint64_t hash) {
  shape_ = ShapeWith(entry);
  entries_.push_back({.lsn = entry.lsn,
                      .kind = entry.kind,
                      .tag = TagOf(hash),
                      .key_size = static_cast<uint32_t>(entry.key.size()),
                      .value_size = static_cast<uint32_t>(entry.value.size())});
  bytes_.append(entry.key);
  bytes_.append(entry.value);
}

void BlockBuilder::Finish(std::string* out) {
  const size_t begin = out->size();
  const size_t prefix_size = shape_.common_prefix_size;
  const size_t lsn_width = LsnWidth(shape_.min_lsn, shape_.max_lsn);
  out->append(bytes_, 0, prefix_size);
  std::vector<uint32_t> offsets;
  offsets.reserve(entries_.size());
  const char* bytes = bytes_.data();
  for (const PendingEntry& entry : entries_) {
    offsets.push_back(static_cast<uint32_t>(out->size() - begin));
    char header[kMaxEntryHeaderSizeBytes];
    char* p = header;
    *p++ = static_cast<char>(entry.kind);
    StoreU64(p, entry.lsn.value - shape_.min_lsn.value);
    p = StoreVarint64(p + lsn_width, entry.key_size - prefix_size);
    if (entry.kind == EntryKind::kPut) p = StoreVarint64(p, entry.value_size);
    out->append(header, static_cast<size_t>(p - header));
    out->append(bytes + prefix_size, entry.key_size - prefix_size + entry.value_size);
    bytes += entry.key_size + entry.value_size;
  }
  for (const PendingEntry& entry : entries_) PutU8(out, entry.tag);
  const uint64_t size_with_narrow_offsets =
      out->size() - begin + offsets.size() * sizeof(uint16_t) + kBlockEndSizeBytes;
  const size_t offset_width = OffsetWidth(size_with_narrow_offsets);
  for (const uint32_t offset : offsets) {
    char buffer[sizeof(offset)];
    StoreU32(buffer, offset);
    out->append(buffer, offset_width);
  }
  PutU64(out, shape_.min_lsn.value);
  PutU32(out, static_cast<uint32_t>(entries_.size()));
  PutU32(out, static_cast<uint32_t>(prefix_size));
  PutU8(out, static_cast<uint8_t>(lsn_width));
  PutU8(out, static_cast<uint8_t>(offset_width));
  out->append(kBlockEndSizeBytes - kBlockEndUsedBytes, '\0');
  entries_.clear();
  bytes_.clear();
  shape_ = Shape();
}

}  // namespace aeternus::sstable
