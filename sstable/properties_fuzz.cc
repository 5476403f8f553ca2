#include <string_view>
#include <vector>

#include "absl/log/check.h"
#include "absl/status/statusor.h"
#include "base/testing/fuzz.h"
#include "sstable/properties.h"

namespace aeternus::fuzzing {

bool DecodeAndCheck(std::string_view input) {
  const absl::StatusOr<sstable::Properties> properties = sstable::DecodeProperties(input, "fuzz", 0);
  if (!properties.ok()) return false;
  CHECK_EQ(sstable::EncodeProperties(*properties), input) << "properties have one encoding";
  for (const auto& [name, value] : *properties) {
    const absl::StatusOr<uint64_t> number = sstable::ReadNumberProperty(*properties, name, "fuzz");
    if (number.ok()) CHECK_EQ(sstable::NumberProperty(*number), value);
  }
  return true;
}

std::vector<Seed> Seeds() {
  return {{"table", sstable::EncodeProperties({{sstable::kWriterProperty, "aeternus 1"},
                                               {sstable::kPutCountProperty, sstable::NumberProperty(3)},
                                               {sstable::kRawValueBytesProperty, sstable::NumberProperty(1 << 20)},
                                               {"unknown", ""}})},
          {"empty", sstable::EncodeProperties({})}};
}

}  // namespace aeternus::fuzzing
