// Range deletes of a hundred keys each, all over a database that has settled, and the scan of what they leave.
#include <algorithm>
#include <string_view>
#include <vector>

#include "bench/groups.h"
#include "bench/steps.h"

namespace aeternus::bench {
namespace {

constexpr uint64_t kRangeKeys = 100;
constexpr uint64_t kKeysPerRange = 250;  // of which the rest stay

absl::Status DeleteRanges(Trial& trial) {
  AETERNUS_RETURN_IF_ERROR(trial.Open());
  AETERNUS_RETURN_IF_ERROR(FillToRead(trial));
  AETERNUS_RETURN_IF_ERROR(WarmUp(trial));
  const uint64_t ranges = trial.key_count() / kKeysPerRange;
  const std::vector<uint32_t> order = Shuffled(ranges);
  const Phase phase{.row = "delete_range", .operations = ranges, .writes = true};
  AETERNUS_RETURN_IF_ERROR(trial.Measure(phase, [&](Session* session, uint64_t i) {
    const uint64_t first = order[i] * kKeysPerRange;
    char start[KeySpace::kBytes];
    char end[KeySpace::kBytes];
    return session->DeleteRange(trial.keys().Write(first, start), trial.keys().Write(first + kRangeKeys, end));
  }));
  AETERNUS_RETURN_IF_ERROR(MeasureScan(trial, "scan_after_delete_range", trial.key_count() - ranges * kRangeKeys));
  return trial.Close();
}

}  // namespace

std::vector<Group> DeleteGroups() {
  return {{.name = "delete_range", .rows = {"delete_range", "scan_after_delete_range"}, .run = DeleteRanges}};
}

}  // namespace aeternus::bench
