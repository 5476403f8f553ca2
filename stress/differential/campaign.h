// A campaign: scripts by the seed, each run on several databases, until enough operations were done. The first
// difference ends it with a failure of the test that tells the seed, the command that replays it, and the shortest list
// of steps found that shows it still.
//
//   RunCampaign({.first_seed = 1, .stride = 8, .operations_min = 250'000}, EnginesFor);
#ifndef AETERNUS_STRESS_DIFFERENTIAL_CAMPAIGN_H_
#define AETERNUS_STRESS_DIFFERENTIAL_CAMPAIGN_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "stress/differential/script_runner.h"
#include "stress/differential/step.h"
#include "stress/differential/subject.h"

namespace aeternus::stress {

// One database of a campaign; `open` makes a new, empty one each time.
struct Contestant {
  std::string name;
  std::function<absl::StatusOr<std::unique_ptr<Subject>>()> open;
  // How often a script that is to show a difference may be run until it does: more than once where threads decide.
  int attempts = 1;
};

struct Campaign {
  uint64_t first_seed = 1;
  uint64_t stride = 1;          // from one seed to the next, so that shards share the seeds
  uint64_t operations_min = 0;  // steps of scripts, each counted once, however many databases it is run on
};

// A shard's part, from 0, of a full campaign: of 2,000,000 operations, and of 100,000,000 with --config=long.
inline constexpr uint64_t kCampaignShards = 8;
Campaign FullCampaign(uint64_t shard);

// The databases that the script of `seed` is run on.
using ContestantsOf = std::function<std::vector<Contestant>(uint64_t seed)>;

// With a seed from the outside (seed.h) it runs that one only. Prints what it did, a number a line, and expects that
// every deed that a contestant reports was done.
void RunCampaign(const Campaign& campaign, const ContestantsOf& contestants);

// What is left of `script`, which differs on `contestant`, once nothing more can be left out or made simpler.
Script Counterexample(const Script& script, const Contestant& contestant);

}  // namespace aeternus::stress

#endif  // AETERNUS_STRESS_DIFFERENTIAL_CAMPAIGN_H_
