// The table file, from front to back. All numbers little-endian; every block but the footer has the same trailer.
//
//   data block 0 ... data block n-1     point entries in internal order
//   filter block                        bloom/filter.h; absent when the table has no point entries
//   tombstone block                     range tombstones; absent when there are none
//   index block                         one record per data block, searchable in place
//   properties block                    name -> value pairs
//   footer                              fixed size, at the end of the file
//
// Block trailer (behind the `stored size` bytes of each block):
//   offset size
//        0    1  codec: 0 none (the only one of format 1; 1 LZ4 and 2 Zstandard are reserved)
//        1    3  zero
//        4    4  raw size, in bytes, of the block before coding
//        8    4  CRC-32C over the stored bytes, then codec and zeros and raw size (bytes 0-7 of the trailer), then the
//                block's offset (8 bytes) and the table's file number (8 bytes): a block found in the wrong place, or
//                in the wrong file, is damage
//
// Data block. All keys of a block share a prefix, stored once; each entry is reachable directly:
//   [common prefix bytes]
//   entry i:   kind byte | LSN - base LSN, `lsn width` bytes | varint key suffix size | varint value size (puts only) |
//              key suffix | value
//   [tags]      n bytes: the top byte of StableHash(user key) of each entry, in order
//   [offsets]   n x `offset width` bytes: where each entry begins in the block
//   [trailer of the block's own, 24 bytes, at its end]
//        0    8  base LSN: the smallest of the block
//        8    4  n, number of entries, at least 1
//       12    4  common prefix size
//       16    1  LSN width, 0-7 bytes
//       17    1  offset width, 2 or 4 bytes
//       18    6  zero
// A point read compares the tags of all entries at once and looks at one entry; a seek searches the offsets.
//
// Index block: record i describes data block i. `separator` is a user key s with: every key of blocks <= i is <= s, and
// every key of blocks > i is >= s (equal only when the versions of one key span blocks).
//   [separator prefixes]  n x 8 bytes: KeyPrefix(separator, common prefix size) as little-endian numbers, ascending
//   [block offsets]       (n + 1) x 8 bytes: where block i begins in the file; the last is the end of the data
//   [separator offsets]   (n + 1) x 4 bytes: where separator i begins in the separator bytes
//   [separator bytes]
//   [trailer, 16 bytes]
//        0    4  n
//        4    4  size of the prefix shared by all separators
//        8    8  zero
// Block i is stored in [offset i, offset i+1 - trailer size).
//
// Filter block: see bloom/filter.cc.
//
// Tombstone block: varint count, then each: start (length-prefixed), u8 1 if an end follows or 0 if unbounded, end
// (length-prefixed), varint LSN. Fragmented, so by start, then LSN descending.
//
// Properties block: varint count, then name and value, each length-prefixed, ascending by name. Numbers are varints.
// Unknown names are kept and ignored. The names are in properties.h.
//
// Footer (160 bytes):
//        0   64  file identity (base/file_identity.h), number = the table's
//       64   16  filter handle: offset u64, stored size u64 (0, 0: absent)
//       80   16  tombstone handle
//       96   16  index handle (0, 0: no point entries)
//      112   16  properties handle
//      128    8  number of data blocks
//      136   16  zero
//      152    4  CRC-32C of bytes 0-151
//      156    4  "AEFT"
//
// No byte of a file is outside a block or the footer: blocks and footer follow one another without gaps.
#ifndef AETERNUS_SSTABLE_FORMAT_H_
#define AETERNUS_SSTABLE_FORMAT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/file_identity.h"
#include "base/types.h"

namespace aeternus::sstable {

inline constexpr size_t kBlockTrailerSizeBytes = 12;
inline constexpr size_t kFooterSizeBytes = 160;
// A block's raw size stays below this; one entry of the largest key and value fits.
inline constexpr uint64_t kMaxBlockSizeBytes = (uint64_t{1} << 30) + (uint64_t{1} << 20);

struct BlockHandle {
  uint64_t offset = 0;
  uint64_t stored_size = 0;  // without the trailer
  bool present() const { return stored_size != 0; }
  uint64_t size_with_trailer() const { return stored_size + kBlockTrailerSizeBytes; }
  uint64_t end() const { return offset + size_with_trailer(); }
};

struct Footer {
  FileIdentity identity;
  BlockHandle filter;
  BlockHandle tombstones;
  BlockHandle index;
  BlockHandle properties;
  uint64_t data_block_count = 0;

  // Where the data blocks end: the beginning of the first other block.
  uint64_t data_end() const;
};

std::string EncodeFooter(const Footer& footer);
// Checks everything that can be checked without other blocks: checksum, identity, that the handles tile the file of
// `file_size` bytes, and that as many data blocks as it claims can be in front of them. Unimplemented when a newer
// version wrote it.
absl::StatusOr<Footer> DecodeFooter(std::string_view bytes, std::string_view file, uint64_t file_size);

// The 12 bytes behind a block, of which `stored_checksum` is the CRC-32C.
std::string EncodeBlockTrailer(std::string_view stored, uint32_t stored_checksum, uint64_t offset, FileNumber table);
std::string EncodeBlockTrailer(std::string_view stored, uint64_t offset, FileNumber table);
// `stored_and_trailer` as read from `offset`. OK iff undamaged and in its place; Unimplemented for an undamaged block
// under a codec of a newer version.
absl::Status VerifyBlock(std::string_view stored_and_trailer, uint64_t offset, FileNumber table, std::string_view file);

}  // namespace aeternus::sstable

#endif  // AETERNUS_SSTABLE_FORMAT_H_
