// One record of the text formats: a key and its value. And the formats:
//
//   tsv    key<TAB>value, with the escapes of tools/text.h; any bytes
//   json   one object a line: {"key": "...", "value": "..."}; key_base64 and value_base64 for what is not UTF-8
//   hex    key<TAB>value in hexadecimal digits; written only
//
// Lines end in \n; readers take \r\n as well.
#ifndef AETERNUS_TOOLS_RECORD_H_
#define AETERNUS_TOOLS_RECORD_H_

#include <string>
#include <string_view>

#include "absl/strings/string_view.h"

namespace aeternus::tools {

struct Record {
  std::string key;
  std::string value;
};

enum class RecordFormat { kTsv, kJson, kHex };

// Make RecordFormat the type of an Abseil flag.
bool AbslParseFlag(absl::string_view text, RecordFormat* format, std::string* error);
std::string AbslUnparseFlag(RecordFormat format);

}  // namespace aeternus::tools

#endif  // AETERNUS_TOOLS_RECORD_H_
