// The flags of all commands, and the parsing of a command's arguments. A flag means the same wherever it is taken.
//
// Abseil's own parser ends the process by itself and takes every flag everywhere; this one answers errors as values and
// refuses flags that the command does not know.
#ifndef AETERNUS_TOOLS_FLAGS_H_
#define AETERNUS_TOOLS_FLAGS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/flags/declare.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "tools/record.h"

ABSL_DECLARE_FLAG(std::optional<aeternus::tools::RecordFormat>, format);
ABSL_DECLARE_FLAG(bool, escaped);
ABSL_DECLARE_FLAG(std::optional<std::string>, start);
ABSL_DECLARE_FLAG(std::optional<std::string>, end);
ABSL_DECLARE_FLAG(std::optional<std::string>, prefix);
ABSL_DECLARE_FLAG(std::optional<std::string>, match);
ABSL_DECLARE_FLAG(uint64_t, limit);
ABSL_DECLARE_FLAG(bool, reverse);
ABSL_DECLARE_FLAG(bool, verbose);
ABSL_DECLARE_FLAG(bool, sync);
ABSL_DECLARE_FLAG(uint64_t, batch_records);
ABSL_DECLARE_FLAG(uint64_t, batch_kb);
ABSL_DECLARE_FLAG(uint64_t, max_line_mb);
ABSL_DECLARE_FLAG(std::optional<std::string>, file);
ABSL_DECLARE_FLAG(bool, json);
ABSL_DECLARE_FLAG(bool, stop_at_damage);
ABSL_DECLARE_FLAG(std::optional<uint64_t>, write_buffer_mb);
ABSL_DECLARE_FLAG(std::optional<uint64_t>, memory_budget_mb);

namespace aeternus::tools {

struct ParsedArguments {
  std::vector<std::string> parameters;
  bool wants_help = false;  // --help or -h
};

// Sets the flags among `arguments`: --name=value, --name value, --switch, --noswitch; dashes in names count as
// underscores. Behind -- everything is a parameter. InvalidArgument for a flag not in `allowed`, or a value that is
// none of its kind.
absl::StatusOr<ParsedArguments> ParseArguments(absl::Span<const std::string> arguments,
                                               absl::Span<const std::string_view> allowed);

// Two lines or more for each flag: its name, what it does, its default.
std::string FlagHelp(absl::Span<const std::string_view> names);

}  // namespace aeternus::tools

#endif  // AETERNUS_TOOLS_FLAGS_H_
