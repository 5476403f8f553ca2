#include "tools/scan.h"

#include "base/status.h"

namespace aeternus::tools {

IteratorOptions BoundsOf(const KeyRange& range) {
  IteratorOptions bounds;
  if (!range.start.empty()) bounds.lower_bound = range.start;
  bounds.upper_bound = range.end;
  return bounds;
}

absl::StatusOr<ScanCounts> Scan(Iterator& it, const ScanOptions& options,
                                absl::FunctionRef<absl::Status(std::string_view, std::string_view)> emit) {
  ScanCounts counts;
  for (options.reverse ? it.SeekToLast() : it.SeekToFirst(); it.Valid(); options.reverse ? it.Prev() : it.Next()) {
    ++counts.scanned;
    if (options.match != nullptr && !RE2::PartialMatch(it.key(), *options.match)) continue;
    ++counts.matched;
    AETERNUS_RETURN_IF_ERROR(emit(it.key(), it.value()));
    if (counts.matched == options.limit) return counts;
  }
  AETERNUS_RETURN_IF_ERROR(it.status());
  return counts;
}

}  // namespace aeternus::tools
