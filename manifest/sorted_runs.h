// Sorted runs: tables that overlap nowhere, and so can be read as one.
#ifndef AETERNUS_MANIFEST_SORTED_RUNS_H_
#define AETERNUS_MANIFEST_SORTED_RUNS_H_

#include <cstddef>
#include <vector>

#include "absl/types/span.h"
#include "manifest/version.h"

namespace aeternus {

// Splits `tables` into as few runs as their bounds allow, which are as many as there are tables over the most crowded
// key. A run holds the places of its tables in `tables`, in ascending order of their keys. O(n log n): interval
// partitioning, as in Kleinberg and Tardos, Algorithm Design, 4.1.
std::vector<std::vector<size_t>> SortedRuns(absl::Span<const Version::TablePtr> tables);

// The places of those that overlap any other one of `tables`, ascending. O(n log n).
std::vector<size_t> TablesThatOverlap(absl::Span<const Version::TablePtr> tables);

}  // namespace aeternus

#endif  // AETERNUS_MANIFEST_SORTED_RUNS_H_
