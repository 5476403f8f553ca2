// Parks the first thread that reaches a sync point until the test lets it go; later ones pass. Builds with NDEBUG have
// no sync points: skip such tests there (kHasSyncPoints).
//
//   ParkingSpot spot("compaction:merging");
//   std::thread worker(...);
//   spot.WaitUntilTaken();
//   ... the worker stands still ...
//   spot.Leave();
//   worker.join();
#ifndef AETERNUS_STRESS_PARKING_H_
#define AETERNUS_STRESS_PARKING_H_

#include <atomic>
#include <string>
#include <utility>

#include "absl/synchronization/notification.h"
#include "env/sync_point.h"

namespace aeternus::stress {

#ifdef NDEBUG
inline constexpr bool kHasSyncPoints = false;
#else
inline constexpr bool kHasSyncPoints = true;
#endif

class ParkingSpot {
 public:
  explicit ParkingSpot(std::string sync_point) : handler_(std::move(sync_point), [this] { Park(); }) {}
  ~ParkingSpot() { Leave(); }

  void WaitUntilTaken() { taken_.WaitForNotification(); }
  void Leave() {
    if (!left_.HasBeenNotified()) left_.Notify();
  }

 private:
  void Park() {
    if (is_used_.exchange(true)) return;
    taken_.Notify();
    left_.WaitForNotification();
  }

  std::atomic<bool> is_used_{false};
  absl::Notification taken_, left_;
  env::ScopedSyncPointHandler handler_;  // last: destroyed first, waiting for a handler that runs
};

}  // namespace aeternus::stress

#endif  // AETERNUS_STRESS_PARKING_H_
