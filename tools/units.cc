#include "tools/units.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace aeternus::tools {

std::string FormatCount(uint64_t n) {
  std::string digits = absl::StrCat(n);
  for (int at = static_cast<int>(digits.size()) - 3; at > 0; at -= 3) digits.insert(static_cast<size_t>(at), ",");
  return digits;
}

std::string FormatBytes(uint64_t bytes) {
  if (bytes < 1024) return absl::StrCat(bytes, " B");
  static constexpr const char* kUnits[] = {"KiB", "MiB", "GiB", "TiB"};
  double size = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  // 1023.95 would be printed as 1024.0.
  while (size >= 1023.95 && unit + 1 < std::size(kUnits)) {
    size /= 1024;
    ++unit;
  }
  return absl::StrFormat("%.1f %s", size, kUnits[unit]);
}

std::string FormatSeconds(double seconds) {
  if (seconds < 59.95) return absl::StrFormat("%.1f s", std::max(seconds, 0.0));
  const auto whole = static_cast<uint64_t>(seconds + 0.5);
  if (whole < 3600) return absl::StrCat(whole / 60, " min ", whole % 60, " s");
  return absl::StrCat(whole / 3600, " h ", whole % 3600 / 60, " min");
}

std::string FormatBar(uint64_t part, uint64_t whole, int width, char rest) {
  const double share = whole == 0 ? 0.0 : std::min(1.0, static_cast<double>(part) / static_cast<double>(whole));
  int filled = static_cast<int>(share * width + 0.5);
  if (part > 0) filled = std::max(filled, 1);
  return absl::StrCat(std::string(static_cast<size_t>(filled), '#'),
                      std::string(static_cast<size_t>(std::max(width - filled, 0)), rest));
}

}  // namespace aeternus::tools
