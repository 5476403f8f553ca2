#include "engine/file_names.h"

#include <cstdint>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"

namespace aeternus {
namespace {

std::string Numbered(FileNumber number, std::string_view suffix) {
  return absl::StrFormat("%06d%s", number.value, suffix);
}

std::optional<FileNumber> ParseNumbered(std::string_view name, std::string_view suffix) {
  if (!absl::EndsWith(name, suffix)) return std::nullopt;
  uint64_t value = 0;
  if (!absl::SimpleAtoi(name.substr(0, name.size() - suffix.size()), &value) || value == 0) return std::nullopt;
  if (name != Numbered(FileNumber(value), suffix)) return std::nullopt;  // one number, one name
  return FileNumber(value);
}

}  // namespace

std::string LogName(FileNumber number) { return Numbered(number, ".log"); }
std::string TableName(FileNumber number) { return Numbered(number, ".sst"); }
std::optional<FileNumber> ParseLogName(std::string_view name) { return ParseNumbered(name, ".log"); }
std::optional<FileNumber> ParseTableName(std::string_view name) { return ParseNumbered(name, ".sst"); }

}  // namespace aeternus
