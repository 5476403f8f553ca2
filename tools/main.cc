// The aeternus command line: picks the command, parses its arguments, runs it, says what went wrong.
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "tools/command.h"
#include "tools/exit_code.h"
#include "tools/flags.h"
#include "tools/help.h"
#include "tools/output.h"

namespace aeternus::tools {
namespace {

std::vector<Command> AllCommands() {
  return {PutCommand(),  GetCommand(),   DeleteCommand(), DeleteRangeCommand(), ScanCommand(),   LoadCommand(),
          DumpCommand(), StatsCommand(), VerifyCommand(), CompactCommand(),     SalvageCommand()};
}

const Command* FindCommand(absl::Span<const Command> commands, std::string_view name) {
  for (const Command& command : commands) {
    if (command.name == name) return &command;
  }
  return nullptr;
}

ExitCode Print(std::string_view text) {
  return WriteOutput(text).ok() && FlushOutput().ok() ? ExitCode::kOk : ExitCode::kError;
}

ExitCode Report(const absl::Status& status, std::string_view command) {
  const std::string next = NextStep(status, command);
  WriteError(absl::StrCat("aeternus ", command, ": ", status.message(), "\n", next, next.empty() ? "" : "\n"));
  return ExitCodeOf(status);
}

absl::StatusOr<ExitCode> RunCommand(const Command& command, Arguments arguments) {
  AETERNUS_ASSIGN_OR_RETURN(const ParsedArguments parsed, ParseArguments(arguments, command.flags));
  if (parsed.wants_help) return Print(CommandHelp(command));
  if (parsed.parameters.size() != command.parameter_count) {
    return absl::InvalidArgumentError(absl::StrCat("expected ", command.parameters, ", got ", parsed.parameters.size(),
                                                   parsed.parameters.size() == 1 ? " parameter" : " parameters"));
  }
  AETERNUS_ASSIGN_OR_RETURN(const ExitCode code, command.run(parsed.parameters));
  AETERNUS_RETURN_IF_ERROR(FlushOutput());
  return code;
}

ExitCode Help(absl::Span<const Command> commands, Arguments arguments) {
  if (arguments.empty()) return Print(GeneralHelp(commands));
  const Command* command = FindCommand(commands, arguments[0]);
  if (command != nullptr) return Print(CommandHelp(*command));
  WriteError(absl::StrCat("aeternus help: there is no command \"", arguments[0], "\". See: aeternus help\n"));
  return ExitCode::kUsage;
}

ExitCode Main(Arguments arguments) {
  const std::vector<Command> commands = AllCommands();
  if (arguments.empty()) {
    WriteError(GeneralHelp(commands));
    return ExitCode::kUsage;
  }
  const std::string& name = arguments[0];
  if (name == "help" || name == "--help" || name == "-h") return Help(commands, arguments.subspan(1));
  const Command* command = FindCommand(commands, name);
  if (command == nullptr) {
    WriteError(absl::StrCat("aeternus: there is no command \"", name, "\". See: aeternus help\n"));
    return ExitCode::kUsage;
  }
  const absl::StatusOr<ExitCode> code = RunCommand(*command, arguments.subspan(1));
  if (code.ok()) return *code;
  // Whoever read the output has seen enough: `aeternus scan DB | head`.
  if (absl::IsCancelled(code.status())) return ExitCode::kOk;
  return Report(code.status(), name);
}

}  // namespace
}  // namespace aeternus::tools

int main(int argc, char** argv) {
  // A closed pipe is answered as an error, so that the database is closed in order.
  std::signal(SIGPIPE, SIG_IGN);
  // Under `bazel run`, paths are meant relative to where the user stands.
  if (const char* dir = std::getenv("BUILD_WORKING_DIRECTORY"); dir != nullptr && chdir(dir) != 0) return 3;
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  return static_cast<int>(aeternus::tools::Main(arguments));
}
