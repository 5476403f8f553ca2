#include "tools/text.h"

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace aeternus::tools {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";

// Length in bytes of the UTF-8 sequence at the front of `s`, or 0 when there is no valid one. The second byte's bounds
// exclude overlong forms (E0, F0), surrogates (ED) and code points above U+10FFFF (F4).
size_t Utf8SequenceSize(std::string_view s) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(s[i]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return 1;
  const size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || s.size() < size) return 0;
  const uint8_t second_min = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  const uint8_t second_max = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  if (byte(1) < second_min || byte(1) > second_max) return 0;
  for (size_t i = 2; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  return size;
}

void AppendHexEscape(std::string* out, uint8_t byte) {
  out->append("\\x");
  out->push_back(kHexDigits[byte >> 4]);
  out->push_back(kHexDigits[byte & 15]);
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = absl::ascii_tolower(static_cast<unsigned char>(c));
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// The byte of a one-letter escape, or -1.
int SimpleEscape(char letter) {
  switch (letter) {
    case 't':
      return '\t';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case '0':
      return '\0';
    case '\\':
      return '\\';
    default:
      return -1;
  }
}

}  // namespace

bool IsValidUtf8(std::string_view bytes) {
  while (!bytes.empty()) {
    const size_t size = Utf8SequenceSize(bytes);
    if (size == 0) return false;
    bytes.remove_prefix(size);
  }
  return true;
}

std::string EscapeBytes(std::string_view bytes) {
  const bool is_utf8 = IsValidUtf8(bytes);
  std::string out;
  out.reserve(bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<uint8_t>(c);
    if (c == '\t') {
      out.append("\\t");
    } else if (c == '\n') {
      out.append("\\n");
    } else if (c == '\r') {
      out.append("\\r");
    } else if (c == '\0') {
      out.append("\\0");
    } else if (c == '\\') {
      out.append("\\\\");
    } else if (byte < 0x20 || byte == 0x7f || (byte > 0x7f && !is_utf8)) {
      AppendHexEscape(&out, byte);
    } else {
      out.push_back(c);
    }
  }
  return out;
}

absl::StatusOr<std::string> UnescapeBytes(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out.push_back(text[i]);
      continue;
    }
    if (++i == text.size()) return absl::InvalidArgumentError("a backslash at the end (write \\\\ for a backslash)");
    if (const int simple = SimpleEscape(text[i]); simple >= 0) {
      out.push_back(static_cast<char>(simple));
      continue;
    }
    if (text[i] != 'x') {
      return absl::InvalidArgumentError(
          absl::StrCat("unknown escape \\", EscapeBytes(text.substr(i, 1)), " (known: \\t \\n \\r \\0 \\\\ \\xNN)"));
    }
    const int high = i + 1 < text.size() ? HexValue(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? HexValue(text[i + 2]) : -1;
    if (high < 0 || low < 0) return absl::InvalidArgumentError("\\x without two hexadecimal digits");
    out.push_back(static_cast<char>(high << 4 | low));
    i += 2;
  }
  return out;
}

std::string Quote(std::string_view bytes, size_t max_bytes) {
  if (bytes.size() <= max_bytes) return absl::StrCat("\"", EscapeBytes(bytes), "\"");
  // Cut at whole characters, so that shortening does not turn text into escapes.
  const auto is_continuation = [&](size_t i) { return (static_cast<uint8_t>(bytes[i]) & 0xc0) == 0x80; };
  size_t head = max_bytes / 2;
  while (head > 0 && is_continuation(head)) --head;
  size_t tail = bytes.size() - max_bytes / 2;
  while (tail < bytes.size() && is_continuation(tail)) ++tail;
  return absl::StrCat("\"", EscapeBytes(bytes.substr(0, head)), "...", EscapeBytes(bytes.substr(tail)), "\"");
}

}  // namespace aeternus::tools
