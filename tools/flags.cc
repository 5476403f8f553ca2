#include "tools/flags.h"

#include <algorithm>

#include "absl/flags/commandlineflag.h"
#include "absl/flags/flag.h"
#include "absl/flags/reflection.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "tools/record_reader.h"

ABSL_FLAG(
    std::optional<aeternus::tools::RecordFormat>, format, std::nullopt,
    "tsv: key<TAB>value with the escapes \\t \\n \\r \\0 \\\\ \\xNN; json: {\"key\": \"...\", \"value\": \"...\"}, "
    "with key_base64 and value_base64 for bytes that are not UTF-8; hex (output only)");
ABSL_FLAG(bool, escaped, false, "keys and values on the command line hold the escapes \\t \\n \\r \\0 \\\\ \\xNN");
ABSL_FLAG(std::optional<std::string>, start, std::nullopt, "the first key that may be shown");
ABSL_FLAG(std::optional<std::string>, end, std::nullopt, "keys from this one on are not shown");
ABSL_FLAG(std::optional<std::string>, prefix, std::nullopt, "only keys that begin with this");
ABSL_FLAG(std::optional<std::string>, match, std::nullopt,
          "only keys in which this regular expression (RE2 syntax, UTF-8) is found; one that begins with ^ narrows the "
          "range that is read");
ABSL_FLAG(uint64_t, limit, 0, "end after this many pairs; 0: no limit");
ABSL_FLAG(bool, reverse, false, "from the last key to the first");
ABSL_FLAG(bool, verbose, false, "say on standard error how much was read (always with --match)");
ABSL_FLAG(bool, sync, false, "make every batch durable as it is written, instead of all of them at the end");
ABSL_FLAG(uint64_t, batch_records, 1000, "records in a batch, at most");
ABSL_FLAG(uint64_t, batch_kb, 1024, "KiB in a batch; it is written when it reaches them");
ABSL_FLAG(uint64_t, max_line_mb, aeternus::tools::kDefaultMaxLineSizeBytes >> 20, "MiB of the longest line accepted");
ABSL_FLAG(std::optional<std::string>, file, std::nullopt,
          "show this file of the database instead: 000012.log, 000012.sst, MANIFEST-000012 or CURRENT");
ABSL_FLAG(bool, json, false, "as one JSON object");
ABSL_FLAG(
    bool, stop_at_damage, false,
    "leave out what the logs hold behind the first damaged place, so that no write is there without those before it");
ABSL_FLAG(std::optional<uint64_t>, write_buffer_mb, std::nullopt,
          "MiB of writes collected in memory before they become a table (1 - 256; usually 64)");
ABSL_FLAG(std::optional<uint64_t>, memory_budget_mb, std::nullopt,
          "MiB for everything held in memory (1 - 1048576; usually 512)");

namespace aeternus::tools {
namespace {

// A flag as it was spelled, taken apart.
struct Spelling {
  std::string name;
  std::optional<std::string> value;
};

Spelling TakeApart(std::string_view argument) {
  absl::ConsumePrefix(&argument, "--");
  const size_t equals = argument.find('=');
  Spelling spelling{.name = absl::StrReplaceAll(argument.substr(0, equals), {{"-", "_"}}), .value = std::nullopt};
  if (equals != std::string_view::npos) spelling.value = std::string(argument.substr(equals + 1));
  return spelling;
}

bool Contains(absl::Span<const std::string_view> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool IsSwitch(std::string_view name) { return absl::FindCommandLineFlag(name)->IsOfType<bool>(); }

absl::Status UnknownFlag(std::string_view argument, absl::Span<const std::string_view> allowed) {
  return absl::InvalidArgumentError(absl::StrCat("unknown flag ", argument.substr(0, argument.find('=')), "; known: --",
                                                 absl::StrJoin(allowed, ", --"),
                                                 " (what begins with a dash and is no flag goes behind --)"));
}

}  // namespace

absl::StatusOr<ParsedArguments> ParseArguments(absl::Span<const std::string> arguments,
                                               absl::Span<const std::string_view> allowed) {
  ParsedArguments parsed;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument == "--") {
      parsed.parameters.insert(parsed.parameters.end(), arguments.begin() + i + 1, arguments.end());
      return parsed;
    }
    if (argument.size() < 2 || argument[0] != '-') {  // "-" alone stands for standard input
      parsed.parameters.push_back(argument);
      continue;
    }
    if (argument == "--help" || argument == "-h") {
      parsed.wants_help = true;
      continue;
    }
    Spelling flag = TakeApart(argument);
    const std::string_view positive_name = absl::StripPrefix(flag.name, "no");
    if (!Contains(allowed, flag.name) && Contains(allowed, positive_name) && IsSwitch(positive_name) &&
        !flag.value.has_value()) {
      flag = {.name = std::string(positive_name), .value = "false"};
    }
    if (!absl::StartsWith(argument, "--") || !Contains(allowed, flag.name)) return UnknownFlag(argument, allowed);
    if (!flag.value.has_value()) {
      if (IsSwitch(flag.name)) {
        flag.value = "true";
      } else if (i + 1 < arguments.size()) {
        flag.value = arguments[++i];
      } else {
        return absl::InvalidArgumentError(absl::StrCat(argument, " needs a value"));
      }
    }
    std::string error;
    if (!absl::FindCommandLineFlag(flag.name)->ParseFrom(*flag.value, &error)) {
      return absl::InvalidArgumentError(error);
    }
  }
  return parsed;
}

std::string FlagHelp(absl::Span<const std::string_view> names) {
  std::string out;
  for (const std::string_view name : names) {
    const absl::CommandLineFlag* flag = absl::FindCommandLineFlag(name);
    absl::StrAppend(&out, "  --", name, IsSwitch(name) ? "" : absl::StrCat("=", absl::AsciiStrToUpper(name)),
                    "\n      ", flag->Help());
    if (const std::string value = flag->DefaultValue(); !value.empty() && !IsSwitch(name)) {
      absl::StrAppend(&out, " (default: ", value, ")");
    }
    out.append("\n");
  }
  return out;
}

}  // namespace aeternus::tools
