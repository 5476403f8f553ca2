// Bugs that the library can be told to have, so that the harnesses that look for such bugs are held to finding them:
//
//   if (!IsPlanted(PlantedBug::kTombstoneDroppedEarly)) ...
//
// What the store forgets to ask of the file system is not here: a disk that lies shows it as well
// (env/testing/sim_file_system.h). A bug is planted with base/testing/scoped_planted_bug.h, caught in
// stress/planted_bugs_test.cc. In release builds (NDEBUG) no bug can be planted, and nothing is left of the question.
//
// Thread safety: any number of threads may ask.
#ifndef AETERNUS_BASE_PLANTED_BUG_H_
#define AETERNUS_BASE_PLANTED_BUG_H_

#ifndef NDEBUG
#include <atomic>
#endif

namespace aeternus {

// Names in brackets are rules of docs/durability.md, numbers invariants of docs/architecture.md.
enum class PlantedBug {
  kNone,
  // Committing.
  kAcknowledgedBeforeSync,  // a write that asks for a sync returns without one
  kNewLogSyncedBeforeOld,   // ... with one of the active log alone, whatever its elders have in memory [WAIT_OLDER]
  kFailedSyncRetried,       // ... after a second sync, which a kernel may pass because it has dropped the data
  kFailureForgotten,        // after a failed sync the database goes on [SYNCFAIL_FINAL]
  kPublishedBeforeApplied,  // a commit can be seen before all of it is in the memtable (2)
  kFailedEngineSeals,       // and so proves what it cannot know [FAILED_NO_SEAL]
  // Flushing and compacting.
  kLogsDeletedBeforeEdit,    // a flush deletes its logs before the manifest has the table
  kInputsDeletedBeforeEdit,  // a compaction its input tables
  kFlushIgnoresSnapshots,    // versions that only a snapshot sees are dropped (4)
  kCompactionIgnoresSnapshots,
  kTombstoneDroppedEarly,  // while an older table still holds what it hides
  // Recovering.
  kCutIgnored,              // logs that an earlier recovery discarded are live again [CUT_DROPS]
  kRecoveredLogLeftOpen,    // no cut is recorded, as if a recovered log could go on [CUT_AT_OPEN]
  kSyncedLsnFromDiscarded,  // frames that were thrown away count as synced [SYNC0_IS_CUT]
  kLsnReused,               // the first write after opening has the LSN of the last one before (3)
  kWitnessesIgnored,        // what a later frame knows to have been synced is not missed (6)
  // Reading.
  kLsnLoadedBeforeView,        // a flush in between drops what is visible at that LSN
  kSnapshotTakenUnregistered,  // its LSN is drawn before a merge can know of it
  kFirstTableAnswers,          // the first table with a version of the key, though a later one may have a newer
  kAgeByTableNumber,           // tables are looked at by descending number
  kTombstonesOutsideBounds,    // the bounds of a table are those of its points
  kTablesTombstonesSkipped,    // a get does not ask tables for range tombstones
  kBlockChecksumIgnored,       // a damaged block is read all the same (7)
  kIteratorErrorSwallowed,     // an iterator that met an error looks as if it had come to the end
  kCount,
};

#ifdef NDEBUG
inline constexpr bool kBugsCanBePlanted = false;
constexpr bool IsPlanted(PlantedBug) { return false; }
#else
inline constexpr bool kBugsCanBePlanted = true;
namespace planted_bug_internal {
extern std::atomic<PlantedBug> planted;  // one for the process: the library asks from anywhere, and only tests set it
}
inline bool IsPlanted(PlantedBug bug) { return planted_bug_internal::planted.load(std::memory_order_relaxed) == bug; }
#endif

}  // namespace aeternus

#endif  // AETERNUS_BASE_PLANTED_BUG_H_
