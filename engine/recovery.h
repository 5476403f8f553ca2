// What the logs of a directory hold, and where their chain ends (docs/durability.md, "Replay"; rule names in brackets
// are the model's). Reads only: nothing on disk changes here, whatever is found.
//
// The answer is one of
//   - a Replay: everything acknowledged is in it; what lies behind its end is a torn tail and may be discarded
//   - DataLoss: something proves that acknowledged bytes are missing, or a file says what the manifest contradicts
#ifndef AETERNUS_ENGINE_RECOVERY_H_
#define AETERNUS_ENGINE_RECOVERY_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/types.h"
#include "env/file_system.h"
#include "manifest/manifest.h"
#include "memtable/memtable.h"

namespace aeternus {

struct ReplayedLog {
  FileNumber number;
  uint64_t end_offset = 0;             // of its last batch
  std::shared_ptr<Memtable> memtable;  // its entries; may be empty
};

struct Replay {
  std::vector<ReplayedLog> logs;  // the chain, oldest first
  Lsn last_lsn;                   // of everything recovered, tables included
  Lsn max_lsn;                    // the largest found anywhere, discarded frames included; feeds only the counter
  bool proven_durable = false;    // a seal says that all of it is on disk: no rewrite needed

  bool holds_entries() const;
};

// `log_numbers`: every log file in `dir`, ascending.
absl::StatusOr<Replay> ReplayLogs(env::FileSystem* file_system, const std::string& dir, const ManifestState& manifest,
                                  const std::vector<FileNumber>& log_numbers,
                                  const std::function<std::shared_ptr<Memtable>()>& new_memtable);

// Writes the replayed frames again, in place, and syncs them: a sync alone proves nothing after an earlier failed sync
// left clean pages that are not on disk [REWRITE].
absl::Status MakeReplayDurable(env::FileSystem* file_system, const std::string& dir, const Replay& replay);

}  // namespace aeternus

#endif  // AETERNUS_ENGINE_RECOVERY_H_
