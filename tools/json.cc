#include "tools/json.h"

#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "tools/text.h"

namespace aeternus::tools {
namespace {

void AppendUtf8(std::string* out, uint32_t code_point) {
  const auto continuation = [&](int shift) { out->push_back(static_cast<char>(0x80 | (code_point >> shift & 0x3f))); };
  if (code_point < 0x80) {
    out->push_back(static_cast<char>(code_point));
  } else if (code_point < 0x800) {
    out->push_back(static_cast<char>(0xc0 | code_point >> 6));
    continuation(0);
  } else if (code_point < 0x10000) {
    out->push_back(static_cast<char>(0xe0 | code_point >> 12));
    continuation(6);
    continuation(0);
  } else {
    out->push_back(static_cast<char>(0xf0 | code_point >> 18));
    continuation(12);
    continuation(6);
    continuation(0);
  }
}

bool IsHighSurrogate(uint32_t unit) { return unit >= 0xd800 && unit <= 0xdbff; }
bool IsLowSurrogate(uint32_t unit) { return unit >= 0xdc00 && unit <= 0xdfff; }

// A recursive-descent parser without the recursion: the grammar is one object deep.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  absl::StatusOr<std::vector<JsonField>> ParseObject() {
    std::vector<JsonField> fields;
    AETERNUS_RETURN_IF_ERROR(Expect('{'));
    SkipSpace();
    if (!TakeIf('}')) {
      do {
        JsonField field;
        AETERNUS_ASSIGN_OR_RETURN(field.name, ParseString("a field name in quotes"));
        AETERNUS_RETURN_IF_ERROR(Expect(':'));
        AETERNUS_ASSIGN_OR_RETURN(field.value, ParseString("a value in quotes"));
        fields.push_back(std::move(field));
        SkipSpace();
      } while (TakeIf(','));
      AETERNUS_RETURN_IF_ERROR(Expect('}'));
    }
    SkipSpace();
    if (at_ != text_.size()) return Error("something behind the end of the object");
    return fields;
  }

 private:
  absl::Status Error(std::string_view message) const {
    return absl::InvalidArgumentError(absl::StrCat("column ", at_ + 1, ": ", message));
  }

  void SkipSpace() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) ++at_;
  }

  bool TakeIf(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  absl::Status Expect(char c) {
    SkipSpace();
    if (TakeIf(c)) return absl::OkStatus();
    return Error(absl::StrFormat("expected '%c', found %s", c, Found()));
  }

  std::string Found() const {
    return at_ == text_.size() ? "the end of the line" : absl::StrCat("'", EscapeBytes(text_.substr(at_, 1)), "'");
  }

  absl::StatusOr<std::string> ParseString(std::string_view what) {
    SkipSpace();
    if (!TakeIf('"')) return Error(absl::StrCat("expected ", what, ", found ", Found()));
    std::string out;
    while (true) {
      // Everything up to the next quote, escape or control character is copied as it is.
      const size_t begin = at_;
      while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\\' &&
             static_cast<uint8_t>(text_[at_]) >= 0x20) {
        ++at_;
      }
      const std::string_view run = text_.substr(begin, at_ - begin);
      if (!IsValidUtf8(run)) {
        return Error("the string before this is not valid UTF-8 (use key_base64 and value_base64 for other bytes)");
      }
      out.append(run);
      if (at_ == text_.size()) return Error("a string without an end");
      if (TakeIf('"')) return out;
      if (text_[at_] != '\\') return Error("a control character in a string (write it as \\u00NN)");
      AETERNUS_RETURN_IF_ERROR(ParseEscape(&out));
    }
  }

  absl::Status ParseEscape(std::string* out) {
    if (at_ + 1 == text_.size()) return Error("a string without an end");
    static constexpr std::string_view kLetters = "\"\\/bfnrt";
    static constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    const char letter = text_[at_ + 1];
    if (letter == 'u') return ParseUnicodeEscape(out);
    const size_t i = kLetters.find(letter);
    if (i == std::string_view::npos) return Error("an unknown escape");
    out->push_back(kMeanings[i]);
    at_ += 2;
    return absl::OkStatus();
  }

  // \uNNNN, or two of them that make a surrogate pair.
  absl::Status ParseUnicodeEscape(std::string* out) {
    AETERNUS_ASSIGN_OR_RETURN(uint32_t code_point, TakeUtf16Unit());
    if (IsLowSurrogate(code_point)) return Error("a low surrogate without a high one before it");
    if (IsHighSurrogate(code_point)) {
      if (text_.substr(at_, 2) != "\\u") return Error("a high surrogate without a low one behind it");
      AETERNUS_ASSIGN_OR_RETURN(const uint32_t low, TakeUtf16Unit());
      if (!IsLowSurrogate(low)) return Error("a high surrogate without a low one behind it");
      code_point = 0x10000 + ((code_point - 0xd800) << 10) + (low - 0xdc00);
    }
    AppendUtf8(out, code_point);
    return absl::OkStatus();
  }

  absl::StatusOr<uint32_t> TakeUtf16Unit() {
    const std::string_view digits = text_.substr(at_ + 2, 4);
    uint32_t unit = 0;
    if (digits.size() != 4 || digits.find_first_not_of("0123456789abcdefABCDEF") != std::string_view::npos ||
        !absl::SimpleHexAtoi(digits, &unit)) {
      return Error("\\u without four hexadecimal digits");
    }
    at_ += 6;
    return unit;
  }

  const std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

absl::StatusOr<std::vector<JsonField>> ParseFlatJsonObject(std::string_view text) { return Parser(text).ParseObject(); }

void AppendJsonString(std::string* out, std::string_view utf8) {
  out->push_back('"');
  for (const char c : utf8) {
    if (c == '"' || c == '\\') {
      out->push_back('\\');
      out->push_back(c);
    } else if (c == '\n') {
      out->append("\\n");
    } else if (c == '\t') {
      out->append("\\t");
    } else if (c == '\r') {
      out->append("\\r");
    } else if (static_cast<uint8_t>(c) < 0x20 || c == 0x7f) {
      absl::StrAppendFormat(out, "\\u%04x", static_cast<unsigned>(c));
    } else {
      out->push_back(c);
    }
  }
  out->push_back('"');
}

void AppendJsonBytesField(std::string* out, std::string_view name, std::string_view bytes) {
  const bool is_text = IsValidUtf8(bytes);
  absl::StrAppend(out, "\"", name, is_text ? "\": " : "_base64\": ");
  AppendJsonString(out, is_text ? std::string(bytes) : absl::Base64Escape(bytes));
}

}  // namespace aeternus::tools
