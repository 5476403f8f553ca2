// Runs a script on a database and on a model of it, a std::map with a copy for every snapshot and iterator, and
// compares every answer.
#ifndef AETERNUS_STRESS_DIFFERENTIAL_SCRIPT_RUNNER_H_
#define AETERNUS_STRESS_DIFFERENTIAL_SCRIPT_RUNNER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "stress/differential/step.h"
#include "stress/differential/subject.h"

namespace aeternus::stress {

// The first answer that is not the model's.
struct Difference {
  size_t step = 0;   // its index; the size of the script: the comparison at the end
  std::string what;  // what was answered and what was expected
};

struct RunCounts {
  uint64_t operations = 0;       // steps
  uint64_t states_compared = 0;  // whole visible states
  uint64_t answers_compared = 0;
};

// `subject` is new. At the end all that is still there is compared: the present and every snapshot.
std::optional<Difference> RunScript(const Script& script, Subject& subject, RunCounts& counts);

}  // namespace aeternus::stress

#endif  // AETERNUS_STRESS_DIFFERENTIAL_SCRIPT_RUNNER_H_
