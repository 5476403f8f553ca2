// Lists that only grow at their newest end and in which any element is found in O(log n) steps: each leads to the next
// older one and also jumps some way further back (Myers: "An applicative random-access stack", 1983). Elements never
// change, so that readers need nothing but the newest one they can see.
//
// An element T has
//   Lsn lsn;                  greater than those of all older ones
//   const T* older() const;   null for the oldest
//   const T* jump() const;    itself for the oldest, else as JumpOver said when it was made
//   uint64_t depth() const;   how many are older
//
// Thread safety: as that of the elements, which are read only.
#ifndef AETERNUS_MEMTABLE_JUMP_LIST_H_
#define AETERNUS_MEMTABLE_JUMP_LIST_H_

#include "base/types.h"

namespace aeternus {

// Where one made in front of `older` jumps to: as far back as `older` jumps, if that is as far as the jump behind it;
// else just to `older`. So jumps are as long as the weights of skew-binary numbers, and O(log n) of them, with as many
// single steps, lead to any element.
template <typename T>
const T* JumpOver(const T* older) {
  const T* const jump = older->jump();
  const bool is_level = older->depth() - jump->depth() == jump->depth() - jump->jump()->depth();
  return is_level ? jump->jump() : older;
}

// The newest element with LSN <= snapshot of `element` and those older than it; null when there is none, as in an empty
// list, whose newest is null.
template <typename T>
const T* NewestUpTo(Lsn snapshot, const T* element) {
  while (element != nullptr && element->lsn > snapshot) {
    const T* const jump = element->jump();
    element = jump != element && jump->lsn > snapshot ? jump : element->older();
  }
  return element;
}

}  // namespace aeternus

#endif  // AETERNUS_MEMTABLE_JUMP_LIST_H_
