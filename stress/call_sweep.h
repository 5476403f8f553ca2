// A sweep over the calls that a script makes of its disk: a life of the database for each call, in which that one fails
// (faulty_life.h says what must hold then).
//
//   SweepEveryCall(kEngineShell, WrittenScript(), kFailureModes[0], ReplayCommand(std::nullopt));
//
// Thread safety: one sweep at a time in a process; it reports to the test that runs.
#ifndef AETERNUS_STRESS_CALL_SWEEP_H_
#define AETERNUS_STRESS_CALL_SWEEP_H_

#include <string_view>

#include "env/testing/sim_file_system.h"
#include "stress/io_script.h"
#include "stress/io_shell.h"

namespace aeternus::stress {

struct FailureMode {
  const char* name;
  env::testing::Fault fault;
  bool for_good;
  const char* text;
};

inline constexpr FailureMode kFailureModes[] = {
    {"IoErrorOnce", env::testing::Fault::kIoError, false, "EIO once"},
    {"IoErrorForGood", env::testing::Fault::kIoError, true, "EIO for good"},
    {"NoSpaceOnce", env::testing::Fault::kNoSpace, false, "ENOSPC once"},
    {"NoSpaceForGood", env::testing::Fault::kNoSpace, true, "ENOSPC for good"},
    {"PartOnce", env::testing::Fault::kFailAfterPart, false, "EIO after a part once"},
    {"PartForGood", env::testing::Fault::kFailAfterPart, true, "EIO after a part for good"},
    {"ReadOnlyForGood", env::testing::Fault::kReadOnly, true, "read-only for good"}};

// Fails the test at the first life that goes wrong, naming its call and `replay`; prints what was met. Under a
// sanitizer one call in so many is swept (base/testing/sanitizer.h).
void SweepEveryCall(const IoShellKind& shell, const IoScript& script, const FailureMode& mode, std::string_view replay);

}  // namespace aeternus::stress

#endif  // AETERNUS_STRESS_CALL_SWEEP_H_
