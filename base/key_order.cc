#include "base/key_order.h"

namespace aeternus {

std::string ShortestSeparator(std::string_view a, std::string_view b) {
  const size_t n = CommonPrefixSize(a, b);
  // One byte behind the common prefix, raised by one, still below b: shorter than a and at least a.
  if (n + 1 < a.size() && n < b.size()) {
    const auto raised = static_cast<unsigned char>(static_cast<unsigned char>(a[n]) + 1);
    if (raised < static_cast<unsigned char>(b[n])) {
      std::string separator(a.substr(0, n + 1));
      separator[n] = static_cast<char>(raised);
      return separator;
    }
  }
  return std::string(a);
}

std::string PrefixSuccessor(std::string_view prefix) {
  std::string successor(prefix);
  while (!successor.empty()) {
    const auto last = static_cast<unsigned char>(successor.back());
    if (last != 0xff) {
      successor.back() = static_cast<char>(last + 1);
      return successor;
    }
    successor.pop_back();
  }
  return successor;
}

}  // namespace aeternus
