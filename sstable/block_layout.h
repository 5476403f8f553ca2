// Sizes and places within a data block that its builder and its reader share; the byte table is in format.h.
#ifndef AETERNUS_SSTABLE_BLOCK_LAYOUT_H_
#define AETERNUS_SSTABLE_BLOCK_LAYOUT_H_

#include <cstddef>
#include <cstdint>

#include "base/coding.h"

namespace aeternus::sstable {

inline constexpr size_t kKindSizeBytes = 1;
inline constexpr size_t kTagSizeBytes = 1;
inline constexpr size_t kMaxLsnWidth = 7;
// Kind, an LSN stored as a whole word, and two sizes.
inline constexpr size_t kMaxEntryHeaderSizeBytes = kKindSizeBytes + sizeof(uint64_t) + 2 * kMaxVarint64SizeBytes;

// The block's own trailer, and how much of it is not zeros.
inline constexpr size_t kBlockEndSizeBytes = 24;
inline constexpr size_t kBlockEndUsedBytes = 18;

// The byte by which a point read chooses the entries worth looking at. The filter's line comes from the same bits; that
// is harmless, since it says nothing about a key's neighbours in key order.
inline uint8_t TagOf(uint64_t hash) { return static_cast<uint8_t>(hash >> 56); }

}  // namespace aeternus::sstable

#endif  // AETERNUS_SSTABLE_BLOCK_LAYOUT_H_
