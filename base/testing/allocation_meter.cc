#include "base/testing/allocation_meter.h"

#include <algorithm>
#include <cstdlib>
#include <new>

namespace aeternus {
namespace {

thread_local AllocationMeter* meter_of_thread = nullptr;

void* Allocate(size_t bytes) noexcept {
  AllocationMeter::Count(bytes);
  return std::malloc(std::max<size_t>(bytes, 1));
}

// Without exceptions in this code base, a failed allocation ends the process.
void* AllocateOrAbort(size_t bytes) {
  void* p = Allocate(bytes);
  if (p == nullptr) std::abort();
  return p;
}

}  // namespace

AllocationMeter::AllocationMeter() { meter_of_thread = this; }

AllocationMeter::~AllocationMeter() { meter_of_thread = nullptr; }

size_t AllocationMeter::largest_bytes() const { return largest_bytes_; }

size_t AllocationMeter::total_bytes() const { return total_bytes_; }

void AllocationMeter::Count(size_t bytes) {
  if (meter_of_thread == nullptr) return;
  meter_of_thread->largest_bytes_ = std::max(meter_of_thread->largest_bytes_, bytes);
  meter_of_thread->total_bytes_ += bytes;
}

}  // namespace aeternus

// All forms, so that what one allocates another may free, whatever a sanitizer defines of its own.
void* operator new(size_t bytes) { return aeternus::AllocateOrAbort(bytes); }
void* operator new[](size_t bytes) { return aeternus::AllocateOrAbort(bytes); }
void* operator new(size_t bytes, const std::nothrow_t&) noexcept { return aeternus::Allocate(bytes); }
void* operator new[](size_t bytes, const std::nothrow_t&) noexcept { return aeternus::Allocate(bytes); }
void operator delete(void* p) noexcept { std::free(p); }
void operator delete[](void* p) noexcept { std::free(p); }
void operator delete(void* p, size_t) noexcept { std::free(p); }
void operator delete[](void* p, size_t) noexcept { std::free(p); }
void operator delete(void* p, const std::nothrow_t&) noexcept { std::free(p); }
void operator delete[](void* p, const std::nothrow_t&) noexcept { std::free(p); }
