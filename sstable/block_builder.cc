#include "sstable/block_builder.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "base/coding.h"
#include "base/key_order.h"
#include "sstable/block_layout.h"

namespace aeternus::sstable {
namespace {

size_t LsnWidth(Lsn min_lsn, Lsn max_lsn) {
  return (static_cast<size_t>(std::bit_width(max_lsn.value - min_lsn.value)) + 7) / 8;
}

size_t OffsetWidth(uint64_t block_size) { return block_size <= UINT16_MAX ? 2 : 4; }

// Returns where they end.
char* StoreBytes(char* to, const char* from, size_t n) {
  if (n > 0) std::memcpy(to, from, n);
  return to + n;
}

}  // namespace

BlockBuilder::Shape BlockBuilder::ShapeWith(const EntryView& entry) const {
  Shape shape = shape_;
  if (entries_.empty()) {
    shape.common_prefix_size = entry.key.size();
    shape.min_lsn = shape.max_lsn = entry.lsn;
  } else {
    const std::string_view prefix(bytes_.get(), shape.common_prefix_size);
    if (entry.key.substr(0, prefix.size()) != prefix) shape.common_prefix_size = CommonPrefixSize(prefix, entry.key);
    shape.min_lsn = std::min(shape.min_lsn, entry.lsn);
    shape.max_lsn = std::max(shape.max_lsn, entry.lsn);
  }
  shape.entry_bytes += kKindSizeBytes + Varint64Size(entry.key.size()) + entry.key.size() + entry.value.size();
  if (entry.kind == EntryKind::kPut) shape.entry_bytes += Varint64Size(entry.value.size());
  return shape;
}

size_t BlockBuilder::SizeOf(const Shape& shape, size_t n) {
  const size_t size = shape.common_prefix_size + shape.entry_bytes - n * shape.common_prefix_size +
                      n * (LsnWidth(shape.min_lsn, shape.max_lsn) + kTagSizeBytes) + kBlockEndSizeBytes;
  return size + n * OffsetWidth(size + n * sizeof(uint16_t));
}

bool BlockBuilder::AddWithin(size_t limit_bytes, const EntryView& entry, uint64_t hash) {
  const Shape shape = ShapeWith(entry);
  if (!empty() && SizeOf(shape, entries_.size() + 1) > limit_bytes) return false;
  Append(entry, hash, shape);
  return true;
}

void BlockBuilder::Append(const EntryView& entry, uint64_t hash, const Shape& shape) {
  shape_ = shape;
  entries_.push_back({.lsn = entry.lsn,
                      .kind = entry.kind,
                      .tag = TagOf(hash),
                      .key_size = static_cast<uint32_t>(entry.key.size()),
                      .value_size = static_cast<uint32_t>(entry.value.size())});
  const size_t n = entry.key.size() + entry.value.size();
  if (n > bytes_capacity_ - bytes_size_) GrowBytes(n);
  char* const key = bytes_.get() + bytes_size_;
  if (!entry.key.empty()) std::memcpy(key, entry.key.data(), entry.key.size());
  if (!entry.value.empty()) std::memcpy(key + entry.key.size(), entry.value.data(), entry.value.size());
  bytes_size_ += n;
  last_key_ = {key, entry.key.size()};
}

void BlockBuilder::GrowBytes(size_t n) {
  constexpr size_t kFirstCapacity = size_t{8} << 10;
  const size_t capacity = std::max({kFirstCapacity, 2 * bytes_capacity_, bytes_size_ + n});
  auto grown = std::make_unique_for_overwrite<char[]>(capacity);
  if (bytes_size_ > 0) std::memcpy(grown.get(), bytes_.get(), bytes_size_);
  bytes_ = std::move(grown);
  bytes_capacity_ = capacity;
}

void BlockBuilder::Finish(std::string* out) {
  const size_t begin = out->size();
  const size_t prefix_size = shape_.common_prefix_size;
  const size_t lsn_width = LsnWidth(shape_.min_lsn, shape_.max_lsn);
  // Headers are stored by whole words, whose ends the bytes behind them overwrite.
  out->resize(begin + size_bound() + kMaxEntryHeaderSizeBytes);
  char* const block = out->data() + begin;
  char* p = StoreBytes(block, bytes_.get(), prefix_size);
  offsets_.clear();
  const char* bytes = bytes_.get();
  for (const PendingEntry& entry : entries_) {
    offsets_.push_back(static_cast<uint32_t>(p - block));
    *p++ = static_cast<char>(entry.kind);
    StoreU64(p, entry.lsn.value - shape_.min_lsn.value);
    p = StoreVarint64(p + lsn_width, entry.key_size - prefix_size);
    if (entry.kind == EntryKind::kPut) p = StoreVarint64(p, entry.value_size);
    p = StoreBytes(p, bytes + prefix_size, entry.key_size - prefix_size + entry.value_size);
    bytes += entry.key_size + entry.value_size;
  }
  for (const PendingEntry& entry : entries_) *p++ = static_cast<char>(entry.tag);
  const uint64_t size_with_narrow_offsets =
      static_cast<uint64_t>(p - block) + offsets_.size() * sizeof(uint16_t) + kBlockEndSizeBytes;
  const size_t offset_width = OffsetWidth(size_with_narrow_offsets);
  for (const uint32_t offset : offsets_) {
    StoreU32(p, offset);
    p += offset_width;
  }
  char* const end = p + kBlockEndSizeBytes;
  StoreU64(p, shape_.min_lsn.value);
  StoreU32(p + 8, static_cast<uint32_t>(entries_.size()));
  StoreU32(p + 12, static_cast<uint32_t>(prefix_size));
  p[16] = static_cast<char>(lsn_width);
  p[17] = static_cast<char>(offset_width);
  std::fill(p + kBlockEndUsedBytes, end, '\0');
  out->resize(begin + static_cast<size_t>(end - block));
  entries_.clear();
  bytes_size_ = 0;
  shape_ = Shape();
}

}  // namespace aeternus::sstable
