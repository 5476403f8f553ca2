// The keys that a regular expression may match, as a range, so that a scan reads only them.
//
// A pattern is searched for anywhere in a key (RE2 partial match). Only one that begins at the start of the key in
// every alternative tells anything about the order of the keys that it matches:
//
//   ^/usr/lib/.*\.so     ["/usr/lib/", "/usr/lib0")
//   ^(a|b)c              ["ac", "bd")
//   ^a|^b                ["a", "c")
//   \.so$   ^a|b   a     every key: the match may begin anywhere
//
// The range never leaves out a key that matches; it may hold others, which the scan filters.
//
// Thread safety: pure functions.
#ifndef AETERNUS_TOOLS_REGEX_RANGE_H_
#define AETERNUS_TOOLS_REGEX_RANGE_H_

#include <string_view>

#include "re2/re2.h"
#include "tools/key_range.h"

namespace aeternus::tools {

// Whether every match of `pattern` begins at the start of the text, as far as its spelling shows: each alternative
// begins with ^ or \A, perhaps behind flags such as (?i). False when in doubt.
bool IsAnchoredAtStart(std::string_view pattern);

// Every key that `regex` partially matches lies in the returned range. `regex` is ok() and has the default syntax (not
// POSIX, not literal). Bounds are at most a few dozen bytes.
KeyRange MatchRange(const RE2& regex);

}  // namespace aeternus::tools

#endif  // AETERNUS_TOOLS_REGEX_RANGE_H_
