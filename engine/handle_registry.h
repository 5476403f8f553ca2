// What readers hold of a database: snapshots, iterators, pinned values. Shared with each of them, so that they can be
// destroyed after the database object is gone; asked by merges (which snapshots are alive?) and by Close (is
// anything?).
//
// Snapshots and iterators hold the registry. Pinned values come and go with every read, and one count of references
// that all threads write would be the slowest part of it: they are counted in places of their own, one for each thread,
// and only when the owner of the registry goes (Orphan) do the places that still count something hold the registry.
//
// Thread safety: everything may be called by any number of threads.
#ifndef AETERNUS_ENGINE_HANDLE_REGISTRY_H_
#define AETERNUS_ENGINE_HANDLE_REGISTRY_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "aeternus/snapshot.h"
#include "base/types.h"
#include "env/mutex.h"
#include "env/thread_number.h"

namespace aeternus {

class HandleRegistry : public std::enable_shared_from_this<HandleRegistry> {
 public:
  // `memory` is kept as long as the registry: what pinned values point into.
  explicit HandleRegistry(std::shared_ptr<const void> memory = nullptr) : memory_(std::move(memory)) {}

  // Registers a snapshot at the LSN that `published` returns. It is read under the mutex under which LiveSnapshots
  // collects, so that a merge either knows the snapshot or began when everything it may drop was invisible to it.
  std::unique_ptr<const Snapshot> TakeSnapshot(absl::FunctionRef<Lsn()> published);
  // Ascending, without duplicates.
  std::vector<Lsn> LiveSnapshots() const;
  // Grows with every snapshot taken or released.
  uint64_t snapshot_changes() const;

  size_t snapshots() const;
  size_t iterators() const { return iterators_.load(std::memory_order_relaxed); }
  // No pin that was alive all the time is missed.
  size_t pins() const;
  // "2 iterators, 1 snapshot" or empty when nothing is alive.
  std::string Describe() const;

  // The owner goes: from now on no new pins, and pins that are alive keep the registry. Called once.
  void Orphan();

 private:
  friend class IteratorTicket;
  friend class PinTicket;
  class SnapshotHandle;

  // Of the pins taken by threads whose number falls to it.
  struct alignas(64) PinCount {
    static constexpr uint64_t kOrphaned = 1;
    static constexpr uint64_t kPin = 2;
    std::atomic<uint64_t> pins{0};  // times kPin, and kOrphaned
    // Set before kOrphaned; from then on the last pin's.
    std::shared_ptr<HandleRegistry> keeper;
  };
  static constexpr size_t kPinCounts = 64;

  const std::shared_ptr<const void> memory_;
  mutable env::Mutex mutex_;
  std::multiset<Lsn> snapshots_ ABSL_GUARDED_BY(mutex_);
  uint64_t snapshot_changes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::atomic<size_t> iterators_{0};
  std::array<PinCount, kPinCounts> pin_counts_;
};

// Counts one iterator for as long as it lives.
class IteratorTicket {
 public:
  explicit IteratorTicket(std::shared_ptr<HandleRegistry> registry) : registry_(std::move(registry)) {
    registry_->iterators_.fetch_add(1, std::memory_order_relaxed);
  }
  ~IteratorTicket() { registry_->iterators_.fetch_sub(1, std::memory_order_relaxed); }
  IteratorTicket(const IteratorTicket&) = delete;
  IteratorTicket& operator=(const IteratorTicket&) = delete;

 private:
  const std::shared_ptr<HandleRegistry> registry_;
};

// Counts one pinned value, from the moment at which it is made to Release.
class PinTicket {
 public:
  // `registry` has not been orphaned.
  explicit PinTicket(HandleRegistry* registry)
      : count_(&registry->pin_counts_[env::ThreadNumber() % HandleRegistry::kPinCounts]) {
    count_->pins.fetch_add(HandleRegistry::PinCount::kPin, std::memory_order_relaxed);
  }
  ~PinTicket() { Release(); }
  PinTicket(const PinTicket&) = delete;
  PinTicket& operator=(const PinTicket&) = delete;

  void Release() {
    if (count_ != nullptr) ReleaseFrom(std::exchange(count_, nullptr));
  }

  // The ticket as one word, for Attach: whoever has it has to release it.
  void* Detach() { return std::exchange(count_, nullptr); }
  static PinTicket Attach(void* count) { return PinTicket(static_cast<HandleRegistry::PinCount*>(count)); }

 private:
  using PinCount = HandleRegistry::PinCount;
  explicit PinTicket(PinCount* count) : count_(count) {}
  static void ReleaseFrom(PinCount* count) {
    const uint64_t before = count->pins.fetch_sub(PinCount::kPin, std::memory_order_acq_rel);
    if (before == (PinCount::kPin | PinCount::kOrphaned)) {
      // May destroy the registry, and what it keeps.
      const std::shared_ptr<HandleRegistry> keeper = std::move(count->keeper);
    }
  }

  PinCount* count_;
};

}  // namespace aeternus

#endif  // AETERNUS_ENGINE_HANDLE_REGISTRY_H_
