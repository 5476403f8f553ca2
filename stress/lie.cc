#include "stress/lie.h"

#include <string>

#include "absl/strings/match.h"

namespace aeternus::stress {

using env::testing::Fault;
using env::testing::FileCall;
using env::testing::FileOp;

std::function<Fault(const FileCall&)> LiesOf(const Lie& lie) {
  return [lie, last_name = std::string()](const FileCall& call) mutable {
    if (call.op == FileOp::kCreate || call.op == FileOp::kRename) last_name = call.path;
    const bool is_meant = call.op == lie.op && absl::StrContains(call.path, lie.path_part) &&
                          absl::StrContains(last_name, lie.last_name_part);
    return is_meant ? Fault::kIgnored : Fault::kNone;
  };
}

}  // namespace aeternus::stress
