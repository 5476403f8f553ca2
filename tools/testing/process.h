// Runs a program to its end and keeps what it said; for end-to-end tests.
//
//   ProcessResult result = RunProcess({Runfile("tools/aeternus"), "help"});
//   EXPECT_EQ(result.exit_code, 0);
#ifndef AETERNUS_TOOLS_TESTING_PROCESS_H_
#define AETERNUS_TOOLS_TESTING_PROCESS_H_

#include <string>
#include <string_view>
#include <vector>

namespace aeternus::tools {

struct ProcessResult {
  int exit_code = -1;  // 128 + signal when it was killed
  std::string out;
  std::string err;
};

struct ProcessOptions {
  std::string input = {};                     // its standard input
  std::vector<std::string> environment = {};  // "NAME=value", besides what this process has
  int error_descriptor = -1;                  // its standard error, instead of ProcessResult::err
};

// `command[0]` is a path.
ProcessResult RunProcess(const std::vector<std::string>& command, const ProcessOptions& options = {});

// The path of a file that the test names among its data, given relative to the workspace.
std::string Runfile(std::string_view path);

// A new, empty directory for the running test, removed by Bazel.
std::string NewTestDirectory(std::string_view name);

}  // namespace aeternus::tools

#endif  // AETERNUS_TOOLS_TESTING_PROCESS_H_
