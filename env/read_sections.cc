#include "env/read_sections.h"

#include "absl/log/check.h"

namespace aeternus::env {

ReadSections::~ReadSections() {
  CHECK(!AnyOpen()) << "a read section outlives what it reads";
  CHECK_EQ(retired(), 0u);
}

// The thread's own slot is taken: by an outer section of this thread, or by another thread whose number falls to it.
ReadSections::Section ReadSections::EnterElsewhere() {
  const size_t own = ThreadNumber();
  for (size_t i = 1; i < kSlots; ++i) {
    Slot& slot = slots_[(own + i) % kSlots];
    uint64_t turn = slot.turn.load(std::memory_order_relaxed);
    if (!IsOpen(turn) && slot.turn.compare_exchange_strong(turn, turn + 1, std::memory_order_seq_cst)) {
      return Section(this, &slot);
    }
  }
  return Section();
}

bool ReadSections::AnyOpen() const {
  for (const Slot& slot : slots_) {
    if (IsOpen(slot.turn.load(std::memory_order_seq_cst))) return true;
  }
  return false;
}

void ReadSections::Retire(std::shared_ptr<const void> object) {
  std::vector<Mark> open;
  for (const Slot& slot : slots_) {
    const uint64_t turn = slot.turn.load(std::memory_order_seq_cst);
    if (IsOpen(turn)) open.push_back({&slot, turn});
  }
  if (open.empty()) return;
  {
    MutexLock lock(&mu_);
    retired_.push_back({std::move(object), std::move(open)});
    retired_count_.store(retired_.size(), std::memory_order_seq_cst);
  }
  Collect();  // those sections may have ended before they could know
}

void ReadSections::Collect() {
  std::vector<std::shared_ptr<const void>> unused;  // destroyed without the lock: that may take time, and locks
  MutexLock lock(&mu_);
  std::erase_if(retired_, [&](Retired& retired) {
    std::erase_if(retired.open, [](const Mark& mark) { return mark.IsGone(); });
    if (!retired.open.empty()) return false;
    unused.push_back(std::move(retired.object));
    return true;
  });
  retired_count_.store(retired_.size(), std::memory_order_seq_cst);
}

uint64_t ReadSections::tally() const {
  uint64_t sum = 0;
  for (const Slot& slot : slots_) sum += slot.tally.load(std::memory_order_relaxed);
  return sum;
}

}  // namespace aeternus::env
