// One seeded schedule: clients (client.h) on a Db with everything that runs behind it, on a simulated machine whose
// threads run one at a time (env/testing/sim_scheduler.h), from opening to closing, opened once more, and checked
// (history.h). The same seed gives the same schedule, event for event.
//
// The seed also draws how many clients there are and what they do, the configuration, and how it ends: closed when the
// clients are done, closed while they are at it, or destroyed without being closed.
#ifndef AETERNUS_STRESS_SCHEDULE_H_
#define AETERNUS_STRESS_SCHEDULE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace aeternus::stress {

struct ScheduleResult {
  absl::Status status;  // what was wrong
  std::string history;  // of the operations, for people
  uint64_t operations = 0;
  uint64_t switches = 0;
  uint64_t steps = 0;
  uint64_t crashes = 0;  // that were opened and checked
  uint64_t flushes = 0, compactions = 0, writer_waits = 0, shared_commits = 0;
  uint64_t event_hash = 0;
  std::vector<std::string> events;  // with `keep_events`
};

// When the threads stand still, everything of the schedule stays allocated: see SimScheduler.
ScheduleResult RunSchedule(uint64_t seed, bool keep_events = false);

}  // namespace aeternus::stress

#endif  // AETERNUS_STRESS_SCHEDULE_H_
