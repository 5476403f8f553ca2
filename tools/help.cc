#include "tools/help.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tools/flags.h"

namespace aeternus::tools {

std::string GeneralHelp(absl::Span<const Command> commands) {
  std::string out =
      "aeternus: looks into an AeternusDB database and changes it\n\n"
      "usage: aeternus COMMAND DB ... [--flags]\n\n"
      "DB is the directory of the database. Commands:\n";
  for (const Command& command : commands) absl::StrAppendFormat(&out, "  %-13s %s\n", command.name, command.summary);
  absl::StrAppend(&out,
                  "  help          this text, or with a COMMAND its own\n\n"
                  "exit codes:\n"
                  "  0 done   1 get: no such key   2 usage   3 error   4 damaged data\n\n"
                  "example:\n"
                  "  aeternus put /tmp/db greeting hello\n"
                  "  aeternus get /tmp/db greeting\n");
  return out;
}

std::string CommandHelp(const Command& command) {
  return absl::StrCat("usage: aeternus ", command.name, " ", command.parameters, " [--flags]\n\n", command.summary,
                      "\n\n", command.help, "\n\nflags:\n", FlagHelp(command.flags));
}

}  // namespace aeternus::tools
