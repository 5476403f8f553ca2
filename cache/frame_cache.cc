#include "cache/frame_cache.h"

#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/log/check.h"
#include "env/mutex.h"

namespace aeternus {
// Frames that have left their slots. Freed, and given back to the budget, when no read section can be using them: at
// once if none is open when this goes.
//
// Declared before the lock under which frames are evicted, so that it goes after it.
class FrameCache::Evicted {
 public:
  explicit Evicted(FrameCache* cache) : cache_(cache) {}
  ~Evicted() {
    if (pieces_.empty()) return;
    cache_->sections_.Retire(std::make_shared<const Lingering>(cache_, std::move(pieces_), bytes_));
  }
  Evicted(const Evicted&) = delete;
  Evicted& operator=(const Evicted&) = delete;

  void Add(char* data, size_t size) {
    pieces_.push_back({data, size});
    const size_t bytes = cache_->memory_.BytesTaken(size);
    bytes_ += bytes;
    cache_->lingering_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  }

 private:
  struct Piece {
    char* data;
    size_t size;
  };
  struct Lingering {
    Lingering(FrameCache* owner, std::vector<Piece> frames, size_t bytes_taken)
        : cache(owner), pieces(std::move(frames)), bytes(bytes_taken) {}
    ~Lingering() {
      for (const Piece& piece : pieces) cache->memory_.Free(piece.data, piece.size);
      cache->budget_->Release(bytes);
      cache->lingering_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    }
    FrameCache* const cache;
    const std::vector<Piece> pieces;
    const size_t bytes;
  };

  FrameCache* const cache_;
  std::vector<Piece> pieces_;
  size_t bytes_ = 0;
};

// Slots whose table is gone.
struct FrameCache::Retired {
  std::unique_ptr<Slot[]> slots;
  size_t count = 0;
  size_t pinned = 0;  // slots that still are
};

// Everything but hits goes through one mutex. It is held for a few memory accesses at a time, never while a block is
// loaded, and a miss costs a read of the disk or of the page cache.
//
// The life of a frame, by the flags of its slot's state:
//
//   absent --AcquireCold--> kLoading --(load fails)--> absent
//                              |
//                           Publish
//                              v
//                           kLoaded --TryEvict, from zero pins only--> absent
//
// A hit adds its pin blindly and then looks at what was there before: if kLoaded was set, the pin keeps the frame; if
// not, the pin meant nothing and is taken back.
//
// Whoever peeks looks at the pointer alone. It is taken away before the read sections are looked at (Evicted), as they
// ask for. A frame that peeking found meanwhile goes on to be read, and may leave kReferenced behind in an absent slot:
// harmless, the next frame there starts with it.
struct FrameCache::Impl {
  void Publish(Slot& slot, Frame& frame, Content content) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu);
  bool TryEvict(Slot& slot, Evicted& evicted) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu);
  static bool MarkRetiredIfPinned(Slot& slot);
  void EvictUntilBudgetIsKept(Evicted& evicted) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu);

  static uint64_t Hits(uint64_t state) { return state >> kHitShift; }

  FrameCache* cache = nullptr;
  env::Mutex mu;
  env::CondVar load_ended;                               // some slot is no longer kLoading
  std::vector<Retired> retired ABSL_GUARDED_BY(mu);      // slots whose tables are gone, kept by pins
  std::vector<Slot*> registry ABSL_GUARDED_BY(mu);       // all loaded slots, in no order
  size_t hand ABSL_GUARDED_BY(mu) = 0;                   // the clock's, into registry
  uint64_t hits_of_the_evicted ABSL_GUARDED_BY(mu) = 0;  // loaded slots count their own
  uint64_t misses ABSL_GUARDED_BY(mu) = 0;
  uint64_t evictions ABSL_GUARDED_BY(mu) = 0;
};

void FrameCache::Impl::Publish(Slot& slot, Frame& frame, Content content) {
  slot.size_.store(static_cast<uint32_t>(frame.size_), std::memory_order_relaxed);
  slot.data_.store(std::exchange(frame.data_, nullptr), std::memory_order_seq_cst);
  slot.content_ = content;
  slot.registry_index_ = static_cast<uint32_t>(registry.size());
  registry.push_back(&slot);
  // One step from kLoading to kLoaded and pinned. A frame starts unreferenced: what is used only once goes first.
  slot.state_.fetch_add(kLoaded - kLoading + kPin, std::memory_order_release);
}

bool FrameCache::Impl::TryEvict(Slot& slot, Evicted& evicted) {
  uint64_t state = slot.state_.load(std::memory_order_relaxed);
  do {
    if ((state & kLoaded) == 0 || (state & kPinMask) != 0) return false;
  } while (!slot.state_.compare_exchange_weak(state, 0, std::memory_order_acquire, std::memory_order_relaxed));
  hits_of_the_evicted += Hits(state);
  const size_t size = slot.size_.load(std::memory_order_relaxed);
  evicted.Add(slot.data_.exchange(nullptr, std::memory_order_seq_cst), size);
  Slot* last = registry.back();
  registry[slot.registry_index_] = last;
  last->registry_index_ = slot.registry_index_;
  registry.pop_back();
  return true;
}

bool FrameCache::Impl::MarkRetiredIfPinned(Slot& slot) {
  uint64_t state = slot.state_.load(std::memory_order_relaxed);
  while ((state & kPinMask) != 0) {
    if (slot.state_.compare_exchange_weak(state, state | kRetired, std::memory_order_relaxed)) return true;
  }
  return false;
}

