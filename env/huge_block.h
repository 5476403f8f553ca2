// Memory for what is searched at random, in huge pages where the system has them: a search of 600 MiB misses the
// translation caches at every step, and a miss then costs 192 ns in huge pages and 326 ns in ordinary ones (measured in
// a virtual machine, where a walk of the page tables is two-dimensional). It also takes one page fault for 2 MiB
// instead of 512.
//
// Thread safety: a block is moved and destroyed by one thread at a time; its bytes are their users' affair.
#ifndef AETERNUS_ENV_HUGE_BLOCK_H_
#define AETERNUS_ENV_HUGE_BLOCK_H_

#include <cstddef>
#include <utility>

namespace aeternus::env {

class HugeBlock {
 public:
  // Of a huge page, of which every size is a multiple.
  static constexpr size_t kPageBytes = size_t{2} << 20;

  HugeBlock() = default;
  // `size` bytes of zeros, rounded up to whole huge pages, and aligned to one. Ends the process when there is no
  // memory, as operator new does. That huge pages are to be had is not promised.
  explicit HugeBlock(size_t size);
  ~HugeBlock();
  HugeBlock(HugeBlock&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  HugeBlock& operator=(HugeBlock&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }

  char* data() const { return data_; }
  size_t size() const { return size_; }

 private:
  char* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace aeternus::env

#endif  // AETERNUS_ENV_HUGE_BLOCK_H_
