// While it lives, the library has that bug (base/planted_bug.h); in release builds it stays without. One at a time, and
// made and destroyed while no other thread uses the library.
//
//   const ScopedPlantedBug bug(PlantedBug::kLsnReused);
//   ... a harness has to find it ...
#ifndef AETERNUS_BASE_TESTING_SCOPED_PLANTED_BUG_H_
#define AETERNUS_BASE_TESTING_SCOPED_PLANTED_BUG_H_

#include "base/planted_bug.h"

namespace aeternus {

class ScopedPlantedBug {
 public:
  explicit ScopedPlantedBug(PlantedBug bug) { Plant(bug); }
  ~ScopedPlantedBug() { Plant(PlantedBug::kNone); }
  ScopedPlantedBug(const ScopedPlantedBug&) = delete;
  ScopedPlantedBug& operator=(const ScopedPlantedBug&) = delete;

 private:
#ifdef NDEBUG
  static void Plant(PlantedBug) {}
#else
  static void Plant(PlantedBug bug) { planted_bug_internal::planted.store(bug); }
#endif
};

}  // namespace aeternus

#endif  // AETERNUS_BASE_TESTING_SCOPED_PLANTED_BUG_H_
