// load: many pairs from a file or from standard input.
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "aeternus/db.h"
#include "aeternus/options.h"
#include "aeternus/write_batch.h"
#include "base/status.h"
#include "env/env.h"
#include "tools/command.h"
#include "tools/database.h"
#include "tools/flags.h"
#include "tools/load.h"
#include "tools/output.h"
#include "tools/progress.h"
#include "tools/record.h"
#include "tools/record_reader.h"
#include "tools/units.h"

namespace aeternus::tools {
namespace {

// Where the records come from.
struct Input {
  std::ifstream file;
  std::istream* stream = nullptr;
  std::string name;
  std::optional<uint64_t> size_bytes;  // absent for what is no regular file
};

absl::Status OpenInput(const std::string& argument, Input* input) {
  struct stat info {};
  bool is_known = false;
  if (argument == "-") {
    std::ios::sync_with_stdio(false);
    input->stream = &std::cin;
    input->name = "standard input";
    is_known = fstat(STDIN_FILENO, &info) == 0;
  } else {
    input->file.open(argument, std::ios::in | std::ios::binary);
    if (!input->file.is_open()) {
      return absl::FailedPreconditionError(absl::StrCat("cannot open ", argument, ": ", std::strerror(errno)));
    }
    input->stream = &input->file;
    input->name = argument;
    is_known = stat(argument.c_str(), &info) == 0;
  }
  if (is_known && S_ISREG(info.st_mode)) input->size_bytes = static_cast<uint64_t>(info.st_size);
  return absl::OkStatus();
}

absl::StatusOr<RecordFormat> InputFormat() {
  const RecordFormat format = absl::GetFlag(FLAGS_format).value_or(RecordFormat::kTsv);
  if (format == RecordFormat::kHex) return absl::InvalidArgumentError("--format hex cannot be loaded; use tsv or json");
  return format;
}

absl::StatusOr<LoadOptions> OptionsOfFlags() {
  const LoadOptions options{.batch_records = absl::GetFlag(FLAGS_batch_records),
                            .batch_bytes = absl::GetFlag(FLAGS_batch_kb) << 10};
  if (options.batch_records < 1 || options.batch_records > 1'000'000) {
    return absl::InvalidArgumentError("--batch_records must be 1 - 1000000");
  }
  if (options.batch_bytes < 1024 || options.batch_bytes > size_t{64} << 20) {
    return absl::InvalidArgumentError("--batch_kb must be 1 - 65536");
  }
  return options;
}

// How the load ended, in words; OK when it came to its end.
absl::Status Outcome(const LoadResult& result, const std::string& input_name) {
  const std::string so_far = absl::StrCat(input_name, ": loaded ", FormatCount(result.records), " records, then ");
  if (!result.write_status.ok()) return Annotate(result.write_status, absl::StrCat(so_far, "could not write"));
  if (result.input_status.ok()) return absl::OkStatus();
  // The input is at fault, not the command line: an error, not a matter of usage.
  return absl::AbortedError(absl::StrCat(so_far, result.input_status.message(),
                                         "\nThe records before it are kept. Mend the line and load the input again; "
                                         "records that are there already are written once more."));
}

absl::StatusOr<ExitCode> RunLoad(Arguments arguments) {
  AETERNUS_ASSIGN_OR_RETURN(const RecordFormat format, InputFormat());
  AETERNUS_ASSIGN_OR_RETURN(const LoadOptions options, OptionsOfFlags());
  Input input;
  AETERNUS_RETURN_IF_ERROR(OpenInput(arguments[1], &input));
  RecordReader reader(input.stream, format, absl::GetFlag(FLAGS_max_line_mb) << 20);
  Progress progress({.label = "loading",
                     .total_bytes = input.size_bytes,
                     .is_terminal = IsErrorATerminal(),
                     .columns = TerminalColumns()},
                    env::Env::Posix()->clock, WriteError);
  const WriteOptions write_options{.sync = absl::GetFlag(FLAGS_sync)};
  LoadResult result;
  AETERNUS_RETURN_IF_ERROR(WithDatabase(arguments[0], Purpose::kWrite, [&](Db& db) -> absl::StatusOr<ExitCode> {
                             result = Load(
                                 reader, options,
                                 [&](const WriteBatch& batch) { return db.Write(batch, write_options); },
                                 [&](uint64_t records, uint64_t bytes) { progress.Update(records, bytes); });
                             return ExitCode::kOk;
                           }).status());
  // Only now, behind the close, is everything on disk.
  progress.Finish("loaded");
  AETERNUS_RETURN_IF_ERROR(Outcome(result, input.name));
  return ExitCode::kOk;
}

}  // namespace

Command LoadCommand() {
  return {
      .name = "load",
      .parameters = "DB FILE",
      .summary = "write many pairs, from a file or from standard input (-)",
      .help =
          "Reads one pair a line (--format tsv or json) and writes them in atomic batches. Makes the database if\n"
          "there is none. When the command ends everything is on disk. Before that a power cut may take the\n"
          "latest batches, never one from the middle; with --sync it takes at most the batch being written.\n"
          "A malformed line ends the load with exit code 3; the pairs before it are kept.",
      .parameter_count = 2,
      .flags = {"format", "sync", "batch_records", "batch_kb", "max_line_mb", "write_buffer_mb", "memory_budget_mb"},
      .run = RunLoad};
}

}  // namespace aeternus::tools
