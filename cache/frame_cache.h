// Block frames and the one memory budget (invariant 12).
//
// A Slot is a place that may hold one block: a table owns an array of them, one per block, so that a hit is an index
// and not a look-up: one atomic addition takes the pin, counts the hit and tells whether the frame is there.
// FrameCache::Acquire returns a Pin on the slot's frame, loading it if it is not there; a pinned frame is never
// evicted. When the budget is spent, unpinned frames go, least recently used first (clock).
//
//   FrameCache::Slot& slot = slots[i];                       // std::unique_ptr<FrameCache::Slot[]> slots
//   AETERNUS_ASSIGN_OR_RETURN(Pin pin, cache->Acquire(slot, [&](Frame& frame) { return ReadBlock(frame); }));
//   pin.bytes()
//
// MemoryBudget is a plain counter shared by everyone who holds memory: memtables charge their arenas, the cache its
// frames, tables their tombstones. The cache makes room by evicting; nobody else gives anything back on demand.
//
// A pin alone keeps its bytes readable, also when the table is gone: a table hands its slots to Retire(), which frees
// them once the last pin has gone. The cache outlives all pins.
//
// Pins of frames that everybody reads (filters, indexes) are written by everybody, which costs threads more than
// reading does. So there is a second way for reads that are short: within a read section of sections(), Peek shows the
// bytes of a frame that is in memory, and writes nothing. A frame that is evicted meanwhile lingers until the section
// has ended.
//
//   if (const auto section = cache->sections().Enter()) {
//     const std::string_view bytes = cache->Peek(slots[i]);  // data() is null if it is not in memory
//
// Frames that linger are counted like pinned ones: they hold memory, and nothing more is evicted for them.
//
// Thread safety: everything may be called by any number of threads. A hit takes no lock.
#ifndef AETERNUS_CACHE_FRAME_CACHE_H_
#define AETERNUS_CACHE_FRAME_CACHE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "cache/frame_memory.h"
#include "env/read_sections.h"

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
  explicit Frame(FrameMemory* memory) : memory_(memory) {}
  ~Frame() {
    if (data_ != nullptr) memory_->Free(data_, size_);
  }
  Frame(const Frame&) = delete;
  Frame& operator=(const Frame&) = delete;

  // Makes room for `size` bytes, 64-byte aligned, to be filled by the loader; once.
  absl::Span<char> Allocate(size_t size) {
    data_ = memory_->Allocate(size);
    size_ = size;
    return {data_, size_};
  }
  std::string_view bytes() const { return {data_, size_}; }

 private:
  friend class FrameCache;
  FrameMemory* const memory_;
  char* data_ = nullptr;
  size_t size_ = 0;
};

class FrameCache {
 public:
  // What a frame holds, for the statistics.
  enum class Content : uint8_t { kData, kMetadata };

  // Half a cache line, and never parts of two.
  class alignas(32) Slot {
   public:
    Slot() = default;
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;

   private:
    friend class FrameCache;
    // Written only by the one thread that set kLoading or cleared kLoaded. What is there may be read by whoever holds a
    // pin that was taken while kLoaded was set; whoever is in a read section may take what is there at any time.
    std::atomic<char*> data_{nullptr};  // owned
    // Pins, flags and hits in one word (see kPin below).
    std::atomic<uint64_t> state_{0};
    std::atomic<uint32_t> size_{0};  // the same at each load: a slot is one place in one file
    uint32_t registry_index_ = 0;    // where the cache lists this slot while it is loaded; guarded by the cache's mutex
    Content content_ = Content::kData;

    std::string_view bytes() const {
      return {data_.load(std::memory_order_relaxed), size_.load(std::memory_order_relaxed)};
    }
  };

  // Keeps one frame in memory and its bytes readable. Movable; empty when default-made.
  class Pin {
   public:
    Pin() = default;
    Pin(Pin&& other) noexcept : cache_(other.cache_), slot_(std::exchange(other.slot_, nullptr)) {}
    Pin& operator=(Pin&& other) noexcept {
      if (this != &other) {
        Release();
        cache_ = other.cache_;
        slot_ = std::exchange(other.slot_, nullptr);
      }
      return *this;
    }
    ~Pin() { Release(); }
    explicit operator bool() const { return slot_ != nullptr; }
    std::string_view bytes() const { return slot_->bytes(); }
    void Release() {
      if (slot_ != nullptr) cache_->Unpin(*std::exchange(slot_, nullptr));
    }
    // The frame stays pinned, for Attach.
    Slot* Detach() { return std::exchange(slot_, nullptr); }
    static Pin Attach(FrameCache* cache, Slot* slot) { return Pin(cache, slot); }

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
    size_t frame_bytes = 0;     // of all frames
    size_t metadata_bytes = 0;  // of those that hold filters and indexes
    size_t pinned_bytes = 0;    // of those that are pinned now, or linger in read sections
    size_t frames = 0;
  };

