// How a crash treats what was written but not synced. Part of sim_file_system.h, which explains it.
#ifndef AETERNUS_ENV_TESTING_CRASH_OPTIONS_H_
#define AETERNUS_ENV_TESTING_CRASH_OPTIONS_H_

#include <cstdint>

namespace aeternus::env::testing {

// How a crash treats each unsynced item: one 512 B sector of one write, one allocation, or one change of a directory
// (a creation, deletion or rename).
enum class CrashMode {
  kDropAll,  // only what was synced survives
  kKeepAll,  // everything written survives, as after kill -9, except what a failed sync lost
  kRandom,   // each item kept, dropped, torn, zeroed or (sectors never synced) garbage, as the seed says
  kMask,     // item i survives iff bit i of `mask` is set; items count in the order in which they were made
};

struct CrashOptions {
  CrashMode mode = CrashMode::kRandom;
  uint64_t seed = 0;
  uint64_t mask = 0;
};

}  // namespace aeternus::env::testing

#endif  // AETERNUS_ENV_TESTING_CRASH_OPTIONS_H_
