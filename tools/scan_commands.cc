// scan and dump: what a database holds, or one of its files.
#include <memory>
#include <optional>
#include <string>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "aeternus/db.h"
#include "aeternus/iterator.h"
#include "base/status.h"
#include "env/env.h"
#include "re2/re2.h"
#include "tools/command.h"
#include "tools/database.h"
#include "tools/file_dump.h"
#include "tools/flags.h"
#include "tools/key_range.h"
#include "tools/output.h"
#include "tools/record.h"
#include "tools/record_writer.h"
#include "tools/regex_range.h"
#include "tools/scan.h"
#include "tools/text.h"
#include "tools/units.h"

namespace aeternus::tools {
namespace {

absl::StatusOr<std::unique_ptr<const RE2>> CompileMatch() {
  const std::optional<std::string> pattern = absl::GetFlag(FLAGS_match);
  if (!pattern.has_value()) return nullptr;
  RE2::Options options;
  options.set_log_errors(false);
  auto regex = std::make_unique<const RE2>(*pattern, options);
  if (!regex->ok()) {
    return absl::InvalidArgumentError(absl::StrCat("--match ", Quote(*pattern), ": ", regex->error()));
  }
  return regex;
}

// What --start, --end, --prefix and --match leave.
absl::StatusOr<KeyRange> RangeOfFlags(const RE2* match) {
  KeyRange range;
  if (const auto start = absl::GetFlag(FLAGS_start); start.has_value()) {
    AETERNUS_ASSIGN_OR_RETURN(range.start, BytesArgument(*start, "--start"));
  }
  if (const auto end = absl::GetFlag(FLAGS_end); end.has_value()) {
    AETERNUS_ASSIGN_OR_RETURN(range.end, BytesArgument(*end, "--end"));
  }
  if (const auto flag = absl::GetFlag(FLAGS_prefix); flag.has_value()) {
    AETERNUS_ASSIGN_OR_RETURN(const std::string prefix, BytesArgument(*flag, "--prefix"));
    range = Intersect(range, PrefixRange(prefix));
  }
  if (match != nullptr) range = Intersect(range, MatchRange(*match));
  return range;
}

absl::StatusOr<ScanCounts> PrintRange(Db& db, const KeyRange& range, const ScanOptions& options, RecordFormat format) {
  if (range.empty()) return ScanCounts{};
  AETERNUS_ASSIGN_OR_RETURN(const std::unique_ptr<Iterator> it, db.NewIterator({}, BoundsOf(range)));
  AETERNUS_ASSIGN_OR_RETURN(const ScanCounts counts,
                            Scan(*it, options, [&](std::string_view key, std::string_view value) {
                              return WriteOutput(FormatRecord(format, key, value));
                            }));
  AETERNUS_RETURN_IF_ERROR(FlushOutput());
  return counts;
}

absl::StatusOr<ExitCode> RunScan(Arguments arguments) {
  AETERNUS_ASSIGN_OR_RETURN(const std::unique_ptr<const RE2> match, CompileMatch());
  AETERNUS_ASSIGN_OR_RETURN(const KeyRange range, RangeOfFlags(match.get()));
  const RecordFormat format = absl::GetFlag(FLAGS_format).value_or(RecordFormat::kTsv);
  const ScanOptions options{
      .reverse = absl::GetFlag(FLAGS_reverse), .limit = absl::GetFlag(FLAGS_limit), .match = match.get()};
  return WithDatabase(arguments[0], Purpose::kRead, [&](Db& db) -> absl::StatusOr<ExitCode> {
    AETERNUS_ASSIGN_OR_RETURN(const ScanCounts counts, PrintRange(db, range, options, format));
    if (match != nullptr || absl::GetFlag(FLAGS_verbose)) {
      WriteError(absl::StrCat("scanned ", FormatCount(counts.scanned), " of range ", FormatRange(range), ", matched ",
                              FormatCount(counts.matched), "\n"));
    }
    return ExitCode::kOk;
  });
}

absl::StatusOr<ExitCode> RunDump(Arguments arguments) {
  if (const std::optional<std::string> file = absl::GetFlag(FLAGS_file); file.has_value()) {
    const auto write_line = [](std::string_view line) { return WriteOutput(absl::StrCat(line, "\n")); };
    AETERNUS_RETURN_IF_ERROR(DumpFile(env::Env::Posix()->file_system, arguments[0], *file, write_line));
    return ExitCode::kOk;
  }
  const RecordFormat format = absl::GetFlag(FLAGS_format).value_or(RecordFormat::kTsv);
  return WithDatabase(arguments[0], Purpose::kRead, [&](Db& db) -> absl::StatusOr<ExitCode> {
    AETERNUS_RETURN_IF_ERROR(PrintRange(db, {}, {}, format).status());
    return ExitCode::kOk;
  });
}

}  // namespace

Command ScanCommand() {
  return {.name = "scan",
          .parameters = "DB",
          .summary = "print pairs in key order: a range, a prefix, a regular expression",
          .help =
              "What the flags select is read as it is printed, in constant memory; several flags narrow one another.\n"
              "With --match a line on standard error says which range was read, and how many keys of it matched.",
          .flags = {"start", "end", "prefix", "match", "limit", "reverse", "format", "escaped", "verbose",
                    "memory_budget_mb"},
          .run = RunScan};
}

Command DumpCommand() {
  return {.name = "dump",
          .parameters = "DB",
          .summary = "print every pair, ready for load; or what one file holds (--file)",
          .help =
              "aeternus dump A | aeternus load B - copies a database.\n"
              "--file reads one file of the directory, frame by frame or entry by entry; it takes no lock, so it\n"
              "works beside a program that has the database open, and on a database that does not open.",
          .flags = {"format", "file", "memory_budget_mb"},
          .run = RunDump};
}

}  // namespace aeternus::tools
