// The one function that LevelDB asks of the crc32c library, which Debian does not have; extend.cc gives it Abseil's.
// Only for the LevelDB that peers.sh builds.
#ifndef AETERNUS_THIRD_PARTY_CRC32C_INCLUDE_CRC32C_CRC32C_H_
#define AETERNUS_THIRD_PARTY_CRC32C_INCLUDE_CRC32C_CRC32C_H_

#include <cstddef>
#include <cstdint>

namespace crc32c {

// The CRC-32C of the bytes that `crc` is of, followed by `count` bytes at `data`.
uint32_t Extend(uint32_t crc, const uint8_t* data, size_t count);

}  // namespace crc32c

#endif  // AETERNUS_THIRD_PARTY_CRC32C_INCLUDE_CRC32C_CRC32C_H_
