#include "base/planted_bug.h"

#ifndef NDEBUG
namespace aeternus::planted_bug_internal {

std::atomic<PlantedBug> planted{PlantedBug::kNone};

}  // namespace aeternus::planted_bug_internal
#endif
