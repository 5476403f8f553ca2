#include "env/huge_block_pool.h"

#include <utility>

namespace aeternus::env {
namespace {

constexpr auto kBlockBytes = static_cast<ptrdiff_t>(HugeBlock::kPageBytes);

}  // namespace

HugeBlock HugeBlockPool::Take() {
  MutexLock lock(&mu_);
  if (blocks_.empty()) return {};
  HugeBlock block = std::move(blocks_.back());
  blocks_.pop_back();
  charge_(-kBlockBytes);
  return block;
}

void HugeBlockPool::Give(HugeBlock block) {
  MutexLock lock(&mu_);
  if ((blocks_.size() + 1) * HugeBlock::kPageBytes > max_bytes_) return;
  blocks_.push_back(std::move(block));
  charge_(kBlockBytes);
}

void HugeBlockPool::Clear() {
  std::vector<HugeBlock> blocks;  // freed without the lock
  MutexLock lock(&mu_);
  charge_(-kBlockBytes * static_cast<ptrdiff_t>(blocks_.size()));
  blocks.swap(blocks_);
}

}  // namespace aeternus::env
