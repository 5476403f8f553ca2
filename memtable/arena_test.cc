#include "memtable/arena.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>

#include "gtest/gtest.h"
#include "iterator/testing/random.h"

namespace aeternus {
namespace {

using ::aeternus::testing::Random;

TEST(Arena, ATinyOneTakesLittleAndLargePiecesGetTheirOwnBlock) {
  Arena arena;
  EXPECT_EQ(arena.memory_bytes(), 0u);
  arena.Allocate(100);
  EXPECT_LT(arena.memory_bytes(), 2 * Arena::kFirstBlockBytes);
  char* large = arena.Allocate(3 * Arena::kLargestBlockBytes);
  std::fill_n(large, 3 * Arena::kLargestBlockBytes, 'x');
  EXPECT_LT(arena.memory_bytes(), 3 * Arena::kLargestBlockBytes + 2 * Arena::kFirstBlockBytes);
  arena.Allocate(Arena::kFirstBlockBytes);
  EXPECT_LT(arena.memory_bytes(), 2 * (3 * Arena::kLargestBlockBytes + 2 * Arena::kFirstBlockBytes));
}

TEST(Arena, BehindALargePieceASmallOneDoesNotTakeTwoHugeBlocks) {
  Arena arena;
  arena.Allocate(Arena::kLargestBlockBytes + Arena::kLargestBlockBytes / 2);
  const size_t before = arena.memory_bytes();
  arena.Allocate(100);
  EXPECT_LE(arena.memory_bytes(), before + before / 2);
}

TEST(Arena, PiecesAreAlignedAsAskedAndDoNotOverlap) {
  Random random = Random::ForTest();
  Arena arena;
  std::map<char*, size_t> pieces;
  for (int i = 0; i < 5'000; ++i) {
    const size_t size = 1 + random.Below(600);
    const size_t alignment = size_t{8} << random.Below(4);
    char* const piece = arena.Allocate(size, alignment);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(piece) % alignment, 0u);
    pieces[piece] = size;
  }
  ASSERT_EQ(pieces.size(), 5'000u);
  for (auto it = pieces.begin(), next = std::next(it); next != pieces.end(); ++it, ++next) {
    ASSERT_LE(it->first + it->second, next->first);
  }
}

// As entries are: but for the first few, none takes a call of the allocator and pages of its own.
TEST(Arena, PiecesOfAnySizeButTheLargestComeToLieSideBySide) {
  for (const size_t size : {64, 256, 1024, 4096, 65'536}) {
    Arena arena;
    constexpr size_t kBytes = 4 * Arena::kLargestBlockBytes;
    size_t alone = 0;
    const char* before = nullptr;
    for (size_t bytes = 0; bytes < kBytes; bytes += size) {
      const char* const piece = arena.Allocate(size);
      if (before == nullptr || piece != before + size) ++alone;
      before = piece;
    }
    EXPECT_LT(alone, 60u) << "of " << kBytes / size << " pieces of " << size << " bytes";
    EXPECT_LT(arena.memory_bytes(), kBytes + 3 * Arena::kLargestBlockBytes);
  }
}

}  // namespace
}  // namespace aeternus
