#include "memtable/arena.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <utility>

#include "env/populate.h"

namespace aeternus {
namespace {

size_t BytesToAlign(const char* at, size_t alignment) { return -reinterpret_cast<uintptr_t>(at) & (alignment - 1); }

}  // namespace

char* Arena::Allocate(size_t size, size_t alignment) {
  size = (size + alignof(void*) - 1) & ~(alignof(void*) - 1);
  size_t skipped = BytesToAlign(free_, alignment);
  if (skipped + size > free_bytes_) {
    const size_t needed = size + alignment - alignof(void*);  // wherever the block begins
    const size_t next_bytes = NextBlockBytes();
    // A piece that would waste much of a block gets one of its own, and the present block goes on being used.
    if (needed > next_bytes / 4) {
      char* const own = NewBlock(needed);
      return own + BytesToAlign(own, alignment);
    }
    free_ = NewBlock(next_bytes);
    free_bytes_ = next_bytes;
    skipped = BytesToAlign(free_, alignment);
  }
  char* const piece = free_ + skipped;
  free_ += skipped + size;
  free_bytes_ -= skipped + size;
  return piece;
}

size_t Arena::NextBlockBytes() const {
  return std::clamp(std::bit_floor(memory_bytes() / 2), kFirstBlockBytes, kLargestBlockBytes);
}

char* Arena::NewBlock(size_t size) {
  if (size == kLargestBlockBytes) return NextHugeBlock();
  blocks_.push_back(std::make_unique_for_overwrite<char[]>(size));
  memory_bytes_.fetch_add(size + sizeof(blocks_.back()), std::memory_order_relaxed);
  return blocks_.back().get();
}

char* Arena::NextHugeBlock() {
  if (huge_blocks_.empty()) PrepareHugeBlock();
  next_ahead_.Finish();
  huge_blocks_.push_back(std::move(next_huge_block_));
  PrepareHugeBlock();
  return huge_blocks_.back().data();
}

void Arena::PrepareHugeBlock() {
  memory_bytes_.fetch_add(kLargestBlockBytes + sizeof(env::HugeBlock), std::memory_order_relaxed);
  if (pool_ != nullptr) next_huge_block_ = pool_->Take();
  if (next_huge_block_.data() != nullptr) return;
  next_huge_block_ = env::HugeBlock(kLargestBlockBytes);
  if (huge_blocks_.empty()) return;  // needed at once
  next_ahead_.Start([data = next_huge_block_.data()] { return env::Populate(data, kLargestBlockBytes); });
}

Arena::~Arena() {
  next_ahead_.Finish();
  if (pool_ == nullptr) return;
  for (env::HugeBlock& block : huge_blocks_) pool_->Give(std::move(block));
  if (next_huge_block_.data() != nullptr) pool_->Give(std::move(next_huge_block_));
}

}  // namespace aeternus
