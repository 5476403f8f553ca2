#include "env/huge_block.h"

#include <sys/mman.h>

#include <cstdint>

#include "absl/log/check.h"

namespace aeternus::env {
namespace {

char* Map(size_t size) {
  void* const memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(memory != MAP_FAILED) << "out of memory: " << size << " bytes";
  return static_cast<char*>(memory);
}

}  // namespace

HugeBlock::HugeBlock(size_t size) : size_((size + kPageBytes - 1) / kPageBytes * kPageBytes) {
  // A mapping begins anywhere, a huge page only at a multiple of its size: what is too much at either end goes back.
  char* const begin = Map(size_ + kPageBytes);
  const size_t before = -reinterpret_cast<uintptr_t>(begin) % kPageBytes;
  const size_t behind = kPageBytes - before;
  data_ = begin + before;
  if (before > 0) munmap(begin, before);
  munmap(data_ + size_, behind);
  // A kernel that has none refuses, and that is fine.
  static_cast<void>(madvise(data_, size_, MADV_HUGEPAGE));
}

HugeBlock::~HugeBlock() {
  if (data_ != nullptr) munmap(data_, size_);
}

}  // namespace aeternus::env
