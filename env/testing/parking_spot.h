// Parks the first thread that reaches a sync point until the test lets it go; later ones pass. Release builds have no
// sync points: the targets of tests that park carry the tag `sync_points`, which --config=release leaves out.
//
//   ParkingSpot spot("flush:begin");
//   std::thread worker(...);
//   spot.WaitUntilTaken();
//   ... the worker stands still ...
//   spot.Leave();
//   worker.join();
#ifndef AETERNUS_ENV_TESTING_PARKING_SPOT_H_
#define AETERNUS_ENV_TESTING_PARKING_SPOT_H_

#include <atomic>
#include <string>
#include <utility>

#include "absl/log/check.h"
#include "absl/synchronization/notification.h"
#include "env/sync_point.h"

namespace aeternus::env::testing {

class ParkingSpot {
 public:
  explicit ParkingSpot(std::string sync_point) : handler_(std::move(sync_point), [this] { Park(); }) {
    CHECK(kSyncPointsAreCompiledIn) << "in release builds nobody comes to a sync point";
  }
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
  ScopedSyncPointHandler handler_;  // last: destroyed first, waiting for a handler that runs
};

}  // namespace aeternus::env::testing

#endif  // AETERNUS_ENV_TESTING_PARKING_SPOT_H_