void FrameCache::Impl::EvictUntilBudgetIsKept(Evicted& evicted) {
  // Twice around: once to take the reference marks, once to evict. What then remains is pinned or was just used.
  for (size_t steps = 2 * registry.size(); steps > 0 && cache->OverBudget() && !registry.empty(); --steps) {
    if (hand >= registry.size()) hand = 0;
    Slot& slot = *registry[hand];
    const bool referenced = (slot.state_.load(std::memory_order_relaxed) & kReferenced) != 0;
    if (referenced) slot.state_.fetch_and(~kReferenced, std::memory_order_relaxed);
    if (!referenced && TryEvict(slot, evicted)) {
      ++evictions;  // the last slot of the registry took its place under the hand
    } else {
      ++hand;
    }
  }
}

FrameCache::FrameCache(MemoryBudget* budget)
    : budget_(budget), memory_(budget->limit_bytes()), impl_(std::make_unique<Impl>()) {
  impl_->cache = this;
}

FrameCache::~FrameCache() {
  env::MutexLock lock(&impl_->mu);
  CHECK(impl_->registry.empty()) << "a table or a pin outlives the cache";
}

absl::StatusOr<FrameCache::Pin> FrameCache::AcquireCold(Slot& slot, uint64_t before,
                                                        absl::FunctionRef<absl::Status(Frame&)> load, Content content) {
  if ((before & kLoaded) != 0) {
    slot.state_.fetch_or(kReferenced, std::memory_order_relaxed);
    return Pin(this, &slot);
  }
  // Taken back like any other pin: in between, the frame may have been loaded, and this pin have become its last.
  TakeBack(slot);
  {
    env::MutexLock lock(&impl_->mu);
    uint64_t state = slot.state_.load(std::memory_order_acquire);
    while ((state & kLoading) != 0) {
      impl_->load_ended.Wait(&impl_->mu);
      state = slot.state_.load(std::memory_order_acquire);
    }
    if ((state & kLoaded) != 0) {  // another thread loaded it; under the mutex nobody evicts it
      slot.state_.fetch_add(kPinAndHit, std::memory_order_acquire);
      return Pin(this, &slot);
    }
    slot.state_.fetch_or(kLoading, std::memory_order_relaxed);
    ++impl_->misses;
  }
  Frame frame(&memory_);
  absl::Status status = load(frame);
  if (status.ok()) budget_->Charge(memory_.BytesTaken(frame.size_));
  Evicted evicted(this);
  env::MutexLock lock(&impl_->mu);
  impl_->load_ended.SignalAll();
  if (!status.ok()) {
    slot.state_.fetch_and(~kLoading, std::memory_order_relaxed);
    return status;
  }
  impl_->Publish(slot, frame, content);
  impl_->EvictUntilBudgetIsKept(evicted);
  return Pin(this, &slot);
}

// `slot` may be touched only if it is retired: then this, the last pin, is all that kept it. Otherwise another thread
// may already be retiring it.
void FrameCache::LastPinGone(Slot& slot, uint64_t before) {
  if ((before & kRetired) == 0) return MakeRoom();
  Evicted evicted(this);
  env::MutexLock lock(&impl_->mu);
  impl_->TryEvict(slot, evicted);
  for (Retired& retired : impl_->retired) {
    if (&slot < retired.slots.get() || &slot >= retired.slots.get() + retired.count) continue;
    if (--retired.pinned > 0) return;
    std::swap(retired, impl_->retired.back());
    impl_->retired.pop_back();
    return;
  }
}

void FrameCache::Retire(std::unique_ptr<Slot[]> slots, size_t count) {
  Evicted evicted(this);
  env::MutexLock lock(&impl_->mu);
  Retired retired{std::move(slots), count, 0};
  for (Slot& slot : absl::MakeSpan(retired.slots.get(), count)) {
    if (Impl::MarkRetiredIfPinned(slot)) {
      ++retired.pinned;
    } else {
      impl_->TryEvict(slot, evicted);
    }
  }
  if (retired.pinned > 0) impl_->retired.push_back(std::move(retired));
}

void FrameCache::MakeRoom() {
  if (!OverBudget()) return;
  Evicted evicted(this);
  env::MutexLock lock(&impl_->mu);
  impl_->EvictUntilBudgetIsKept(evicted);
}

FrameCache::Stats FrameCache::stats() const {
  env::MutexLock lock(&impl_->mu);
  Stats stats;
  stats.hits = impl_->hits_of_the_evicted + sections_.tally();
  stats.misses = impl_->misses;
  stats.evictions = impl_->evictions;
  stats.frames = impl_->registry.size();
  for (const Slot* slot : impl_->registry) {
    const uint64_t state = slot->state_.load(std::memory_order_relaxed);
    const size_t bytes = memory_.BytesTaken(slot->size_.load(std::memory_order_relaxed));
    stats.hits += Impl::Hits(state);
    stats.frame_bytes += bytes;
    if (slot->content_ == Content::kMetadata) stats.metadata_bytes += bytes;
    if ((state & kPinMask) != 0) stats.pinned_bytes += bytes;
  }
  const size_t lingering = lingering_bytes_.load(std::memory_order_relaxed);
  stats.frame_bytes += lingering;
  stats.pinned_bytes += lingering;
  return stats;
}

}  // namespace aeternus
