// A sorted run read as one source: parts (tables, as a rule) that overlap nowhere, one behind the other. A merge of all
// layers has one source for each run and not one for each table, and a seek visits one table of a run.
#ifndef AETERNUS_ITERATOR_RUN_ITERATOR_H_
#define AETERNUS_ITERATOR_RUN_ITERATOR_H_

#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "iterator/entry_iterator.h"

namespace aeternus {

struct RunPart {
  std::string_view smallest;                // no key of the part is less,
  std::optional<std::string_view> largest;  // and none is greater; absent: unbounded above
  bool largest_is_exclusive = false;        // nor equal
  std::function<std::unique_ptr<EntryIterator>()> open;
};

// `parts` are ascending, and no key lies within the bounds of two of them. They may be empty. Each is opened when an
// entry of it is first asked for, and stays open. The bounds live as long as the iterator.
std::unique_ptr<EntryIterator> NewRunIterator(std::vector<RunPart> parts);

}  // namespace aeternus

#endif  // AETERNUS_ITERATOR_RUN_ITERATOR_H_
