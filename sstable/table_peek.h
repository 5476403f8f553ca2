// The look-up in a table out of what is in memory, for one key and for several.
//
// A look-up is a chain of loads, each of which needs what the one before has brought: the filter's line, the index, the
// block's slot, its end, its entry. Most of its time is spent waiting for them. Of several keys, each takes its next
// step in turn, after having asked for what the step will need: the waits overlap.
//
// Thread safety: any number of threads, each within a read section of the cache.
#ifndef AETERNUS_SSTABLE_TABLE_PEEK_H_
#define AETERNUS_SSTABLE_TABLE_PEEK_H_

#include <cstdint>
#include <string_view>

#include "absl/types/span.h"
#include "base/types.h"
#include "sstable/peeked.h"
#include "sstable/table_blocks.h"

namespace aeternus::sstable {

// The newest version of `key` with LSN <= snapshot. kNotInMemory also for the few keys whose versions fill a block.
Peeked PeekOne(const TableBlocks& blocks, std::string_view key, uint64_t hash, Lsn snapshot, PeekedVersion* found);
// The same for each of `lookups`, at most Lookup::kMost.
void PeekMany(const TableBlocks& blocks, Lsn snapshot, absl::Span<Lookup* const> lookups);

}  // namespace aeternus::sstable

#endif  // AETERNUS_SSTABLE_TABLE_PEEK_H_
