// What a database is made of: entries. An entry is one version of one key, or one range tombstone.
//
// Internal order, everywhere: user key ascending, then LSN descending, so that the newest version of a key comes
// first. No two entries of a database share key and LSN.
#ifndef AETERNUS_BASE_ENTRY_H_
#define AETERNUS_BASE_ENTRY_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/types.h"

namespace aeternus {

// On disk, one byte. The high bit says that a varint-length extension follows the entry's header; no writer of
// format 1 sets it, and a reader of format 1 treats it as corruption.
enum class EntryKind : uint8_t {
  kInvalid = 0,
  kPut = 1,
  kDelete = 2,
  kRangeDelete = 3,
  kMergeOperand = 4,  // reserved
  kValuePointer = 5,  // reserved
};
inline constexpr uint8_t kEntryExtensionBit = 0x80;

// Limits of format 1; a request beyond them is refused with ResourceExhausted.
inline constexpr size_t kMaxKeySizeBytes = size_t{64} << 10;
inline constexpr size_t kMaxValueSizeBytes = size_t{1} << 30;
inline constexpr uint64_t kMaxBatchSizeBytes = 0xf000'0000;  // encoded; the payload of one frame (wal/frame.h)

// One point entry as seen in place; the views live as long as whoever handed it out says.
struct EntryView {
  std::string_view key;
  Lsn lsn;
  EntryKind kind = EntryKind::kInvalid;  // kPut or kDelete
  std::string_view value;                // empty for kDelete
};

// Deletes every version with LSN strictly below `lsn` of every key in [start, end). An absent end is unbounded.
struct RangeTombstone {
  std::string start;
  std::optional<std::string> end;
  Lsn lsn;

  bool Covers(std::string_view key) const { return start <= key && (!end.has_value() || key < *end); }
  friend bool operator==(const RangeTombstone&, const RangeTombstone&) = default;
};

}  // namespace aeternus

#endif  // AETERNUS_BASE_ENTRY_H_
