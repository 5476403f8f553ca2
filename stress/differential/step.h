// The operations of a differential run, as data: a script is a list of steps that any database can be told to do, that
// can be cut into any shorter list and still makes sense, and that can be printed.
//
//   Script script = DrawScript(/*seed=*/7, /*steps=*/1000);            // script_generator.h
//   std::optional<Difference> d = RunScript(script, *subject, counts);  // script_runner.h
//   for (const Step& step : script) std::puts(Describe(step).c_str());
//
// Snapshots and cursors live in numbered slots. So that a script may lose any of its steps, a step that finds its slot
// empty reads the present or does nothing, and one that fills a slot empties it first.
#ifndef AETERNUS_STRESS_DIFFERENTIAL_STEP_H_
#define AETERNUS_STRESS_DIFFERENTIAL_STEP_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "aeternus/iterator.h"
#include "stress/write_spec.h"

namespace aeternus::stress {

inline constexpr int kSnapshotSlots = 5;
inline constexpr int kCursorSlots = 4;
inline constexpr int kPresent = -1;  // in the place of a snapshot's slot: as of now

struct MoveSpec {
  enum class Kind { kFirst, kLast, kSeek, kSeekForPrev, kNext, kPrev };
  Kind kind = Kind::kFirst;
  std::string target;  // kSeek, kSeekForPrev
};

// What a database is asked to do to its own shape. What it makes of it is its own affair: contents must not change.
enum class Maintenance { kFreeze, kFlushOldest, kFlushAll, kMinorCompact, kTombstoneCompact, kMajorCompact };
inline constexpr int kMaintenanceKinds = 6;

struct Step {
  enum class Kind {
    kWrite,            // writes, sync; more or fewer writes than one are a batch
    kGet,              // key, snapshot
    kScan,             // bounds, snapshot, backward
    kTakeSnapshot,     // snapshot; compares the whole state
    kReleaseSnapshot,  // snapshot; compares the whole state first
    kCompare,          // snapshot, backward: the whole state, and what Verify says
    kOpenCursor,       // cursor, snapshot, bounds
    kMoveCursor,       // cursor, moves: Next and Prev of a cursor that stands nowhere are left out
    kRefreshCursor,    // cursor
    kCloseCursor,      // cursor
    kMaintain,         // maintenance
    kPassTime,         // an hour goes by
    kReopen,           // by_close; empties all slots
  };
  Kind kind = Kind::kGet;
  std::vector<WriteSpec> writes = {};
  bool sync = false;
  std::string key = {};
  IteratorOptions bounds = {};
  int snapshot = kPresent;
  bool backward = false;
  int cursor = 0;
  std::vector<MoveSpec> moves = {};
  Maintenance maintenance = Maintenance::kFreeze;
  bool by_close = true;  // else destroyed as it is
};

using Script = std::vector<Step>;

// One line: put "a\000" = 17 (40 bytes), sync
std::string Describe(const Step& step);
// All of them, numbered, a line each.
std::string Describe(const Script& script);
// Steps that ask for a little less than `step` does: without one of its writes or moves, with a shorter value. For
// making a counterexample simpler once no step can be left out of it.
std::vector<Step> SimplerSteps(const Step& step);

}  // namespace aeternus::stress

#endif  // AETERNUS_STRESS_DIFFERENTIAL_STEP_H_
