// Bytes as text: the escapes by which keys and values of any bytes are written on one line, typed on a command line and
// shown in messages.
//
//   EscapeBytes("a\tb")         a\tb     (four characters: a, backslash, t, b)
//   UnescapeBytes("a\\tb")      the three bytes a, tab, b
//   Quote("a\tb")               "a\tb"   in quotes, shortened when long
//
// Escapes: \t \n \r \0 \\ and \xNN for any byte. Valid UTF-8 stays as it is.
//
// Thread safety: pure functions.
#ifndef AETERNUS_TOOLS_TEXT_H_
#define AETERNUS_TOOLS_TEXT_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace aeternus::tools {

// No surrogates, nothing overlong, nothing above U+10FFFF.
bool IsValidUtf8(std::string_view bytes);

// Control characters and backslashes escaped; also every byte above 0x7f unless the whole is valid UTF-8. The result
// holds no tab, newline or carriage return.
std::string EscapeBytes(std::string_view bytes);

// The reverse of EscapeBytes; bytes that need no escape stand for themselves. InvalidArgument for an unknown or
// unfinished escape, naming it.
absl::StatusOr<std::string> UnescapeBytes(std::string_view text);

// Escaped and in double quotes, for messages; beyond `max_bytes` the middle is replaced by "...".
std::string Quote(std::string_view bytes, size_t max_bytes = 80);

}  // namespace aeternus::tools

#endif  // AETERNUS_TOOLS_TEXT_H_
