// The frames of a log file as they lie there, for tests that damage one of them.
#ifndef AETERNUS_ENGINE_TESTING_LOG_FRAMES_H_
#define AETERNUS_ENGINE_TESTING_LOG_FRAMES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/types.h"
#include "engine/testing/machine.h"
#include "wal/frame.h"

namespace aeternus::testing {

struct LogFrame {
  wal::FrameType type;
  uint64_t offset = 0;
  uint64_t end_offset = 0;
  Lsn first_lsn{};
  Lsn last_lsn{};
  Lsn synced_lsn{};
};

// The database in Machine::kDir; what its CURRENT says, so that its manifests must be readable.
DatabaseId DatabaseIdOf(Machine& machine);

// From the first frame to the first place that holds none.
std::vector<LogFrame> FramesOf(Machine& machine, const std::string& path);
// The batches among them.
std::vector<LogFrame> BatchesOf(Machine& machine, const std::string& path);
// What is left of it is no frame.
void DestroyFrame(Machine& machine, const std::string& path, const LogFrame& frame);
// The same for the batch of that index.
void DestroyBatch(Machine& machine, const std::string& path, size_t batch);

}  // namespace aeternus::testing

#endif  // AETERNUS_ENGINE_TESTING_LOG_FRAMES_H_
