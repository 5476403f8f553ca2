// CRC-32C (Castagnoli), the checksum of every format. Hardware speed needs -msse4.2 -mpclmul (docs/consumer.md).
#ifndef AETERNUS_BASE_CRC32C_H_
#define AETERNUS_BASE_CRC32C_H_

#include <cstdint>
#include <string_view>

#include "absl/crc/crc32c.h"

namespace aeternus {

inline uint32_t Crc32c(std::string_view data) { return static_cast<uint32_t>(absl::ComputeCrc32c(data)); }

// The checksum of a concatenation whose first part has checksum `crc`.
inline uint32_t ExtendCrc32c(uint32_t crc, std::string_view data) {
  return static_cast<uint32_t>(absl::ExtendCrc32c(absl::crc32c_t{crc}, data));
}

}  // namespace aeternus

#endif  // AETERNUS_BASE_CRC32C_H_
