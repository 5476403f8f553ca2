// Explores every state that the bounds allow, nearest first: a violation comes with the shortest way to it.
#ifndef AETERNUS_STRESS_DURABILITY_MODEL_EXPLORER_H_
#define AETERNUS_STRESS_DURABILITY_MODEL_EXPLORER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "stress/durability_model/rules.h"

namespace aeternus::durability_model {

struct Violation {
  std::string what;
  std::vector<std::string> steps;  // from an empty database to it
};

struct Outcome {
  uint64_t states = 0;       // expanded
  uint64_t damages = 0;      // damaged disks that were opened
  bool is_complete = false;  // everything within the bounds was explored, or a violation found
  std::optional<Violation> violation;
};

Outcome Explore(const Bounds& bounds, const Rules& rules);

}  // namespace aeternus::durability_model

#endif  // AETERNUS_STRESS_DURABILITY_MODEL_EXPLORER_H_
