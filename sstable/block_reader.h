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
  Entry entry(size_t i) const;

  // The first entry at or behind (key, lsn); entry_count() when there is none.
  size_t LowerBound(std::string_view key, Lsn lsn) const;
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

 private:
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
