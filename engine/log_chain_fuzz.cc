// The link by which a log names its predecessor.
#include <string>
#include <string_view>
#include <vector>

#include "absl/log/check.h"
#include "absl/status/statusor.h"
#include "base/testing/fuzz.h"
#include "base/types.h"
#include "engine/log_chain.h"

namespace aeternus::fuzzing {

bool DecodeAndCheck(std::string_view input) {
  const absl::StatusOr<LogLink> link = DecodeLogLink(input, "fuzz", 0);
  if (!link.ok()) return false;
  CHECK_EQ(EncodeLogLink(*link), input);
  return true;
}

std::vector<Seed> Seeds() {
  return {{"first_log", EncodeLogLink({})},
          {"later_log", EncodeLogLink({.predecessor = FileNumber(12), .end_offset = 4096, .last_lsn = Lsn(77)})}};
}

}  // namespace aeternus::fuzzing
