// Standard output and standard error, with the errors of writing looked at.
//
// Thread safety: one thread.
#ifndef AETERNUS_TOOLS_OUTPUT_H_
#define AETERNUS_TOOLS_OUTPUT_H_

#include <string_view>

#include "absl/status/status.h"

namespace aeternus::tools {

// Buffered. Cancelled when whoever reads the output has closed it, which is a reason to stop and no failure; Internal
// for anything else.
absl::Status WriteOutput(std::string_view text);
absl::Status FlushOutput();

// At once, errors ignored: there is nowhere left to report them.
void WriteError(std::string_view text);

bool IsErrorATerminal();
bool IsOutputATerminal();
// Columns of the terminal behind standard error; 80 when it does not say.
int TerminalColumns();

}  // namespace aeternus::tools

#endif  // AETERNUS_TOOLS_OUTPUT_H_