  // `budget` outlives the cache and is shared with others.
  explicit FrameCache(MemoryBudget* budget);
  ~FrameCache();

  // `load` fills the frame on a miss; its error is returned and nothing is kept. Two threads that miss at once load
  // once. A block larger than the whole budget is loaded all the same, and dropped when its last pin goes.
  absl::StatusOr<Pin> Acquire(Slot& slot, absl::FunctionRef<absl::Status(Frame&)> load,
                              Content content = Content::kData) {
    const uint64_t before = slot.state_.fetch_add(kPinAndHit, std::memory_order_acquire);
    if ((before & kHot) == kHot) return Pin(this, &slot);
    return AcquireCold(slot, before, load, content);
  }

  // Within a read section: the bytes of the frame, readable until the section ends; data() is null when it is not in
  // memory. Is a hit, too: Section::Count counts it.
  std::string_view Peek(Slot& slot) const {
    const char* data = slot.data_.load(std::memory_order_seq_cst);
    if (data == nullptr) return {};
    if ((slot.state_.load(std::memory_order_relaxed) & kReferenced) == 0) {
      slot.state_.fetch_or(kReferenced, std::memory_order_relaxed);
    }
    return {data, slot.size_.load(std::memory_order_relaxed)};
  }
  // A pin on the frame if it is in memory, else an empty one.
  Pin PinIfLoaded(Slot& slot) {
    const uint64_t before = slot.state_.fetch_add(kPinAndHit, std::memory_order_acquire);
    if ((before & kLoaded) != 0) return Pin(this, &slot);
    TakeBack(slot);
    return Pin();
  }
  // Where the frame of a slot is, or was a moment ago: to be prefetched, never to be read. data() is null if it is not
  // in memory. Neither a hit nor a use.
  static std::string_view Whereabouts(const Slot& slot) { return slot.bytes(); }
  // What Peek is used in.
  env::ReadSections& sections() { return sections_; }

  // Takes over the slots of a table that is going away, none of which is acquired or peeked at again. Drops their
  // frames; those that are pinned stay readable until their last pin goes.
  void Retire(std::unique_ptr<Slot[]> slots, size_t count);
  // Evicts until the budget is kept or nothing unpinned is left. Called by whoever charged the budget.
  void MakeRoom();

  // Walks all frames: not for hot paths.
  Stats stats() const;
  MemoryBudget* budget() const { return budget_; }

 private:
  struct Impl;
  struct Retired;
  class Evicted;
  // Slot::state_, from the low end: 24 bits of pins, four flags, 36 bits of hits since the frame was loaded (which fall
  // off the top, harmlessly, after 68 billion).
  static constexpr uint64_t kPin = 1;
  static constexpr uint64_t kPinMask = (uint64_t{1} << 24) - 1;
  static constexpr uint64_t kLoaded = uint64_t{1} << 24;      // the frame is there
  static constexpr uint64_t kReferenced = uint64_t{1} << 25;  // used since the clock's hand last passed
  static constexpr uint64_t kLoading = uint64_t{1} << 26;     // a thread is loading the frame; others wait
  static constexpr uint64_t kRetired = uint64_t{1} << 27;     // the table is gone; only pins keep the slot
  static constexpr int kHitShift = 28;
  static constexpr uint64_t kPinAndHit = kPin + (uint64_t{1} << kHitShift);
  static constexpr uint64_t kHot = kLoaded | kReferenced;

  absl::StatusOr<Pin> AcquireCold(Slot& slot, uint64_t before, absl::FunctionRef<absl::Status(Frame&)> load,
                                  Content content);
  void Unpin(Slot& slot) {
    const uint64_t before = slot.state_.fetch_sub(kPin, std::memory_order_release);
    if ((before & kPinMask) == kPin && ((before & kRetired) != 0 || OverBudget())) LastPinGone(slot, before);
  }
  // Undoes a pin that was added to a slot without a frame.
  void TakeBack(Slot& slot) {
    slot.state_.fetch_sub(kPinAndHit - kPin, std::memory_order_relaxed);
    Unpin(slot);
  }
  void LastPinGone(Slot& slot, uint64_t before);
  // What lingers is as good as given back.
  bool OverBudget() const {
    return budget_->used_bytes() > budget_->limit_bytes() + lingering_bytes_.load(std::memory_order_relaxed);
  }

  MemoryBudget* const budget_;
  std::atomic<size_t> lingering_bytes_{0};  // of frames that were evicted and that open read sections may still use
  FrameMemory memory_;
  env::ReadSections sections_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace aeternus

#endif  // AETERNUS_CACHE_FRAME_CACHE_H_
