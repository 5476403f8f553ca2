// A command of the tool: what it is called, what it takes, and the function that runs it. main.cc lists them all.
#ifndef AETERNUS_TOOLS_COMMAND_H_
#define AETERNUS_TOOLS_COMMAND_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "tools/exit_code.h"

namespace aeternus::tools {

using Arguments = absl::Span<const std::string>;

struct Command {
  std::string_view name;
  std::string_view parameters;          // "DB KEY VALUE"
  std::string_view summary;             // one line, for the list of commands
  std::string_view help;                // the rest, for `help NAME`
  size_t parameter_count = 1;           // exactly
  std::vector<std::string_view> flags;  // those it takes (flags.h); others are refused
  // Gets the parameters. An error is printed, with its next step, and becomes the exit code.
  absl::StatusOr<ExitCode> (*run)(Arguments arguments) = nullptr;
};

Command PutCommand();
Command GetCommand();
Command DeleteCommand();
Command DeleteRangeCommand();
Command ScanCommand();
Command LoadCommand();
Command DumpCommand();
Command StatsCommand();
Command VerifyCommand();
Command CompactCommand();
Command SalvageCommand();

}  // namespace aeternus::tools

#endif  // AETERNUS_TOOLS_COMMAND_H_
