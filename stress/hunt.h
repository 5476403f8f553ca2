// The harnesses of this suite in small, as libraries: each looks for what is wrong piece by piece, the same pieces in
// the same order every time, so that what it takes to find a bug can be counted, and done again without the bug.
//
//   std::unique_ptr<Hunt> hunt = NewHunt(Harness::kSchedules);
//   while (!hunt->is_over()) {
//     if (const std::optional<std::string> wrong = hunt->Next()) ... *wrong, hunt->Extent() ...
//   }
//
// Thread safety: one hunt at a time in a process, by one thread.
#ifndef AETERNUS_STRESS_HUNT_H_
#define AETERNUS_STRESS_HUNT_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "stress/lie.h"

namespace aeternus::stress {

enum class Harness {
  kCrashEnumeration,  // crash_explorer.h: a sequence of steps, its crashes and some crashes behind those
  kSchedules,         // schedule.h: a schedule of threads and its history; none in release builds
  kDifferential,      // differential/script_runner.h: a script, by default and twice under random options
  kIoErrors,          // faulty_life.h: a life in which one call fails
  kDamage,            // damage_checker.h: one bit of a file flipped
};
std::string_view HarnessName(Harness harness);

class Hunt {
 public:
  virtual ~Hunt() = default;
  // Whether the bounds of this harness in small are reached.
  virtual bool is_over() const = 0;
  // Does the next piece. What was wrong, if anything was; then the hunt has ended.
  virtual std::optional<std::string> Next() = 0;
  // How much was done so far: "312 crash states".
  virtual std::string Extent() const = 0;
};

// `lie`, which lives as long, is for the crash enumeration: what its disks lie about. Null: nothing.
std::unique_ptr<Hunt> NewHunt(Harness harness, const Lie* lie = nullptr);

}  // namespace aeternus::stress

#endif  // AETERNUS_STRESS_HUNT_H_
