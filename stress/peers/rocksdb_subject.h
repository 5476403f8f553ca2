// RocksDB as a subject, in memory, with small buffers so that it flushes and compacts.
#ifndef AETERNUS_STRESS_PEERS_ROCKSDB_SUBJECT_H_
#define AETERNUS_STRESS_PEERS_ROCKSDB_SUBJECT_H_

#include <memory>

#include "absl/status/statusor.h"
#include "stress/differential/subject.h"

namespace aeternus::stress {

absl::StatusOr<std::unique_ptr<Subject>> OpenRocksDb();

}  // namespace aeternus::stress

#endif  // AETERNUS_STRESS_PEERS_ROCKSDB_SUBJECT_H_
