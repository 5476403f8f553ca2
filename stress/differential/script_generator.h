// Draws scripts. A seed decides everything: which keys there are, how the kinds of steps are mixed, how large values
// become. Keys are of all the sorts that have ever caused trouble: short ones, ones with a long common prefix, prefixes
// of one another, binary ones around 0x00 and 0xff, long ones. Every put has a value of its own, except empty ones.
#ifndef AETERNUS_STRESS_DIFFERENTIAL_SCRIPT_GENERATOR_H_
#define AETERNUS_STRESS_DIFFERENTIAL_SCRIPT_GENERATOR_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "stress/differential/step.h"
#include "stress/rng.h"

namespace aeternus::stress {

// At most `count` different keys, sorted, none empty.
std::vector<std::string> DrawKeys(Rng& rng, size_t count);

Script DrawScript(uint64_t seed, size_t steps);

}  // namespace aeternus::stress

#endif  // AETERNUS_STRESS_DIFFERENTIAL_SCRIPT_GENERATOR_H_
