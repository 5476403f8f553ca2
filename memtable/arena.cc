#include "memtable/arena.h"

#include <algorithm>

namespace aeternus {

char* Arena::Allocate(size_t size) {
  size = (size + alignof(void*) - 1) & ~(alignof(void*) - 1);
  if (size > free_bytes_) {
    // A piece that would waste much of a block gets one of its own, and the present block goes on being used.
    if (size > next_block_bytes_ / 4) return NewBlock(size);
    free_ = NewBlock(next_block_bytes_);
    free_bytes_ = next_block_bytes_;
    next_block_bytes_ = std::min(2 * next_block_bytes_, kLargestBlockBytes);
  }
  char* piece = free_;
  free_ += size;
  free_bytes_ -= size;
  return piece;
}

char* Arena::NewBlock(size_t size) {
  blocks_.push_back(std::make_unique_for_overwrite<char[]>(size));
  memory_bytes_.fetch_add(size + sizeof(blocks_.back()), std::memory_order_relaxed);
  return blocks_.back().get();
}

}  // namespace aeternus
