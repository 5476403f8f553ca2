// Where the bytes of frames come from. A point read touches three or four lines of a block, in a place that was not
// read lately: with pages of 4 KiB, finding the page costs about as much again as the line itself. So a cache that is
// large enough to have that problem keeps its blocks in chunks of one huge page (2 MiB), each cut into cells of one
// size.
//
// A chunk that is empty is given back, but for one of each size. What cells that are free hold back is not counted by
// the budget, like anything that an allocator holds back. So that it stays a small part, and a database that is opened
// for a few reads does not pay for whole chunks, the first kPlainBytes, and all of a cache below kLeastHugeBytes, are
// taken from operator new.
//
// Thread safety: any number of threads. Everything is given back before it dies.
#ifndef AETERNUS_CACHE_FRAME_MEMORY_H_
#define AETERNUS_CACHE_FRAME_MEMORY_H_

#include <array>
#include <atomic>
#include <cstddef>

#include "absl/base/thread_annotations.h"
#include "env/mutex.h"

namespace aeternus {

class FrameMemory {
 public:
  static constexpr size_t kAlignmentBytes = 64;
  static constexpr size_t kLeastHugeBytes = size_t{128} << 20;
  static constexpr size_t kPlainBytes = size_t{8} << 20;
  static constexpr size_t kCellStepBytes = 256;
  static constexpr size_t kLargestCellBytes = size_t{64} << 10;

  // For a cache that is to hold `cache_bytes`.
  explicit FrameMemory(size_t cache_bytes) : uses_chunks_(cache_bytes >= kLeastHugeBytes) {}
  ~FrameMemory();
  FrameMemory(const FrameMemory&) = delete;
  FrameMemory& operator=(const FrameMemory&) = delete;

  // `size` bytes, aligned to a cache line.
  char* Allocate(size_t size);
  void Free(char* p, size_t size);
  // What `size` bytes take: rounded up to whole cache lines, or to a cell.
  size_t BytesTaken(size_t size) const;

  size_t chunk_count() const;

 private:
  struct Cell;
  struct Chunk;
  // The chunks of one cell size that have a free cell.
  struct SizeClass {
    Chunk* first = nullptr;
  };

  bool FitsCell(size_t size) const { return uses_chunks_ && size > 0 && size <= kLargestCellBytes; }
  static bool IsCell(const char* p);
  char* TakeCell(size_t bytes) ABSL_LOCKS_EXCLUDED(mu_);
  Chunk* NewChunk(size_t cell_bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  static void Link(SizeClass& of, Chunk* chunk);
  static void Unlink(SizeClass& of, Chunk* chunk);

  const bool uses_chunks_;
  std::atomic<size_t> plain_bytes_{0};  // taken from operator new
  mutable env::Mutex mu_;
  std::array<SizeClass, kLargestCellBytes / kCellStepBytes + 1> classes_ ABSL_GUARDED_BY(mu_);
  size_t chunk_count_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace aeternus

#endif  // AETERNUS_CACHE_FRAME_MEMORY_H_
