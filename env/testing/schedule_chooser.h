// Which thread runs next, decided from a seed. No one way of drawing finds every fault, so the seed first draws the
// way:
//
//   random walk   at each point the running thread is left with a chance that depends on the kind of point; the chances
//                 differ from seed to seed, from every point to one in thirty-two
//   priorities    the threads get an order at random, and the first in it that can run does; at a few random points the
//                 running thread becomes the last. A fault that needs d such changes is met with a chance that does not
//                 shrink with the number of threads' steps beyond steps^-d (Burckhardt et al., "A randomized scheduler
//                 with probabilistic guarantees of finding bugs", 2010)
//
// It draws, too, where it looks: at all mutexes and places, or at a half, a quarter or an eighth of them, and a thread
// is left at no others. What goes wrong between two locks is met sooner when the hundreds of other points of a run are
// out of the way, and one of the next seeds looks at those two.
//
// The same calls give the same answers. Threads are numbered from 0 as they are added.
//
// Thread safety: one thread at a time.
#ifndef AETERNUS_ENV_TESTING_SCHEDULE_CHOOSER_H_
#define AETERNUS_ENV_TESTING_SCHEDULE_CHOOSER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "absl/types/span.h"

namespace aeternus::env::testing {

enum class PointKind { kLock, kUnlock, kPlace };  // kPlace: a sync point or a call to the disk

class ScheduleChooser {
 public:
  explicit ScheduleChooser(uint64_t seed);

  void AddThread();
  // Who goes on at a point that `running`, one of `runnable`, has come to. `object`: which mutex or place it is, the
  // same in every run.
  int AtPoint(PointKind kind, uint64_t object, int running, absl::Span<const int> runnable);
  // Who goes on when the thread that ran cannot.
  int WhenStopped(absl::Span<const int> runnable);
  // Which of `count` waiters a signal wakes.
  size_t Wake(size_t count) { return Below(count); }
  // Whether a wait ends at once without a signal, as waits may. Seldom, and with half of the seeds never, because such
  // an end can hide that a signal was forgotten.
  bool WakesForNoReason();

 private:
  size_t Below(size_t bound) { return engine_() % bound; }
  bool LooksAt(uint64_t object) const;
  int FirstByPriority(absl::Span<const int> runnable) const;

  std::mt19937_64 engine_;
  uint64_t look_salt_;
  uint64_t looks_at_of_8_;
  bool by_priority_;
  int idle_wakes_left_;
  std::array<size_t, 3> one_in_{};  // by PointKind: how many points a thread passes on average

  uint64_t points_ = 0;
  std::vector<uint64_t> change_points_;  // ascending, the next one last
  std::vector<int64_t> priorities_;      // by thread; the largest first
  int64_t last_priority_ = 0;            // of the latest thread that became the last
};

}  // namespace aeternus::env::testing

#endif  // AETERNUS_ENV_TESTING_SCHEDULE_CHOOSER_H_
