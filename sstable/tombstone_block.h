// The block of range tombstones (byte table in format.h).
#ifndef AETERNUS_SSTABLE_TOMBSTONE_BLOCK_H_
#define AETERNUS_SSTABLE_TOMBSTONE_BLOCK_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "base/entry.h"

namespace aeternus::sstable {

// `tombstones` as FragmentedTombstones::ToTombstones() gives them.
std::string EncodeTombstones(const std::vector<RangeTombstone>& tombstones);

// DataLoss unless these are tombstones in that form. (Nested ones would be as many again, squared, when they are
// fragmented: what a block claims must not cost more memory than it has bytes.)
absl::StatusOr<std::vector<RangeTombstone>> DecodeTombstones(std::string_view block, std::string_view file,
                                                             uint64_t offset);

}  // namespace aeternus::sstable

#endif  // AETERNUS_SSTABLE_TOMBSTONE_BLOCK_H_
