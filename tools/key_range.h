// A range of keys [start, end): what a scan reads. Flags and patterns each give one; a scan reads their intersection.
//
// Thread safety: plain values.
#ifndef AETERNUS_TOOLS_KEY_RANGE_H_
#define AETERNUS_TOOLS_KEY_RANGE_H_

#include <optional>
#include <string>
#include <string_view>

namespace aeternus::tools {

struct KeyRange {
  std::string start;               // inclusive; "" is before every key
  std::optional<std::string> end;  // exclusive; absent: unbounded

  bool Contains(std::string_view key) const { return start <= key && (!end.has_value() || key < *end); }
  bool empty() const { return end.has_value() && *end <= start; }
  friend bool operator==(const KeyRange&, const KeyRange&) = default;
};

// Every key that begins with `prefix`, and no other.
KeyRange PrefixRange(std::string_view prefix);
// The keys in both.
KeyRange Intersect(const KeyRange& a, const KeyRange& b);
// For messages: ["/usr/", "/usr0") or ["/usr/", unbounded).
std::string FormatRange(const KeyRange& range);

}  // namespace aeternus::tools

#endif  // AETERNUS_TOOLS_KEY_RANGE_H_
