// Encodes one data block (byte table in format.h) out of entries in internal order.
//
// Thread safety: one thread.
#ifndef AETERNUS_SSTABLE_BLOCK_BUILDER_H_
#define AETERNUS_SSTABLE_BLOCK_BUILDER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/entry.h"

namespace aeternus::sstable {

class BlockBuilder {
 public:
  bool empty() const { return entries_.empty(); }
  // An upper bound of the encoded size if `entry` were added now, and as it is.
  size_t SizeWith(const EntryView& entry) const { return SizeOf(ShapeWith(entry), entries_.size() + 1); }
  size_t size_bound() const { return SizeOf(shape_, entries_.size()); }
  // Copies the entry. `hash` is StableHash(entry.key).
  void Add(const EntryView& entry, uint64_t hash) { Append(entry, hash, ShapeWith(entry)); }
  // The same, unless the block is not empty and would grow beyond `limit_bytes`: then false.
  bool AddWithin(size_t limit_bytes, const EntryView& entry, uint64_t hash);
  // The key added last; lives until the next Add, also after Finish.
  std::string_view last_key() const { return last_key_; }
  // Appends the encoded block to `out` and starts the next one.
  void Finish(std::string* out);

 private:
  struct PendingEntry {
    Lsn lsn;
    EntryKind kind;
    uint8_t tag;
    uint32_t key_size;
    uint32_t value_size;
  };
  // What the encoding of the whole block depends on.
  struct Shape {
    size_t common_prefix_size = 0;
    Lsn min_lsn, max_lsn;
    uint64_t entry_bytes = 0;  // all entries, with their whole keys and without their LSNs
  };
  Shape ShapeWith(const EntryView& entry) const;
  static size_t SizeOf(const Shape& shape, size_t entry_count);
  void Append(const EntryView& entry, uint64_t hash, const Shape& shape);
  void GrowBytes(size_t n);

  std::vector<PendingEntry> entries_;
  std::vector<uint32_t> offsets_;  // scratch of Finish
  // Key and value of each, in order. Not a string, because last_key() outlives the block.
  std::unique_ptr<char[]> bytes_;
  size_t bytes_size_ = 0;
  size_t bytes_capacity_ = 0;
  std::string_view last_key_;
  Shape shape_;
};

}  // namespace aeternus::sstable

#endif  // AETERNUS_SSTABLE_BLOCK_BUILDER_H_
