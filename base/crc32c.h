// CRC-32C (Castagnoli), the checksum of every format. Hardware speed needs -msse4.2 -mpclmul (docs/consumer.md).
#ifndef AETERNUS_BASE_CRC32C_H_
#define AETERNUS_BASE_CRC32C_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/crc/crc32c.h"

namespace aeternus {

inline uint32_t Crc32c(std::string_view data) { return static_cast<uint32_t>(absl::ComputeCrc32c(data)); }

// The checksum of a concatenation whose first part has checksum `crc`.
inline uint32_t ExtendCrc32c(uint32_t crc, std::string_view data) {
  return static_cast<uint32_t>(absl::ExtendCrc32c(absl::crc32c_t{crc}, data));
}

// The same when all that is known of the second part is its checksum and its size in bytes. Takes a multiplication for
// each bit that is set in the size.
inline uint32_t ConcatCrc32c(uint32_t crc, uint32_t second_crc, size_t second_size) {
  return static_cast<uint32_t>(absl::ConcatCrc32c(absl::crc32c_t{crc}, absl::crc32c_t{second_crc}, second_size));
}

}  // namespace aeternus

#endif  // AETERNUS_BASE_CRC32C_H_
