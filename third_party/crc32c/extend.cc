#include <string_view>

#include "absl/crc/crc32c.h"
#include "crc32c/crc32c.h"

namespace crc32c {

uint32_t Extend(uint32_t crc, const uint8_t* data, size_t count) {
  return static_cast<uint32_t>(absl::ExtendCrc32c(absl::crc32c_t{crc}, {reinterpret_cast<const char*>(data), count}));
}

}  // namespace crc32c
