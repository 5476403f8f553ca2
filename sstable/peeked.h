// What reads that must not wait are told by a table: they look, within a read section of the cache, at what is in
// memory and at nothing else, and what they find is readable until the section ends.
#ifndef AETERNUS_SSTABLE_PEEKED_H_
#define AETERNUS_SSTABLE_PEEKED_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/entry.h"
#include "base/types.h"
#include "cache/frame_cache.h"

namespace aeternus::sstable {

enum class Peeked : uint8_t { kAbsent, kFound, kNotInMemory };

struct PeekedVersion {
  Lsn lsn;
  EntryKind kind = EntryKind::kInvalid;
  std::string_view value;
  std::string_view block;            // that `value` is in,
  FrameCache::Slot* slot = nullptr;  // in the frame of this slot
};

// One of several keys that are looked for together.
struct Lookup {
  // That many at a time: enough for the memory to be busy, few enough for what they load to stay in the nearest cache.
  static constexpr size_t kMost = 16;

  std::string_view key;
  uint64_t hash = 0;  // StableHash(key)
  Peeked answer = Peeked::kAbsent;
  PeekedVersion version;  // if kFound
};

}  // namespace aeternus::sstable

#endif  // AETERNUS_SSTABLE_PEEKED_H_
