// Which processes a run consists of, in which order, and how long the rest of them may take.
//
//   absl::StatusOr<std::vector<std::string>> engines = Selected("aeternus,lmdb", {"aeternus", "rocksdb", ...},
//   "engine"); std::vector<Step> steps = PlanSteps(AllGroups(), wanted_rows, engines, 3); Eta eta(steps);
//   ... eta.Done(step, seconds);
//   double left = eta.SecondsLeft();
//
// Thread safety: one thread at a time.
#ifndef AETERNUS_BENCH_PLAN_H_
#define AETERNUS_BENCH_PLAN_H_

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "bench/groups.h"
#include "bench/store.h"

namespace aeternus::bench {

// The names that `list` chooses, in the order of `names`: separated by commas, each whole, or the beginning of one or
// more names followed by '*'. An empty list chooses all. InvalidArgument for a word that chooses nothing; `kind` says
// of what.
absl::StatusOr<std::vector<std::string>> Selected(std::string_view list, const std::vector<std::string>& names,
                                                  std::string_view kind);

// One process (or two, where a group has to be prepared).
struct Step {
  int repetition = 0;  // from 1
  std::string group;
  std::string engine;
};

// Interleaved, so that what disturbs the machine for a while disturbs all engines: for each repetition, for each group,
// each engine; the order of engines turns from one repetition to the next. Leaves out groups without a wanted row, and
// engines that lack all of a group's wanted ones.
std::vector<Step> PlanSteps(const std::vector<Group>& groups, const std::vector<std::string>& wanted_rows,
                            const std::vector<Engine>& engines, int repetitions);

// Expects a step to take as long as the last one of the same engine and group, or the mean of all while there is none.
class Eta {
 public:
  explicit Eta(std::vector<Step> steps) : steps_(std::move(steps)) {}

  // The next step is done.
  void Done(double seconds);
  // 0 while nothing is known.
  double SecondsLeft() const;

 private:
  const std::vector<Step> steps_;
  size_t done_ = 0;
  double seconds_of_all_ = 0;
  std::map<std::pair<std::string, std::string>, double> seconds_of_;  // by engine and group
};

}  // namespace aeternus::bench

#endif  // AETERNUS_BENCH_PLAN_H_
