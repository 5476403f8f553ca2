// Block frames and the one memory budget (invariant 12).
//
// A Slot is a place that may hold one block: a table owns an array of them, one per block, so that a hit is an index
// and not a look-up. FrameCache::Acquire returns a Pin on the slot's frame, loading it if it is not there; a pinned
// frame is never evicted. When the budget is spent, unpinned frames go, least recently used first (clock).
//
//   FrameCache::Slot slot;                                   // owned by the table
//   AETERNUS_ASSIGN_OR_RETURN(Pin pin, cache->Acquire(slot, [&](Frame& frame) { return ReadBlock(frame); }));
//   pin.bytes()
//
// MemoryBudget is a plain counter shared by everyone who holds memory: memtables charge their arenas, the cache its
// frames, tables their tombstones. The cache makes room by evicting; nobody else gives anything back on demand.
//
// Thread safety: everything may be called by any number of threads. A hit takes no lock. Slots outlive their pins; the
// cache outlives its slots' frames: Forget(slots) before slots die.
#ifndef AETERNUS_CACHE_FRAME_CACHE_H_
#define AETERNUS_CACHE_FRAME_CACHE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "env/mutex.h"

namespace aeternus {

class MemoryBudget {
 public:
  explicit MemoryBudget(size_t limit_bytes) : limit_bytes_(limit_bytes) {}

  void Charge(size_t bytes) { used_bytes_.fetch_add(bytes, std::memory_order_relaxed); }
  void Release(size_t bytes) { used_bytes_.fetch_sub(bytes, std::memory_order_relaxed); }
  size_t used_bytes() const { return used_bytes_.load(std::memory_order_relaxed); }
  size_t limit_bytes() const { return limit_bytes_; }

 private:
  const size_t limit_bytes_;
  std::atomic<size_t> used_bytes_{0};
};

// The bytes of one loaded block.
class Frame {
 public:
  // Makes room for `size` bytes, 64-byte aligned, to be filled by the loader.
  absl::Span<char> Allocate(size_t size);
  std::string_view bytes() const { return {data_.get(), size_}; }
  // What the frame costs the budget.
  size_t charge_bytes() const;

 private:
  struct Free {
    void operator()(char* p) const;
  };
  std::unique_ptr<char[], Free> data_;
  size_t size_ = 0;
};

class FrameCache {
 public:
  class Slot {
   public:
    Slot() = default;
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;

   private:
    friend class FrameCache;
    friend class Pin;
    // Low 24 bits: pins. kLoaded: frame_ may be read by whoever holds a pin taken while it was set. kReferenced: used
    // since the clock's hand last passed.
    std::atomic<uint32_t> state_{0};
    Frame frame_;
  };

  // Keeps one frame in memory and its bytes readable. Movable; empty when default-made.
  class Pin {
   public:
    Pin() = default;
    Pin(Pin&& other) noexcept;
    Pin& operator=(Pin&& other) noexcept;
    ~Pin();
    explicit operator bool() const { return slot_ != nullptr; }
    std::string_view bytes() const;
    void Release();

   private:
    friend class FrameCache;
    Pin(FrameCache* cache, Slot* slot) : cache_(cache), slot_(slot) {}
    FrameCache* cache_ = nullptr;
    Slot* slot_ = nullptr;
  };

  struct Stats {
    uint64_t hits = 0;
    uint64_t misses = 0;
    uint64_t evictions = 0;
    size_t frame_bytes = 0;   // of all frames
    size_t pinned_bytes = 0;  // of those that are pinned now
    size_t frames = 0;
  };

  // `budget` outlives the cache and is shared with others.
  explicit FrameCache(MemoryBudget* budget);
  ~FrameCache();

  // `load` fills the frame on a miss; its error is returned and nothing is kept. Two threads that miss at once load
  // once. A block larger than the whole budget is loaded all the same, and dropped when its last pin goes.
  absl::StatusOr<Pin> Acquire(Slot& slot, absl::FunctionRef<absl::Status(Frame&)> load);

  // Drops the frames of slots that are about to die. None of them may be pinned.
  void Forget(absl::Span<Slot> slots);
  // Evicts until the budget is kept or nothing unpinned is left. Called by whoever charged the budget.
  void MakeRoom();

  Stats stats() const;
  MemoryBudget* budget() const { return budget_; }

 private:
  struct Impl;
  MemoryBudget* const budget_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace aeternus

#endif  // AETERNUS_CACHE_FRAME_CACHE_H_
