// Lets one layer pass whole runs of keys that range tombstones hide.
//
// A reader may not jump to the end of a tombstone: any layer may hold a key inside it that is newer. One layer may,
// when the tombstone is newer than everything that this layer holds: then all it has there is hidden. So a table that
// was deleted by one range delete costs a scan a few steps, not one for each of its keys.
//
//   source = SkipCoveredRuns(std::move(source), table.max_point_lsn, layers, snapshot);      // then merge
#ifndef AETERNUS_ITERATOR_COVERED_RUN_SKIPPER_H_
#define AETERNUS_ITERATOR_COVERED_RUN_SKIPPER_H_

#include <memory>
#include <vector>

#include "base/types.h"
#include "iterator/entry_iterator.h"
#include "iterator/fragmented_tombstones.h"

namespace aeternus {

// `source` without the keys that some tombstone of `layers` (those of all layers) with max_lsn < LSN <= snapshot
// covers; `max_lsn` is at least the LSN of every entry of `source`. `source` itself when no tombstone is newer than all
// of it.
std::unique_ptr<EntryIterator> SkipCoveredRuns(std::unique_ptr<EntryIterator> source, Lsn max_lsn,
                                               std::vector<std::shared_ptr<const FragmentedTombstones>> layers,
                                               Lsn snapshot);

}  // namespace aeternus

#endif  // AETERNUS_ITERATOR_COVERED_RUN_SKIPPER_H_
