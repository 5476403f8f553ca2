#include "tools/key_range.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/key_order.h"
#include "tools/text.h"

namespace aeternus::tools {

KeyRange PrefixRange(std::string_view prefix) {
  KeyRange range{.start = std::string(prefix), .end = std::nullopt};
  if (std::string successor = PrefixSuccessor(prefix); !successor.empty()) range.end = std::move(successor);
  return range;
}

KeyRange Intersect(const KeyRange& a, const KeyRange& b) {
  KeyRange both{.start = std::max(a.start, b.start), .end = a.end};
  if (b.end.has_value() && (!both.end.has_value() || *b.end < *both.end)) both.end = b.end;
  return both;
}

std::string FormatRange(const KeyRange& range) {
  return absl::StrCat("[", Quote(range.start), ", ", range.end.has_value() ? Quote(*range.end) : "unbounded", ")");
}

}  // namespace aeternus::tools
