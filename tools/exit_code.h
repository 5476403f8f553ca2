// How a run of the tool ended, for scripts; documented by `aeternus help`.
#ifndef AETERNUS_TOOLS_EXIT_CODE_H_
#define AETERNUS_TOOLS_EXIT_CODE_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace aeternus::tools {

enum class ExitCode : int {
  kOk = 0,
  kNotFound = 1,    // get: there is no such key
  kUsage = 2,       // the command line makes no sense
  kError = 3,       // it could not be done: I/O, a locked database, malformed input, ...
  kCorruption = 4,  // bytes on disk are damaged
};

// InvalidArgument: kUsage; DataLoss: kCorruption; OK: kOk; everything else: kError.
ExitCode ExitCodeOf(const absl::Status& status);

// What a person can do about an error of `command`: one or two sentences, or nothing.
std::string NextStep(const absl::Status& status, std::string_view command);

}  // namespace aeternus::tools

#endif  // AETERNUS_TOOLS_EXIT_CODE_H_
