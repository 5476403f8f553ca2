// The little JSON that the tools need: writing strings, and reading one flat object whose values are all strings, which
// is what a record is. Strict (RFC 8259, UTF-8 only); not a JSON library.
//
// Thread safety: pure functions.
#ifndef AETERNUS_TOOLS_JSON_H_
#define AETERNUS_TOOLS_JSON_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace aeternus::tools {

struct JsonField {
  std::string name;
  std::string value;
};

// The fields of `{"name": "value", ...}`, in order, escapes decoded; a name that comes twice is returned twice.
// InvalidArgument for anything else: what is wrong and at which column (from 1, in bytes).
absl::StatusOr<std::vector<JsonField>> ParseFlatJsonObject(std::string_view text);

// `utf8` in quotes, with the escapes that JSON demands. Needs valid UTF-8.
void AppendJsonString(std::string* out, std::string_view utf8);

// `"name": "..."`, or `"name_base64": "..."` when `bytes` are not valid UTF-8.
void AppendJsonBytesField(std::string* out, std::string_view name, std::string_view bytes);

}  // namespace aeternus::tools

#endif  // AETERNUS_TOOLS_JSON_H_
