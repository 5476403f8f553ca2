#include "tools/exit_code.h"

#include "absl/strings/str_cat.h"

namespace aeternus::tools {

ExitCode ExitCodeOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return ExitCode::kOk;
    case absl::StatusCode::kInvalidArgument:
      return ExitCode::kUsage;
    case absl::StatusCode::kDataLoss:
      return ExitCode::kCorruption;
    default:
      return ExitCode::kError;
  }
}

std::string NextStep(const absl::Status& status, std::string_view command) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
      return absl::StrCat("See: aeternus help ", command);
    case absl::StatusCode::kNotFound:
      return "Check the path. To make a new database, write to it: aeternus put or aeternus load.";
    case absl::StatusCode::kUnavailable:
      return "Another process has the database open. Wait until it ends, or stop it, and try again.";
    case absl::StatusCode::kDataLoss:
      return "Nothing was changed. Keep a copy of the directory and restore from a backup, or write what can be read "
             "into a new database: aeternus salvage DB NEW. aeternus dump DB --file NAME shows what a file still "
             "holds.";
    case absl::StatusCode::kPermissionDenied:
      return "Run as the owner of the directory, or give this user the right to read and write it.";
    case absl::StatusCode::kResourceExhausted:
      return "If the disk is full, free space and try again. Keys are limited to 64 KiB, values to 1 GiB.";
    case absl::StatusCode::kUnimplemented:
      return "A newer version wrote this database. Use that version.";
    default:
      return "";
  }
}

}  // namespace aeternus::tools
