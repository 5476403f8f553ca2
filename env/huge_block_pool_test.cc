#include "env/huge_block_pool.h"

#include <cstddef>
#include <utility>

#include "gtest/gtest.h"

namespace aeternus::env {
namespace {

constexpr size_t kBytes = HugeBlock::kPageBytes;

TEST(HugeBlockPool, GivesBackWhatItWasGivenAndSaysWhatItKeeps) {
  ptrdiff_t kept = 0;
  HugeBlockPool pool(3 * kBytes, [&](ptrdiff_t bytes) { kept += bytes; });
  EXPECT_EQ(pool.Take().data(), nullptr);
  HugeBlock block(kBytes);
  char* const place = block.data();
  place[5] = 'x';
  pool.Give(std::move(block));
  EXPECT_EQ(kept, static_cast<ptrdiff_t>(kBytes));
  const HugeBlock again = pool.Take();
  EXPECT_EQ(again.data(), place);
  EXPECT_EQ(again.data()[5], 'x');
  EXPECT_EQ(kept, 0);
}

TEST(HugeBlockPool, KeepsNoMoreThanItMayAndNothingOnceItIsCleared) {
  ptrdiff_t kept = 0;
  HugeBlockPool pool(3 * kBytes - 1, [&](ptrdiff_t bytes) { kept += bytes; });
  for (int i = 0; i < 5; ++i) pool.Give(HugeBlock(kBytes));
  EXPECT_EQ(kept, static_cast<ptrdiff_t>(2 * kBytes));
  pool.Clear();
  EXPECT_EQ(kept, 0);
  EXPECT_EQ(pool.Take().data(), nullptr);
}

}  // namespace
}  // namespace aeternus::env
