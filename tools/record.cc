#include "tools/record.h"

namespace aeternus::tools {

bool AbslParseFlag(absl::string_view text, RecordFormat* format, std::string* error) {
  for (const RecordFormat candidate : {RecordFormat::kTsv, RecordFormat::kJson, RecordFormat::kHex}) {
    if (text == AbslUnparseFlag(candidate)) {
      *format = candidate;
      return true;
    }
  }
  *error = "the formats are tsv, json and hex";
  return false;
}

std::string AbslUnparseFlag(RecordFormat format) {
  switch (format) {
    case RecordFormat::kTsv:
      return "tsv";
    case RecordFormat::kJson:
      return "json";
    case RecordFormat::kHex:
      return "hex";
  }
  return "";
}

}  // namespace aeternus::tools
