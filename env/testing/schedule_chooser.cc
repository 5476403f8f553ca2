#include "env/testing/schedule_chooser.h"

#include <algorithm>
#include <functional>

#include "base/hash.h"

namespace aeternus::env::testing {

ScheduleChooser::ScheduleChooser(uint64_t seed) : engine_(seed) {
  look_salt_ = engine_();
  looks_at_of_8_ = uint64_t{1} << Below(4);
  by_priority_ = Below(2) == 0;
  idle_wakes_left_ = Below(2) == 0 ? 2 : 0;
  for (size_t& one_in : one_in_) one_in = size_t{1} << Below(6);
  // The number of points of a run is not known beforehand: changes early or late, by the seed.
  const size_t horizon = size_t{8} << Below(10);
  for (size_t i = 1 + Below(4); i > 0; --i) change_points_.push_back(Below(horizon));
  std::sort(change_points_.begin(), change_points_.end(), std::greater<>());
}

void ScheduleChooser::AddThread() { priorities_.push_back(static_cast<int64_t>(engine_() >> 2)); }

bool ScheduleChooser::LooksAt(uint64_t object) const { return StableHash(look_salt_, object) % 8 < looks_at_of_8_; }

int ScheduleChooser::FirstByPriority(absl::Span<const int> runnable) const {
  const auto priority = [this](int thread) { return priorities_[static_cast<size_t>(thread)]; };
  return *std::max_element(runnable.begin(), runnable.end(), [&](int a, int b) { return priority(a) < priority(b); });
}

int ScheduleChooser::AtPoint(PointKind kind, uint64_t object, int running, absl::Span<const int> runnable) {
  if (!LooksAt(object)) return running;
  if (!by_priority_) {
    const bool leaves = Below(one_in_[static_cast<size_t>(kind)]) == 0;
    return leaves ? runnable[Below(runnable.size())] : running;
  }
  ++points_;
  while (!change_points_.empty() && points_ > change_points_.back()) {
    change_points_.pop_back();
    priorities_[static_cast<size_t>(running)] = --last_priority_;
  }
  return FirstByPriority(runnable);
}

int ScheduleChooser::WhenStopped(absl::Span<const int> runnable) {
  return by_priority_ ? FirstByPriority(runnable) : runnable[Below(runnable.size())];
}

bool ScheduleChooser::WakesForNoReason() {
  if (idle_wakes_left_ == 0 || Below(16) != 0) return false;
  --idle_wakes_left_;
  return true;
}

}  // namespace aeternus::env::testing
