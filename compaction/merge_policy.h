// What a merge has to respect when it leaves things out.
#ifndef AETERNUS_COMPACTION_MERGE_POLICY_H_
#define AETERNUS_COMPACTION_MERGE_POLICY_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "base/types.h"

namespace aeternus::compaction {

// Answers whether anything outside the inputs, in a table with min LSN < `below`, is hidden by a tombstone at `below`.
// Tables of the inputs and memtables (which are newer by the flush-order rule) are not asked.
class OlderVersions {
 public:
  virtual ~OlderVersions() = default;
  virtual absl::StatusOr<bool> HoldKey(std::string_view key, Lsn below) = 0;
  virtual absl::StatusOr<bool> HoldKeyInRange(std::string_view start, const std::optional<std::string>& end,
                                              Lsn below) = 0;
};

struct MergePolicy {
  std::vector<Lsn> snapshots;               // live snapshots, ascending; the present needs no entry
  OlderVersions* older_versions = nullptr;  // not null: tombstones may be dropped
  bool drop_range_tombstones = true;        // false: range tombstones go only when newer ones shadow them
};

}  // namespace aeternus::compaction

#endif  // AETERNUS_COMPACTION_MERGE_POLICY_H_
