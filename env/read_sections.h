// Memory that readers use without counting, locking or pinning it: whoever takes an object out of their reach hands it
// to Retire, and it is destroyed when every read section that could still be using it has ended (a form of read-copy-
// update; the marks are hazard slots, one for each thread, that guard everything at once).
//
//   env::ReadSections sections;
//   std::atomic<const View*> current;
//
//   if (const auto section = sections.Enter()) {                        // a reader
//     const View* view = current.load(std::memory_order_seq_cst);       // stays as long as `section` does
//     ...
//   }
//   const View* old = current.exchange(next, std::memory_order_seq_cst);  // a writer: out of reach first,
//   sections.Retire(TakeOwnership(old));                                  // then retired
//
// A section costs two atomic operations on a cache line that no other thread writes, as long as no more than kSlots
// threads read at once. Nobody ever waits: if sections are open, the last of them to end destroys what was retired, on
// its thread; if none is, Retire does. So nothing depends on threads that are idle, or on anything happening later.
// In exchange a section should be short, and neither wait nor do I/O: what was retired stays in memory meanwhile.
//
// Why it is safe. A reader marks its slot and then loads pointers; a writer takes the pointer away and then looks at
// the slots. All four are sequentially consistent, so either the writer sees the mark, and the object waits, or the
// reader does not see the pointer. Likewise a section that ends takes its mark away and then looks for what is retired,
// and Retire announces the object and then looks at the marks once more: one of them destroys it.
//
// Thread safety: any number of threads. Sections may be nested, also across objects. A section ends on the thread that
// entered it.
#ifndef AETERNUS_ENV_READ_SECTIONS_H_
#define AETERNUS_ENV_READ_SECTIONS_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "env/mutex.h"
#include "env/thread_number.h"

namespace aeternus::env {

class ReadSections {
 private:
  struct Slot;

 public:
  static constexpr size_t kSlots = 64;

  // Open from Enter until it is destroyed. Movable.
  class Section {
   public:
    Section() = default;
    Section(Section&& other) noexcept : sections_(other.sections_), slot_(std::exchange(other.slot_, nullptr)) {}
    Section& operator=(Section&& other) noexcept {
      if (this != &other) {
        End();
        sections_ = other.sections_;
        slot_ = std::exchange(other.slot_, nullptr);
      }
      return *this;
    }
    ~Section() { End(); }
    explicit operator bool() const { return slot_ != nullptr; }
    void End() {
      if (slot_ != nullptr) sections_->Leave(*std::exchange(slot_, nullptr));
    }
    // Adds to ReadSections::tally(), at the price of a store: for statistics of what readers do.
    void Count(uint64_t n) const {
      slot_->tally.store(slot_->tally.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
    }

   private:
    friend class ReadSections;
    Section(ReadSections* sections, Slot* slot) : sections_(sections), slot_(slot) {}
    ReadSections* sections_ = nullptr;
    Slot* slot_ = nullptr;
  };

  ReadSections() = default;
  // No section is open.
  ~ReadSections();
  ReadSections(const ReadSections&) = delete;
  ReadSections& operator=(const ReadSections&) = delete;

  // An open section; a false one when kSlots are open: then whoever reads takes the way that locks.
  Section Enter() {
    Slot& slot = slots_[ThreadNumber() % kSlots];
    uint64_t turn = slot.turn.load(std::memory_order_relaxed);
    if (!IsOpen(turn) && slot.turn.compare_exchange_strong(turn, turn + 1, std::memory_order_seq_cst)) {
      return Section(this, &slot);
    }
    return EnterElsewhere();
  }

  // Drops `object`, which no new section can reach, once the sections that are open now have ended.
  void Retire(std::shared_ptr<const void> object);
  // Whether a section is open that may have begun before what the caller did last.
  bool AnyOpen() const;

  // Retired objects that sections still hold.
  size_t retired() const { return retired_count_.load(std::memory_order_relaxed); }
  // The sum of what sections have counted.
  uint64_t tally() const;

 private:
  // Odd while a section is open. A section is told from later ones in the same slot by its number.
  struct alignas(64) Slot {
    std::atomic<uint64_t> turn{0};
    std::atomic<uint64_t> tally{0};  // written within the section alone
  };
  struct Mark {
    const Slot* slot;
    uint64_t turn;
    bool IsGone() const { return slot->turn.load(std::memory_order_seq_cst) != turn; }
  };
  struct Retired {
    std::shared_ptr<const void> object;
    std::vector<Mark> open;  // the sections that may use it
  };

  static bool IsOpen(uint64_t turn) { return (turn & 1) != 0; }
  Section EnterElsewhere();
  void Leave(Slot& slot) {
    slot.turn.fetch_add(1, std::memory_order_seq_cst);
    if (retired_count_.load(std::memory_order_seq_cst) != 0) Collect();
  }
  // Destroys what no section holds any more.
  void Collect();

  std::array<Slot, kSlots> slots_;
  alignas(64) std::atomic<size_t> retired_count_{0};
  Mutex mu_;
  std::vector<Retired> retired_ ABSL_GUARDED_BY(mu_);
};

}  // namespace aeternus::env

#endif  // AETERNUS_ENV_READ_SECTIONS_H_
