// The rows of the table, in groups: a group is what one process measures one after another, because its later rows need
// the database that the earlier ones leave. Every group begins with no database.
//
//   for (const Group& group : AllGroups()) { ... group.run(trial) ... }
#ifndef AETERNUS_BENCH_GROUPS_H_
#define AETERNUS_BENCH_GROUPS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "bench/trial.h"

namespace aeternus::bench {

struct Group {
  std::string name;
  std::vector<std::string> rows;
  absl::Status (*run)(Trial& trial) = nullptr;
  // What a process before it does, if anything, which then ends without closing what it has left open.
  absl::Status (*prepare)(Trial& trial) = nullptr;
};

std::vector<Group> FillGroups();    // fills.cc: writers only, and compaction of everything
std::vector<Group> ReadGroups();    // reads.cc: point reads and scans of what a fill leaves
std::vector<Group> YcsbGroups();    // ycsb.cc
std::vector<Group> DeleteGroups();  // deletes.cc: range deletes, and the scan after them
std::vector<Group> OpenGroups();    // opens.cc: recovery, and a database of many tables

std::vector<Group> AllGroups();

}  // namespace aeternus::bench

#endif  // AETERNUS_BENCH_GROUPS_H_
