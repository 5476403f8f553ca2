// Our own two shells as subjects, on a simulated disk, and the ways in which a run varies what must make no difference:
// options, when and in which order there is flushing and compacting, when and how it is reopened.
//
//   Rng rng(seed);
//   std::unique_ptr<Subject> subject = OpenEngine(DrawEngineVariant(rng)).value();
#ifndef AETERNUS_STRESS_DIFFERENTIAL_AETERNUS_SUBJECT_H_
#define AETERNUS_STRESS_DIFFERENTIAL_AETERNUS_SUBJECT_H_

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "aeternus/options.h"
#include "stress/differential/step.h"
#include "stress/differential/subject.h"
#include "stress/rng.h"

namespace aeternus::stress {

enum class ReopenPoints {
  kAsTold,
  kNever,  // reopening is left out, the releasing of snapshots and iterators is not
  kMore,   // also of its own accord, after a number of writes, when no reader is alive
};

template <typename Config>
struct Variant {
  std::vector<Config> configs = {Config{}};  // one for each time it is opened, again from the front after the last
  ReopenPoints reopen_points = ReopenPoints::kAsTold;
  bool pins_values = false;  // reads through PinnedValue
  // Engine only. What is done for each kind of maintenance that the script asks for; its own kind when untouched.
  std::array<Maintenance, kMaintenanceKinds> does = {Maintenance::kFreeze,           Maintenance::kFlushOldest,
                                                     Maintenance::kFlushAll,         Maintenance::kMinorCompact,
                                                     Maintenance::kTombstoneCompact, Maintenance::kMajorCompact};
  // Engine only. After every so many writes one kind after another, of its own accord; 0: never.
  int maintains_every = 0;
};
using EngineVariant = Variant<EngineConfig>;
using DbVariant = Variant<DbConfig>;

EngineVariant DrawEngineVariant(Rng& rng);
DbVariant DrawDbVariant(Rng& rng);
// In one line, everything that is not as by default.
std::string Describe(const EngineVariant& variant);
std::string Describe(const DbVariant& variant);

absl::StatusOr<std::unique_ptr<Subject>> OpenEngine(const EngineVariant& variant);
absl::StatusOr<std::unique_ptr<Subject>> OpenDb(const DbVariant& variant);

}  // namespace aeternus::stress

#endif  // AETERNUS_STRESS_DIFFERENTIAL_AETERNUS_SUBJECT_H_
