#include "tools/output.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace aeternus::tools {
namespace {

absl::Status OutputError() {
  if (errno == EPIPE) return absl::CancelledError("standard output was closed");
  return absl::InternalError(absl::StrCat("cannot write to standard output: ", std::strerror(errno)));
}

}  // namespace

absl::Status WriteOutput(std::string_view text) {
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() ? absl::OkStatus() : OutputError();
}

absl::Status FlushOutput() { return std::fflush(stdout) == 0 ? absl::OkStatus() : OutputError(); }

void WriteError(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

bool IsErrorATerminal() { return isatty(STDERR_FILENO) == 1; }
bool IsOutputATerminal() { return isatty(STDOUT_FILENO) == 1; }

int TerminalColumns() {
  winsize size{};
  const bool is_known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return is_known ? size.ws_col : 80;
}

}  // namespace aeternus::tools
