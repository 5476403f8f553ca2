// One life of a database on a simulated disk, with a random history of writes, flushes and compactions, during which
// the power may fail at any call to the file system. For every sampled call it keeps the disk as it was then, and what
// a database opened on that disk may contain (invariants 1 and 2): a prefix of the history that holds everything
// acknowledged with sync.
//
//   CrashLife life(seed, config, std::move(disk), {Contents{}});
//   life.Run(/*sample_one_in=*/10);
//   for (const CrashPoint& point : life.points()) ... point.disk->Crash(...) ...
//
// Thread safety: one thread at a time.
#ifndef AETERNUS_STRESS_CRASH_LIFE_H_
#define AETERNUS_STRESS_CRASH_LIFE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "aeternus/options.h"
#include "aeternus/write_batch.h"
#include "env/testing/sim_file_system.h"
#include "stress/rng.h"
#include "stress/sim_database.h"

namespace aeternus::stress {

struct CrashPoint {
  std::string place;                                        // "call 17, Sync /db/000003.log"
  std::unique_ptr<const env::testing::SimFileSystem> disk;  // just before the call
  std::vector<Contents> acceptable;
};

// Reads the whole database on `disk`, which a crash left, and checks every byte of it.
absl::StatusOr<Contents> Recover(const EngineConfig& config, std::unique_ptr<env::testing::SimFileSystem> disk);

class CrashLife {
 public:
  // `acceptable_at_open`: what the database on `disk` may contain; one of them it must.
  CrashLife(uint64_t seed, EngineConfig config, std::unique_ptr<env::testing::SimFileSystem> disk,
            std::vector<Contents> acceptable_at_open);

  // Opens the database, works on it, and closes it or not. Whatever fails is an error: the disk is a good one.
  absl::Status Run(uint64_t sample_one_in);

  const std::vector<CrashPoint>& points() const { return points_; }

 private:
  // When in the history a call was made.
  struct Moment {
    bool is_open;
    size_t acknowledged;  // commits that must survive
    size_t started;       // commits that may
  };

  env::testing::Fault OnCall(const env::testing::FileCall& call);
  absl::Status OpenAndCompare();
  absl::Status Step();
  absl::Status Commit();
  void FillAcceptable();

  Rng rng_;
  Rng sampling_;  // apart, so that the history does not depend on how much is sampled
  SimDatabase database_;
  const std::vector<Contents> acceptable_at_open_;
  uint64_t sample_one_in_ = 1;
  bool is_open_ = false;
  std::vector<Contents> states_;  // states_[k]: after k commits of this life
  size_t acknowledged_ = 0;
  std::vector<CrashPoint> points_;
  std::vector<Moment> moments_;  // of each point
};

}  // namespace aeternus::stress

#endif  // AETERNUS_STRESS_CRASH_LIFE_H_
