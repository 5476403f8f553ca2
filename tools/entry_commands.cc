// put, get, delete, delete-range: one entry at a time.
#include <cstdio>
#include <optional>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "aeternus/db.h"
#include "base/entry.h"
#include "base/status.h"
#include "tools/command.h"
#include "tools/database.h"
#include "tools/flags.h"
#include "tools/output.h"
#include "tools/record.h"
#include "tools/record_writer.h"
#include "tools/text.h"

namespace aeternus::tools {
namespace {

// All of standard input, up to the largest value and one byte more, so that what is too large is seen as such.
absl::StatusOr<std::string> ReadStandardInput() {
  std::string bytes;
  char chunk[1 << 16];
  size_t n = 0;
  while (bytes.size() <= kMaxValueSizeBytes && (n = std::fread(chunk, 1, sizeof(chunk), stdin)) > 0) {
    bytes.append(chunk, n);
  }
  if (std::ferror(stdin) != 0) return absl::InternalError("cannot read standard input");
  return bytes;
}

absl::StatusOr<ExitCode> RunPut(Arguments arguments) {
  AETERNUS_ASSIGN_OR_RETURN(const std::string key, BytesArgument(arguments[1], "the key"));
  std::string value;
  if (arguments[2] == "-") {
    AETERNUS_ASSIGN_OR_RETURN(value, ReadStandardInput());
  } else {
    AETERNUS_ASSIGN_OR_RETURN(value, BytesArgument(arguments[2], "the value"));
  }
  return WithDatabase(arguments[0], Purpose::kWrite, [&](Db& db) -> absl::StatusOr<ExitCode> {
    AETERNUS_RETURN_IF_ERROR(db.Put(key, value));
    return ExitCode::kOk;
  });
}

// The value's bytes and nothing else, except where a person looks at them.
absl::Status PrintValue(std::string_view key, std::string_view value) {
  if (const std::optional<RecordFormat> format = absl::GetFlag(FLAGS_format); format.has_value()) {
    return WriteOutput(FormatRecord(*format, key, value));
  }
  AETERNUS_RETURN_IF_ERROR(WriteOutput(value));
  return IsOutputATerminal() ? WriteOutput("\n") : absl::OkStatus();
}

absl::StatusOr<ExitCode> RunGet(Arguments arguments) {
  AETERNUS_ASSIGN_OR_RETURN(const std::string key, BytesArgument(arguments[1], "the key"));
  return WithDatabase(arguments[0], Purpose::kRead, [&](Db& db) -> absl::StatusOr<ExitCode> {
    AETERNUS_ASSIGN_OR_RETURN(const std::optional<std::string> value, db.Get(key));
    if (!value.has_value()) {
      WriteError(absl::StrCat("aeternus get: there is no key ", Quote(key), " in ", arguments[0], "\n"));
      return ExitCode::kNotFound;
    }
    AETERNUS_RETURN_IF_ERROR(PrintValue(key, *value));
    return ExitCode::kOk;
  });
}

absl::StatusOr<ExitCode> RunDelete(Arguments arguments) {
  AETERNUS_ASSIGN_OR_RETURN(const std::string key, BytesArgument(arguments[1], "the key"));
  return WithDatabase(arguments[0], Purpose::kWrite, [&](Db& db) -> absl::StatusOr<ExitCode> {
    AETERNUS_RETURN_IF_ERROR(db.Delete(key));
    return ExitCode::kOk;
  });
}

absl::StatusOr<ExitCode> RunDeleteRange(Arguments arguments) {
  AETERNUS_ASSIGN_OR_RETURN(const std::string start, BytesArgument(arguments[1], "the start"));
  AETERNUS_ASSIGN_OR_RETURN(const std::string end, BytesArgument(arguments[2], "the end"));
  return WithDatabase(arguments[0], Purpose::kWrite, [&](Db& db) -> absl::StatusOr<ExitCode> {
    AETERNUS_RETURN_IF_ERROR(db.DeleteRange(start, end));
    return ExitCode::kOk;
  });
}

}  // namespace

Command PutCommand() {
  return {.name = "put",
          .parameters = "DB KEY VALUE",
          .summary = "write one pair; VALUE - reads it from standard input",
          .help = "The pair is on disk when the command ends. Makes the database if there is none.",
          .parameter_count = 3,
          .flags = {"escaped"},
          .run = RunPut};
}

Command GetCommand() {
  return {
      .name = "get",
      .parameters = "DB KEY",
      .summary = "print the value of a key; exit code 1 when there is none",
      .help = "Prints the bytes of the value as they are, or the pair in a --format. On a terminal a newline follows.",
      .parameter_count = 2,
      .flags = {"format", "escaped"},
      .run = RunGet};
}

Command DeleteCommand() {
  return {.name = "delete",
          .parameters = "DB KEY",
          .summary = "delete one key",
          .help = "It is no error when there is no such key.",
          .parameter_count = 2,
          .flags = {"escaped"},
          .run = RunDelete};
}

Command DeleteRangeCommand() {
  return {.name = "delete-range",
          .parameters = "DB START END",
          .summary = "delete every key from START up to, not including, END",
          .help = "Costs the same however many keys there are: one range tombstone is written.",
          .parameter_count = 3,
          .flags = {"escaped"},
          .run = RunDeleteRange};
}

}  // namespace aeternus::tools
