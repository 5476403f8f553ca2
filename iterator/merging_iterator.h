// One iterator over many: the entries of all sources in internal order. An error of any source ends the merge with
// that error, at the place where the source would have come next.
#ifndef AETERNUS_ITERATOR_MERGING_ITERATOR_H_
#define AETERNUS_ITERATOR_MERGING_ITERATOR_H_

#include <memory>
#include <vector>

#include "iterator/entry_iterator.h"

namespace aeternus {

// No sources: always at the end. One source: that source itself.
std::unique_ptr<EntryIterator> NewMergingIterator(std::vector<std::unique_ptr<EntryIterator>> sources);

}  // namespace aeternus

#endif  // AETERNUS_ITERATOR_MERGING_ITERATOR_H_
