#include "tools/regex_range.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/key_order.h"

namespace aeternus::tools {
namespace {

constexpr int kMaxBoundSizeBytes = 32;
constexpr std::string_view kFlagLetters = "imsU-";

// Takes one token of the pattern that is no parenthesis and no bar: a literal, an escape, a quotation or a class.
void SkipToken(std::string_view* rest) {
  if (absl::ConsumePrefix(rest, "\\Q")) {  // a quotation, to \E or the end
    const size_t end = rest->find("\\E");
    rest->remove_prefix(end == std::string_view::npos ? rest->size() : end + 2);
  } else if (absl::StartsWith(*rest, "\\")) {
    rest->remove_prefix(std::min<size_t>(2, rest->size()));
  } else if (absl::ConsumePrefix(rest, "[")) {
    absl::ConsumePrefix(rest, "^");
    absl::ConsumePrefix(rest, "]");  // first in a class, it stands for itself
    while (!rest->empty() && !absl::ConsumePrefix(rest, "]")) {
      if (absl::ConsumePrefix(rest, "[:")) {  // [:alpha:]
        const size_t end = rest->find(":]");
        rest->remove_prefix(end == std::string_view::npos ? 0 : end + 2);
      } else {
        rest->remove_prefix(std::min<size_t>(rest->front() == '\\' ? 2 : 1, rest->size()));
      }
    }
  } else {
    rest->remove_prefix(1);
  }
}

// Takes (?i) and the like from the front.
void SkipLeadingFlags(std::string_view* rest) {
  while (absl::StartsWith(*rest, "(?")) {
    const size_t end = rest->find_first_not_of(kFlagLetters, 2);
    if (end == std::string_view::npos || (*rest)[end] != ')') return;  // a group, not flags
    rest->remove_prefix(end + 1);
  }
}

// Takes the anchor at the front of an alternative. A repeated one, such as ^*, is none.
bool TakeAnchor(std::string_view* rest) {
  SkipLeadingFlags(rest);
  if (!absl::ConsumePrefix(rest, "^") && !absl::ConsumePrefix(rest, "\\A")) return false;
  return rest->empty() || std::string_view("*+?{").find(rest->front()) == std::string_view::npos;
}

// Whether anything in the pattern looks like the flag m, under which ^ matches at the start of every line.
bool MentionsMultiline(std::string_view pattern) {
  for (size_t at = pattern.find("(?"); at != std::string_view::npos; at = pattern.find("(?", at + 2)) {
    const size_t end = std::min(pattern.find_first_not_of(kFlagLetters, at + 2), pattern.size());
    if (pattern.substr(at + 2, end - at - 2).find('m') != std::string_view::npos) return true;
  }
  return false;
}

}  // namespace

bool IsAnchoredAtStart(std::string_view pattern) {
  if (MentionsMultiline(pattern) || !TakeAnchor(&pattern)) return false;
  int depth = 0;
  while (!pattern.empty()) {
    if (absl::ConsumePrefix(&pattern, "|")) {
      if (depth == 0 && !TakeAnchor(&pattern)) return false;
    } else if (absl::ConsumePrefix(&pattern, "(")) {
      ++depth;
    } else if (absl::ConsumePrefix(&pattern, ")")) {
      --depth;
    } else {
      SkipToken(&pattern);
    }
  }
  return true;
}

KeyRange MatchRange(const RE2& regex) {
  const KeyRange everything;
  if (!IsAnchoredAtStart(regex.pattern())) return everything;
  // RE2 bounds the text of a match, and a key goes on behind it: let the match take the rest of the key, any bytes. The
  // group must capture: otherwise RE2 takes a literal prefix out of the pattern and bounds what follows as if it stood
  // at the start of the text, which is wrong for \b.
  const RE2 whole_key(absl::StrCat("(", regex.pattern(), ")\\C*"), regex.options());
  std::string min;
  std::string max;
  if (!whole_key.ok() || !whole_key.PossibleMatchRange(&min, &max, kMaxBoundSizeBytes)) return everything;
  // RE2 answers min <= key <= max, where a max that was cut off is rounded up to a string above all that continue it.
  // An end of ours is exclusive, so a max that is itself a match needs the next key after it, which is max and a zero.
  if (RE2::PartialMatch(max, regex)) max.push_back('\0');
  // A dot leaves its extreme characters in the bounds, U+0000 and U+10FFFF. Rounding them off costs no precision that
  // counts, and shows people the range they expect.
  min.erase(min.find_last_not_of('\0') + 1);
  if (const size_t top = max.find('\xf4'); top != std::string::npos) max = PrefixSuccessor(max.substr(0, top));
  // Empty: it could not be rounded up.
  return {.start = std::move(min), .end = max.empty() ? std::nullopt : std::optional(std::move(max))};
}

}  // namespace aeternus::tools
