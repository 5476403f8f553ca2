#include "engine/file_names.h"

#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"

namespace aeternus {
namespace {

std::optional<FileNumber> ParseNumbered(std::string_view name, std::string_view suffix) {
  if (name.size() < suffix.size() + 6 || name.substr(name.size() - suffix.size()) != suffix) return std::nullopt;
  const std::string_view digits = name.substr(0, name.size() - suffix.size());
  for (const char c : digits) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) return std::nullopt;
  }
  uint64_t number = 0;
  if (!absl::SimpleAtoi(digits, &number) || number == 0) return std::nullopt;
  return FileNumber(number);
}

}  // namespace

std::string LogName(FileNumber number) { return absl::StrFormat("%06d.log", number.value); }
std::string TableName(FileNumber number) { return absl::StrFormat("%06d.sst", number.value); }
std::optional<FileNumber> ParseLogName(std::string_view name) { return ParseNumbered(name, ".log"); }
std::optional<FileNumber> ParseTableName(std::string_view name) { return ParseNumbered(name, ".sst"); }

}  // namespace aeternus
