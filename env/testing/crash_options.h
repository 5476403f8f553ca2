// How a crash treats what was written but not synced, and what it did. Part of sim_file_system.h, which explains it.
#ifndef AETERNUS_ENV_TESTING_CRASH_OPTIONS_H_
#define AETERNUS_ENV_TESTING_CRASH_OPTIONS_H_

#include <cstdint>
#include <string>
#include <vector>

namespace aeternus::env::testing {

// One thing that a crash may lose alone.
enum class ItemKind {
  kSector,      // what one write put into one sector of 512 bytes
  kAllocation,  // a file grew without being written
  kCreation,    // a name for a new file
  kDeletion,
  kRename,
};

struct UnsyncedItem {
  ItemKind kind;
  std::string path;     // of the file; of a rename, the new name
  uint64_t offset = 0;  // of the bytes written; of an allocation, where the file ends then
  uint64_t size_bytes = 0;
  // No byte of the sector was synced: it may come back torn, zeroed or as garbage.
  bool may_be_damaged = false;
};

// What becomes of an item. The last three are for items that may be damaged; others are dropped then.
enum class ItemFate {
  kDropped,  // as if it had not happened
  kKept,
  kTorn,  // some bytes at its begin or its end were written
  kZeroed,
  kGarbage,  // of the whole sector
};

enum class CrashMode {
  kDropAll,  // only what was synced survives
  kKeepAll,  // everything written survives, as after kill -9, except what a failed sync lost
  kRandom,   // each item has a fate, and writes to a file an order, as the seed says
  kChosen,   // item i has fate `fates[i]`; items beyond are dropped
};

struct CrashOptions {
  CrashMode mode = CrashMode::kRandom;
  uint64_t seed = 0;                 // of kRandom; of kChosen, where a write is torn and what garbage is
  std::vector<ItemFate> fates = {};  // of kChosen, in the order of SimFileSystem::UnsyncedItems
};

// What a crash did, in items.
struct CrashCounts {
  // Sectors and allocations.
  uint64_t kept = 0, dropped = 0, torn = 0, zeroed = 0, garbage = 0;
  // Of those kept: an earlier item of the same file was lost, or took effect after this one.
  uint64_t reordered = 0;
  // Directories.
  uint64_t entries_kept = 0, creations_lost = 0, renames_undone = 0, deletions_undone = 0;
};

}  // namespace aeternus::env::testing

#endif  // AETERNUS_ENV_TESTING_CRASH_OPTIONS_H_
