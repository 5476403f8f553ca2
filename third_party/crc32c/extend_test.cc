#include <cstdint>
#include <string>

#include "crc32c/crc32c.h"
#include "gtest/gtest.h"

namespace {

uint32_t Extend(uint32_t crc, const std::string& bytes) {
  return crc32c::Extend(crc, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
}

// The check value of CRC-32C, and the first vectors of RFC 3720, B.4.
TEST(Crc32cTest, KnownValues) {
  EXPECT_EQ(Extend(0, "123456789"), 0xe3069283u);
  EXPECT_EQ(Extend(0, std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(Extend(0, std::string(32, '\xff')), 0x62a8ab43u);
}

TEST(Crc32cTest, PartsMakeUpTheWhole) { EXPECT_EQ(Extend(Extend(0, "1234"), "56789"), 0xe3069283u); }

}  // namespace
