// LevelDB as a subject, in memory. It has no range deletes: the keys that are there are deleted one by one, in the same
// batch. Nor do its iterators know bounds, SeekForPrev or Refresh, which the adapter makes of what they know.
#ifndef AETERNUS_STRESS_PEERS_LEVELDB_SUBJECT_H_
#define AETERNUS_STRESS_PEERS_LEVELDB_SUBJECT_H_

#include <memory>

#include "absl/status/statusor.h"
#include "stress/differential/subject.h"

namespace aeternus::stress {

absl::StatusOr<std::unique_ptr<Subject>> OpenLevelDb();

}  // namespace aeternus::stress

#endif  // AETERNUS_STRESS_PEERS_LEVELDB_SUBJECT_H_
