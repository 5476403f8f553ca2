#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/log/check.h"
#include "absl/status/statusor.h"
#include "base/hash.h"
#include "base/testing/fuzz.h"
#include "bloom/filter.h"

namespace aeternus::fuzzing {

bool DecodeAndCheck(std::string_view input) {
  const absl::StatusOr<bloom::FilterView> filter = bloom::FilterView::Parse(input);
  if (!filter.ok()) return false;
  // The hashes that choose the first and the last line and bit, and some between.
  for (const uint64_t hash : {uint64_t{0}, UINT64_MAX, uint64_t{UINT32_MAX}, UINT64_MAX << 32, StableHash(input)}) {
    filter->Prefetch(hash);
    const bool may_contain = filter->MayContain(hash);
    CHECK_EQ(filter->MayContain(hash), may_contain);
  }
  return true;
}

std::vector<Seed> Seeds() {
  const auto filter = [](double bits_per_key, int keys) {
    bloom::FilterBuilder builder(bits_per_key);
    for (int i = 0; i < keys; ++i) builder.Add(StableHash(std::to_string(i)));
    return builder.Finish();
  };
  return {{"one_line", filter(10, 3)}, {"three_lines", filter(12, 120)}, {"one_probe", filter(0.5, 1)}};
}

}  // namespace aeternus::fuzzing
