// What readers hold of a database: snapshots, iterators, pinned values. Shared with each of them, so that they can be
// destroyed after the database object is gone; asked by merges (which snapshots are alive?) and by Close (is
// anything?).
//
// Thread safety: everything may be called by any number of threads.
#ifndef AETERNUS_ENGINE_HANDLE_REGISTRY_H_
#define AETERNUS_ENGINE_HANDLE_REGISTRY_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "aeternus/snapshot.h"
#include "base/types.h"
#include "env/mutex.h"

namespace aeternus {

class HandleRegistry : public std::enable_shared_from_this<HandleRegistry> {
 public:
  // Registers a snapshot at the LSN that `published` returns. It is read under the mutex under which LiveSnapshots
  // collects, so that a merge either knows the snapshot or began when everything it may drop was invisible to it.
  std::unique_ptr<const Snapshot> TakeSnapshot(absl::FunctionRef<Lsn()> published);
  // Ascending, without duplicates.
  std::vector<Lsn> LiveSnapshots() const;
  // Grows with every snapshot taken or released.
  uint64_t snapshot_changes() const;

  size_t snapshots() const;
  size_t iterators() const { return iterators_.load(std::memory_order_relaxed); }
  size_t pins() const { return pins_.load(std::memory_order_relaxed); }
  // "2 iterators, 1 snapshot" or empty when nothing is alive.
  std::string Describe() const;

  // Counts one iterator or pin for as long as it lives.
  class Ticket {
   public:
    Ticket(std::shared_ptr<HandleRegistry> registry, std::atomic<size_t> HandleRegistry::*counter)
        : registry_(std::move(registry)), counter_(counter) {
      (registry_.get()->*counter_).fetch_add(1, std::memory_order_relaxed);
    }
    ~Ticket() { (registry_.get()->*counter_).fetch_sub(1, std::memory_order_relaxed); }
    Ticket(const Ticket&) = delete;
    Ticket& operator=(const Ticket&) = delete;

   private:
    const std::shared_ptr<HandleRegistry> registry_;
    std::atomic<size_t> HandleRegistry::*const counter_;
  };

 private:
  friend struct IteratorTicket;
  friend struct PinTicket;
  class SnapshotHandle;

  mutable env::Mutex mutex_;
  std::multiset<Lsn> snapshots_ ABSL_GUARDED_BY(mutex_);
  uint64_t snapshot_changes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::atomic<size_t> iterators_{0};
  std::atomic<size_t> pins_{0};
};

struct IteratorTicket : HandleRegistry::Ticket {
  explicit IteratorTicket(std::shared_ptr<HandleRegistry> registry)
      : Ticket(std::move(registry), &HandleRegistry::iterators_) {}
};
struct PinTicket : HandleRegistry::Ticket {
  explicit PinTicket(std::shared_ptr<HandleRegistry> registry) : Ticket(std::move(registry), &HandleRegistry::pins_) {}
};

}  // namespace aeternus

#endif  // AETERNUS_ENGINE_HANDLE_REGISTRY_H_
