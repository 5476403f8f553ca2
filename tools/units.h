// Numbers as people read them. Sizes are in binary units: 1 MiB = 2^20 bytes, as the options of a database count them.
//
// Thread safety: pure functions.
#ifndef AETERNUS_TOOLS_UNITS_H_
#define AETERNUS_TOOLS_UNITS_H_

#include <cstdint>
#include <string>

namespace aeternus::tools {

std::string FormatCount(uint64_t n);        // 1234567 -> "1,234,567"
std::string FormatBytes(uint64_t bytes);    // 999 -> "999 B", 1536 -> "1.5 KiB", ... "12.0 MiB"
std::string FormatSeconds(double seconds);  // 0.25 -> "0.2 s", 75 -> "1 min 15 s", 3700 -> "1 h 1 min"
// `part` of `whole` as `width` characters: '#' for the share, `rest` for what is missing. Something that is not nothing
// shows at least one '#'.
std::string FormatBar(uint64_t part, uint64_t whole, int width, char rest);

}  // namespace aeternus::tools

#endif  // AETERNUS_TOOLS_UNITS_H_
