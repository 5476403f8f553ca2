#include "cache/frame_memory.h"

#include <cstdint>
#include <new>
#include <utility>

#include "absl/log/check.h"
#include "env/huge_block.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define AETERNUS_ADDRESS_SANITIZER
#endif
#endif
#ifdef AETERNUS_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#endif

namespace aeternus {
namespace {

constexpr size_t kChunkBytes = env::HugeBlock::kPageBytes;
// Twice the alignment of cells, which begin in the middle of it: so the address says where memory came from.
constexpr size_t kPlainAlignmentBytes = 2 * FrameMemory::kAlignmentBytes;

size_t RoundUp(size_t size, size_t step) { return (size + step - 1) / step * step; }

// Cells come out of chunks that the address sanitizer takes for one piece: it is told which of them are in use.
void Hide([[maybe_unused]] const void* p, [[maybe_unused]] size_t size) {
#ifdef AETERNUS_ADDRESS_SANITIZER
  __asan_poison_memory_region(p, size);
#endif
}
void Show([[maybe_unused]] const void* p, [[maybe_unused]] size_t size) {
#ifdef AETERNUS_ADDRESS_SANITIZER
  __asan_unpoison_memory_region(p, size);
#endif
}

}  // namespace

struct FrameMemory::Cell {
  Cell* next;
};

// At the beginning of its 2 MiB, which are aligned, so that it is found from any of its cells.
struct alignas(FrameMemory::kAlignmentBytes) FrameMemory::Chunk {
  env::HugeBlock memory;  // that it lies in
  size_t cell_bytes;
  size_t used = 0;        // cells
  Cell* free = nullptr;   // cells that were given back
  char* untouched;        // from here on no cell has been handed out: memory that was never written
  Chunk* next = nullptr;  // in the list of those with room
  Chunk* previous = nullptr;

  Chunk(env::HugeBlock block, size_t bytes)
      : memory(std::move(block)), cell_bytes(bytes), untouched(reinterpret_cast<char*>(this) + sizeof(Chunk)) {
    Hide(untouched, kChunkBytes - sizeof(Chunk));
  }
  const char* end() const { return reinterpret_cast<const char*>(this) + kChunkBytes; }
  bool has_room() const { return free != nullptr || static_cast<size_t>(end() - untouched) >= cell_bytes; }

  static Chunk* Of(char* cell) {
    return reinterpret_cast<Chunk*>(reinterpret_cast<uintptr_t>(cell) / kChunkBytes * kChunkBytes);
  }
  char* Take() {
    ++used;
    if (free != nullptr) {
      Cell* cell = free;
      free = cell->next;
      Show(cell, cell_bytes);
      return reinterpret_cast<char*>(cell);
    }
    char* cell = untouched;
    untouched += cell_bytes;
    Show(cell, cell_bytes);
    return cell;
  }
  void GiveBack(char* p) {
    --used;
    free = new (p) Cell{free};
    Hide(p + sizeof(Cell), cell_bytes - sizeof(Cell));
  }
  static void Destroy(Chunk* chunk) {
    Show(chunk, kChunkBytes);
    const env::HugeBlock memory = std::move(chunk->memory);  // goes last
    chunk->~Chunk();
  }
};
static_assert(FrameMemory::kCellStepBytes % kPlainAlignmentBytes == 0);

FrameMemory::~FrameMemory() {
  env::MutexLock lock(&mu_);
  for (SizeClass& of : classes_) {
    while (of.first != nullptr) {
      Chunk* chunk = of.first;
      CHECK_EQ(chunk->used, 0u) << "a frame outlives its memory";
      Unlink(of, chunk);
      Chunk::Destroy(chunk);
      --chunk_count_;
    }
  }
  CHECK_EQ(chunk_count_, 0u) << "frames outlive their memory";
}

bool FrameMemory::IsCell(const char* p) { return reinterpret_cast<uintptr_t>(p) % kPlainAlignmentBytes != 0; }

size_t FrameMemory::BytesTaken(size_t size) const {
  return RoundUp(size, FitsCell(size) ? kCellStepBytes : kAlignmentBytes);
}

FrameMemory::Chunk* FrameMemory::NewChunk(size_t cell_bytes) {
  // Mapped: at that alignment operator new would take twice as much of the address space.
  env::HugeBlock memory(kChunkBytes);
  static_assert(sizeof(Chunk) % kPlainAlignmentBytes == kAlignmentBytes);  // so that IsCell knows its cells
  char* const begin = memory.data();
  ++chunk_count_;
  return new (begin) Chunk(std::move(memory), cell_bytes);
}

void FrameMemory::Link(SizeClass& of, Chunk* chunk) {
  chunk->previous = nullptr;
  chunk->next = of.first;
  if (chunk->next != nullptr) chunk->next->previous = chunk;
  of.first = chunk;
}

void FrameMemory::Unlink(SizeClass& of, Chunk* chunk) {
  (chunk->previous != nullptr ? chunk->previous->next : of.first) = chunk->next;
  if (chunk->next != nullptr) chunk->next->previous = chunk->previous;
}

char* FrameMemory::Allocate(size_t size) {
  const size_t bytes = BytesTaken(size);
  if (FitsCell(size) && plain_bytes_.load(std::memory_order_relaxed) >= kPlainBytes) return TakeCell(bytes);
  plain_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  return static_cast<char*>(::operator new(bytes, std::align_val_t(kPlainAlignmentBytes)));
}

char* FrameMemory::TakeCell(size_t bytes) {
  env::MutexLock lock(&mu_);
  SizeClass& of = classes_[bytes / kCellStepBytes];
  if (of.first == nullptr) Link(of, NewChunk(bytes));
  Chunk* chunk = of.first;
  char* cell = chunk->Take();
  if (!chunk->has_room()) Unlink(of, chunk);
  return cell;
}

void FrameMemory::Free(char* p, size_t size) {
  if (!IsCell(p)) {
    plain_bytes_.fetch_sub(BytesTaken(size), std::memory_order_relaxed);
    return ::operator delete(p, std::align_val_t(kPlainAlignmentBytes));
  }
  env::MutexLock lock(&mu_);
  Chunk* chunk = Chunk::Of(p);
  SizeClass& of = classes_[chunk->cell_bytes / kCellStepBytes];
  if (!chunk->has_room()) Link(of, chunk);
  chunk->GiveBack(p);
  const bool is_only_one = of.first == chunk && chunk->next == nullptr;
  if (chunk->used > 0 || is_only_one) return;
  Unlink(of, chunk);
  --chunk_count_;
  Chunk::Destroy(chunk);
}

size_t FrameMemory::chunk_count() const {
  env::MutexLock lock(&mu_);
  return chunk_count_;
}

}  // namespace aeternus
