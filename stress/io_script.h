// What a database goes through while its disk fails: a list of steps, the same for every run, so that call number i of
// one run is call number i of every other up to the first failure.
#ifndef AETERNUS_STRESS_IO_SCRIPT_H_
#define AETERNUS_STRESS_IO_SCRIPT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace aeternus::stress {

enum class Act {
  kOpen,
  kPut,
  kDelete,
  kDeleteRange,  // [key, value)
  kBatch,        // deletes key, puts key + "b"
  kFlush,
  kMinorCompact,
  kTombstoneCompact,
  kMajorCompact,
  kVerify,
  kHold,    // an iterator and a snapshot, which outlive what follows ...
  kResume,  // ... and show what they showed
  kKill,    // the process goes away without closing
  kClose,
};
std::string_view ActName(Act act);

struct IoStep {
  Act act;
  std::string key = {};
  std::string value = {};
  bool sync = true;
};
using IoScript = std::vector<IoStep>;

// Every act, every kind of call to the file system (a manifest written anew and a recovery after a kill among them),
// and reads of tables that no cache holds. Between two opens less than a write buffer of 1 KiB is left in the log.
IoScript WrittenScript();
// `steps` random ones of an open database.
IoScript RandomScript(uint64_t seed, int steps);

}  // namespace aeternus::stress

#endif  // AETERNUS_STRESS_IO_SCRIPT_H_
