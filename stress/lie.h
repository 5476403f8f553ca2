// Calls that a disk only pretends to make: they do nothing and report success, as if the engine had forgotten them. For
// tests of the tests: each of these has to be noticed.
//
//   CrashExplorer explorer({.lie = [&lie] { return LiesOf(lie); }});
#ifndef AETERNUS_STRESS_LIE_H_
#define AETERNUS_STRESS_LIE_H_

#include <functional>
#include <string_view>

#include "env/testing/sim_file_system.h"

namespace aeternus::stress {

struct Lie {
  std::string_view name;  // of what is missing, as of a test case
  env::testing::FileOp op;
  std::string_view path_part;
  // Of syncs of a directory: only of those for which the last name made or changed before has this in it.
  std::string_view last_name_part = "";
};

inline constexpr Lie kLies[] = {
    {"LogSync", env::testing::FileOp::kSync, ".log"},
    {"TableSync", env::testing::FileOp::kSync, ".sst"},
    {"ManifestSync", env::testing::FileOp::kSync, "/MANIFEST-"},
    {"CurrentSync", env::testing::FileOp::kSync, "/CURRENT"},
    {"DirectorySyncBehindLog", env::testing::FileOp::kSyncDirectory, "", ".log"},
    {"DirectorySyncBehindTable", env::testing::FileOp::kSyncDirectory, "", ".sst"},
    {"DirectorySyncBehindCurrent", env::testing::FileOp::kSyncDirectory, "", "/CURRENT"},
    {"RewritingOfRecoveredFrames", env::testing::FileOp::kWriteAt, ".log"},
};

// The fault rule of a disk that tells that lie; of one disk, because it remembers the calls it has seen.
std::function<env::testing::Fault(const env::testing::FileCall&)> LiesOf(const Lie& lie);

}  // namespace aeternus::stress

#endif  // AETERNUS_STRESS_LIE_H_
