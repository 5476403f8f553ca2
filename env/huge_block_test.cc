#include "env/huge_block.h"

#include <cstdint>
#include <utility>

#include "gtest/gtest.h"

namespace aeternus::env {
namespace {

TEST(HugeBlock, IsAlignedZeroedAndWritableToItsRoundedSize) {
  for (const size_t size : {size_t{1}, HugeBlock::kPageBytes, HugeBlock::kPageBytes + 1, 5 * HugeBlock::kPageBytes}) {
    const HugeBlock block(size);
    EXPECT_GE(block.size(), size);
    EXPECT_LT(block.size(), size + HugeBlock::kPageBytes);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(block.data()) % HugeBlock::kPageBytes, 0u);
    for (size_t i = 0; i < block.size(); i += 1021) {
      EXPECT_EQ(block.data()[i], '\0');
      block.data()[i] = 'x';
    }
    block.data()[block.size() - 1] = 'y';
  }
}

TEST(HugeBlock, MovesWithItsBytes) {
  HugeBlock a(1);
  a.data()[7] = 'a';
  const char* const place = a.data();
  HugeBlock b = std::move(a);
  EXPECT_EQ(b.data(), place);
  HugeBlock c(1);
  c = std::move(b);
  EXPECT_EQ(c.data(), place);
  EXPECT_EQ(c.data()[7], 'a');
}

}  // namespace
}  // namespace aeternus::env
