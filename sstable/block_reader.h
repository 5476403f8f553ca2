// A data block in its bytes (byte table in format.h), searched in place.
//
// Validate() walks the whole block once, when it is loaded; everything after that trusts the structure and checks
// nothing, so that a look-up costs no bounds checks. What Validate accepts, however it came about, no access leaves:
// entries tile their region exactly, so every offset, size and view stays inside. Order, tags and the meaning of the
// content are the writer's promise, kept by the checksum; Table::Verify checks them too.
//
// Thread safety: immutable. Views live as long as the bytes.
#ifndef AETERNUS_SSTABLE_BLOCK_READER_H_
#define AETERNUS_SSTABLE_BLOCK_READER_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "base/coding.h"
#include "base/entry.h"
#include "sstable/block_layout.h"

namespace aeternus::sstable {

class BlockReader {
 public:
  // The key of an entry is the block's common prefix, then `key_suffix`.
  struct Entry {
    EntryKind kind = EntryKind::kInvalid;
    Lsn lsn;
    std::string_view key_suffix;
    std::string_view value;
  };
  static constexpr size_t kNotFound = SIZE_MAX;

  // DataLoss, naming `file` and a place behind `offset`, unless `block` may be given to the constructor.
  static absl::Status Validate(std::string_view block, std::string_view file, uint64_t offset);

  BlockReader() = default;
  explicit BlockReader(std::string_view validated_block);

  size_t entry_count() const { return entry_count_; }
  std::string_view common_prefix() const { return {begin_, common_prefix_size_}; }
  uint8_t tag(size_t i) const { return static_cast<uint8_t>(tags_[i]); }
  // Inline: scans decode whole blocks by it.
  Entry entry(size_t i) const {
    const char* p = begin_ + LoadOffset(offsets_, offset_width_, i);
    Entry entry;
    entry.kind = static_cast<EntryKind>(*p++);
    // The word read for the LSN and the room given to LoadSize may reach past the entry, never past the block: its own
    // trailer is 24 bytes.
    entry.lsn = Lsn(base_lsn_ + (LoadU64(p) & lsn_mask_));
    p += lsn_width_;
    size_t suffix_size = 0;
    size_t value_size = 0;
    p = LoadSize(p, &suffix_size);
    if (entry.kind == EntryKind::kPut) p = LoadSize(p, &value_size);
    entry.key_suffix = {p, suffix_size};
    entry.value = {p + suffix_size, value_size};
    return entry;
  }

  // The first entry at or behind (key, lsn); entry_count() when there is none.
  size_t LowerBound(std::string_view key, Lsn lsn) const;
  // Starts loading the entries that LowerBound may look at in its first steps.
  void PrefetchSearch() const;
  // Starts loading all of the entries [first, limit), one at least.
  static constexpr size_t kLineBytes = 64;
  void PrefetchEntries(size_t first, size_t limit) const {
    const char* const end = limit == entry_count_ ? tags_ : begin_ + LoadOffset(offsets_, offset_width_, limit);
    for (const char* p = begin_ + LoadOffset(offsets_, offset_width_, first); p < end; p += kLineBytes) {
      __builtin_prefetch(p);
    }
  }
  // The newest version of `key` with LSN <= snapshot, or kNotFound. `hash` is StableHash(key).
  size_t Find(std::string_view key, uint64_t hash, Lsn snapshot) const {
    Entry found;
    return Find(key, hash, snapshot, &found);
  }
  // The same, with the entry in `*found`.
  size_t Find(std::string_view key, uint64_t hash, Lsn snapshot, Entry* found) const;
  // Starts loading the entry that Find will look at first, if there is one.
  void PrefetchEntry(uint64_t hash) const;
  // The whole key of entry i, for the rare caller that cannot do with the suffix.
  std::string Key(size_t i) const;
  // Writes the whole key of entry(i) to `out`, which has room for kKeySlackBytes more: short strings are copied as one
  // word, and inside a block there is always something to read behind a key.
  static constexpr size_t kKeySlackBytes = 16;
  void CopyKey(const Entry& entry, char* out) const {
    CopyByWord(begin_, common_prefix_size_, out);
    CopyByWord(entry.key_suffix.data(), entry.key_suffix.size(), out + common_prefix_size_);
  }

 private:
  static size_t LoadOffset(const char* offsets, size_t width, size_t i) {
    return width == sizeof(uint16_t) ? LoadU16(offsets + i * width) : LoadU32(offsets + i * width);
  }
  // Most sizes take one byte.
  static const char* LoadSize(const char* p, size_t* size) {
    if (const auto byte = static_cast<uint8_t>(*p); byte < 0x80) {
      *size = byte;
      return p + 1;
    }
    uint64_t v = 0;
    p = LoadVarint64(p, p + kMaxVarint64SizeBytes, &v);
    *size = v;
    return p;
  }
  // Reads and writes kKeySlackBytes at least. A block's own trailer, which no prefix and no suffix is part of, is
  // longer than that.
  static void CopyByWord(const char* from, size_t size, char* to) {
    static_assert(kBlockEndSizeBytes >= kKeySlackBytes);
    std::memcpy(to, from, kKeySlackBytes);
    if (size > kKeySlackBytes) [[unlikely]]
      std::memcpy(to + kKeySlackBytes, from + kKeySlackBytes, size - kKeySlackBytes);
  }

  const char* begin_ = nullptr;
  const char* tags_ = nullptr;
  const char* offsets_ = nullptr;
  size_t entry_count_ = 0;
  size_t common_prefix_size_ = 0;
  uint64_t base_lsn_ = 0;
  uint64_t lsn_mask_ = 0;
  uint8_t lsn_width_ = 0;
  uint8_t offset_width_ = 0;
};

}  // namespace aeternus::sstable

#endif  // AETERNUS_SSTABLE_BLOCK_READER_H_
