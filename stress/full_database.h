// A small database that holds every kind of file and of block, for tests that damage it:
//
//   CURRENT; a manifest of several edits
//   tables: of several data blocks, with filter, index and properties; with a tombstone block besides; with a tombstone
//           block alone; with a key whose versions span blocks
//   logs:   a chain of three that no table covers, with links, batches of one and of several operations, and seals;
//           written with and without sync, the last writes of each kind; and one that was prepared and never used
//
//   FullDatabase full = MakeFullDatabase(Ending::kClosed);
//   Machine damaged = full.machine.AfterKill();              // a copy
//   damaged.FlipBit(damaged.Logs()[0], 1000);
//
// It is made the same way each time, byte for byte.
#ifndef AETERNUS_STRESS_FULL_DATABASE_H_
#define AETERNUS_STRESS_FULL_DATABASE_H_

#include <string>
#include <vector>

#include "aeternus/options.h"
#include "base/entry.h"
#include "engine/testing/machine.h"

namespace aeternus::stress {

enum class Ending {
  kClosed,  // by Close
  kKilled,  // as kill -9 leaves it
};

// One write, as it was asked for.
struct LoggedOperation {
  EntryKind kind = EntryKind::kInvalid;
  std::string key;    // of a range delete, its start
  std::string value;  // of a range delete, its end

  void ApplyTo(aeternus::testing::Contents* contents) const;
};

struct FullDatabase {
  aeternus::testing::Machine machine;       // nothing runs on it
  std::vector<LoggedOperation> operations;  // by LSN, beginning with 1
  // What can be read when the first n operations are there, and no others. The last is what a whole database holds.
  std::vector<aeternus::testing::Contents> history;
  // Every key that was ever written, and some that never were.
  std::vector<std::string> keys;

  const aeternus::testing::Contents& contents() const { return history.back(); }
};

FullDatabase MakeFullDatabase(Ending ending);
// One in its first life, with one log and no table: its manifest is a snapshot and the edit that names that log, and,
// if it was closed, the one that says so.
FullDatabase MakeYoungDatabase(Ending ending);

// How to open it.
EngineConfig FullDatabaseConfig();

}  // namespace aeternus::stress

#endif  // AETERNUS_STRESS_FULL_DATABASE_H_
