// Memory that is handed out in small pieces and given back all at once, when the arena dies.
//
// A block is half as large as all before it together, from tiny to large, so that a memtable of a 512 B write buffer
// costs little more than it holds and one of 64 MiB asks for memory seldom, and then for huge pages. While one of these
// is handed out, the next is on its way: of the first, two are taken.
//
// Thread safety: Allocate by one thread at a time; memory_bytes by any.
#ifndef AETERNUS_MEMTABLE_ARENA_H_
#define AETERNUS_MEMTABLE_ARENA_H_

#include <atomic>
#include <cstddef>
#include <memory>
#include <vector>

#include "env/ahead.h"
#include "env/huge_block.h"
#include "env/huge_block_pool.h"

namespace aeternus {

class Arena {
 public:
  static constexpr size_t kFirstBlockBytes = size_t{1} << 10;
  static constexpr size_t kLargestBlockBytes = env::HugeBlock::kPageBytes;

  // Huge blocks come from `pool`, and go there in the end; it may be null, and outlives the arena.
  explicit Arena(env::HugeBlockPool* pool = nullptr) : pool_(pool) {}
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // `size` uninitialized bytes, aligned for a pointer, or to `alignment`, a power of two.
  char* Allocate(size_t size, size_t alignment = alignof(void*));

  // Taken from the allocator so far.
  size_t memory_bytes() const { return memory_bytes_.load(std::memory_order_relaxed); }

 private:
  size_t NextBlockBytes() const;
  char* NewBlock(size_t size);
  char* NextHugeBlock();
  void PrepareHugeBlock();

  env::HugeBlockPool* const pool_;
  char* free_ = nullptr;  // the rest of the newest ordinary block
  size_t free_bytes_ = 0;
  std::vector<std::unique_ptr<char[]>> blocks_;
  std::vector<env::HugeBlock> huge_blocks_;
  env::HugeBlock next_huge_block_;
  env::Ahead next_ahead_;  // its pages; dies first
  std::atomic<size_t> memory_bytes_{0};
};

}  // namespace aeternus

#endif  // AETERNUS_MEMTABLE_ARENA_H_
