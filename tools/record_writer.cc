#include "tools/record_writer.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "tools/json.h"
#include "tools/text.h"

namespace aeternus::tools {

std::string FormatRecord(RecordFormat format, std::string_view key, std::string_view value) {
  switch (format) {
    case RecordFormat::kTsv:
      return absl::StrCat(EscapeBytes(key), "\t", EscapeBytes(value), "\n");
    case RecordFormat::kHex:
      return absl::StrCat(absl::BytesToHexString(key), "\t", absl::BytesToHexString(value), "\n");
    case RecordFormat::kJson:
      break;
  }
  std::string line = "{";
  AppendJsonBytesField(&line, "key", key);
  line.append(", ");
  AppendJsonBytesField(&line, "value", value);
  line.append("}\n");
  return line;
}

}  // namespace aeternus::tools
