// Encodes one data block (byte table in format.h) out of entries in internal order.
//
// Thread safety: one thread.
#ifndef AETERNUS_SSTABLE_BLOCK_BUILDER_H_
#define AETERNUS_SSTABLE_BLOCK_BUILDER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/entry.h"

namespace aeternus::sstable {

class BlockBuilder {
 public:
  bool empty() const { return entries_.empty(); }
  // An upper bound of the encoded size if `entry` were added now.
  size_t SizeWith(const EntryView& entry) const;
  // Copies the entry. `hash` is StableHash(entry.key).
  void Add(const EntryView& entry, uint64_t hash);
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
  std::string_view first_key() const { return std::string_view(bytes_).substr(0, entries_.front().key_size); }

  std::vector<PendingEntry> entries_;
  std::string bytes_;  // key and value of each, in order
  Shape shape_;
};

}  // namespace aeternus::sstable

#endif  // AETERNUS_SSTABLE_BLOCK_BUILDER_H_
