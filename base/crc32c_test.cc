#include "base/crc32c.h"

#include <cstdint>
#include <random>
#include <string>

#include "base/testing/test_seed.h"
#include "gtest/gtest.h"

namespace aeternus {
namespace {

// The definition, bit by bit: reflected polynomial 0x82f63b78, all ones before and after.
uint32_t ReferenceCrc32c(std::string_view data) {
  uint32_t crc = 0xffffffff;
  for (const char byte : data) {
    crc ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? 0x82f63b78 : 0);
  }
  return ~crc;
}

// RFC 3720, appendix B.4.
TEST(Crc32cTest, StandardVectors) {
  std::string ascending, descending;
  for (int i = 0; i < 32; ++i) {
    ascending.push_back(static_cast<char>(i));
    descending.push_back(static_cast<char>(31 - i));
  }
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(Crc32c(std::string(32, '\xff')), 0x62a8ab43u);
  EXPECT_EQ(Crc32c(ascending), 0x46dd794eu);
  EXPECT_EQ(Crc32c(descending), 0x113fdb5cu);
  EXPECT_EQ(Crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(Crc32c(""), 0u);
}

TEST(Crc32cTest, AgreesWithTheDefinitionInOnePieceAndInTwo) {
  std::mt19937_64 random(TestSeed());
  for (size_t size = 0; size < 600; ++size) {
    const std::string data = RandomBytes(random, size);
    const std::string_view view = data;
    const size_t cut = random() % (size + 1);
    ASSERT_EQ(Crc32c(data), ReferenceCrc32c(data)) << "size " << size;
    ASSERT_EQ(ExtendCrc32c(Crc32c(view.substr(0, cut)), view.substr(cut)), ReferenceCrc32c(data)) << "cut " << cut;
    ASSERT_EQ(ConcatCrc32c(Crc32c(view.substr(0, cut)), Crc32c(view.substr(cut)), size - cut), ReferenceCrc32c(data))
        << "cut " << cut;
  }
}

}  // namespace
}  // namespace aeternus
