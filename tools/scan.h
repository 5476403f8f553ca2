// The scan of the command line: an iterator, a pattern to filter by, a limit. Constant memory.
//
// Thread safety: one thread at a time.
#ifndef AETERNUS_TOOLS_SCAN_H_
#define AETERNUS_TOOLS_SCAN_H_

#include <cstdint>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "aeternus/iterator.h"
#include "re2/re2.h"
#include "tools/key_range.h"

namespace aeternus::tools {

struct ScanOptions {
  bool reverse = false;
  uint64_t limit = 0;          // matches to report at most; 0: all
  const RE2* match = nullptr;  // null: everything matches; outlives the scan
};

struct ScanCounts {
  uint64_t scanned = 0;  // pairs that the iterator came to
  uint64_t matched = 0;
};

// The bounds with which an iterator reads `range`. Needs a range that is not empty.
IteratorOptions BoundsOf(const KeyRange& range);

// Goes through `it`, which is bounded already, and hands each matching pair to `emit`; ends at the end, at the limit,
// or with the first error of either.
absl::StatusOr<ScanCounts> Scan(Iterator& it, const ScanOptions& options,
                                absl::FunctionRef<absl::Status(std::string_view key, std::string_view value)> emit);

}  // namespace aeternus::tools

#endif  // AETERNUS_TOOLS_SCAN_H_
