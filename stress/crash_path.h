// How a crash of a scripted life is named, so that it can be made again: the steps of the life, the call before which
// power was lost, and what became of each item that was not synced; then the same of the life that followed.
//
//   pPf@41.kdz@17.D/p@60.R7
//
//   pPf   the steps (crash_script.h) after the first open; after a crash "/p": the steps after recovery
//   @41   power is lost before call number 41 of this life to the file system, counted from 0
//   .kdz  the fates of the unsynced items in their order: kept, dropped, torn, zeroed, garbage ("-": there are none);
//         D drops all, K keeps all, R7 is a random crash of seed 7
#ifndef AETERNUS_STRESS_CRASH_PATH_H_
#define AETERNUS_STRESS_CRASH_PATH_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "env/testing/sim_file_system.h"

namespace aeternus::stress {

struct CrashChoice {
  uint64_t call = 0;
  env::testing::CrashOptions options;
  std::string steps_after;
};

struct CrashPath {
  std::string steps;
  std::vector<CrashChoice> crashes;
};

std::string FormatCrashPath(const CrashPath& path);
absl::StatusOr<CrashPath> ParseCrashPath(std::string_view text);

// The crashes to try where these items are unsynced. All combinations of what each can become while there are at most
// kMostCombinations of them. Else all choices of what is kept while there are at most as many, and some random crashes.
// Else a sample: all, nothing, each item alone, all but each item (of up to kMostSingles items), and random crashes,
// more of them the more items there are.
inline constexpr size_t kMostCombinations = 64;
inline constexpr size_t kMostSingles = 16;
std::vector<env::testing::CrashOptions> CrashesToTry(const std::vector<env::testing::UnsyncedItem>& items,
                                                     uint64_t seed);

}  // namespace aeternus::stress

#endif  // AETERNUS_STRESS_CRASH_PATH_H_
