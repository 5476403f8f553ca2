// A chain of logs in "db" of a simulated disk, with a segment made for each log and batches of the next LSNs to append:
// what fixtures of the chain are made of.
//
//   class LogChainTest : public ::testing::Test, protected LogChainOnDisk { ... };
//
// Thread safety: as LogChain; Append and Seal are the writer's.
#ifndef AETERNUS_ENGINE_TESTING_LOG_CHAIN_ON_DISK_H_
#define AETERNUS_ENGINE_TESTING_LOG_CHAIN_ON_DISK_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/file_identity.h"
#include "base/types.h"
#include "engine/log_chain.h"
#include "env/testing/sim_file_system.h"
#include "wal/writer.h"

namespace aeternus::testing {

class LogChainOnDisk {
 protected:
  static constexpr DatabaseId kDatabase{77};

  LogChainOnDisk();

  static std::string PathOf(FileNumber number);
  // A segment of the next number.
  absl::StatusOr<std::unique_ptr<wal::Writer>> MakeSegment();
  // Appends one batch of `count` LSNs, the next ones.
  absl::Status Append(const std::string& payload, uint32_t count = 1);

  env::testing::SimFileSystem fs_;
  uint64_t next_number_ = 1;
  uint64_t allocate_bytes_ = 4096;
  wal::Writer::Head head_ = wal::Writer::Head::kSynced;
  LogChain chain_;
  uint64_t last_lsn_ = 0;
  bool wrote_ = false;  // of the last call that says so
};

}  // namespace aeternus::testing

#endif  // AETERNUS_ENGINE_TESTING_LOG_CHAIN_ON_DISK_H_
