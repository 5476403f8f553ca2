// The texts of `aeternus help`.
//
// Thread safety: pure functions.
#ifndef AETERNUS_TOOLS_HELP_H_
#define AETERNUS_TOOLS_HELP_H_

#include <string>

#include "absl/types/span.h"
#include "tools/command.h"

namespace aeternus::tools {

// All commands, and the exit codes.
std::string GeneralHelp(absl::Span<const Command> commands);
// One command with its flags.
std::string CommandHelp(const Command& command);

}  // namespace aeternus::tools

#endif  // AETERNUS_TOOLS_HELP_H_
