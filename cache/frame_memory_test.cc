#include "cache/frame_memory.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "env/huge_block.h"
#include "gtest/gtest.h"

namespace aeternus {
namespace {

constexpr size_t kSmallCache = size_t{1} << 20;
constexpr size_t kLargeCache = FrameMemory::kLeastHugeBytes;

struct Piece {
  char* p;
  size_t size;
  char fill;
};

// So much plain memory that what follows comes from chunks.
class Plenty {
 public:
  explicit Plenty(FrameMemory* memory) : memory_(memory), p_(memory->Allocate(kBytes)) {}
  ~Plenty() { memory_->Free(p_, kBytes); }

 private:
  static constexpr size_t kBytes = FrameMemory::kPlainBytes;
  FrameMemory* const memory_;
  char* const p_;
};

// Address space of this process.
size_t MappedBytes() {
  size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * 4096;
}

// Takes and gives back pieces of all sizes; each is written whole, and is whole when it goes.
void TakeAndGiveBack(FrameMemory& memory, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<Piece> pieces;
  const auto give_back = [&](size_t i) {
    ASSERT_EQ(std::string(pieces[i].p, pieces[i].size), std::string(pieces[i].size, pieces[i].fill));
    memory.Free(pieces[i].p, pieces[i].size);
    pieces[i] = pieces.back();
    pieces.pop_back();
  };
  for (int step = 0; step < 4000; ++step) {
    if (pieces.size() > 300 || (!pieces.empty() && random() % 5 < 2)) {
      give_back(random() % pieces.size());
      continue;
    }
    const size_t size = 1 + random() % (random() % 20 == 0 ? 100'000 : 6'000);
    const Piece piece{memory.Allocate(size), size, static_cast<char>(random())};
    ASSERT_EQ(reinterpret_cast<uintptr_t>(piece.p) % FrameMemory::kAlignmentBytes, 0u);
    std::memset(piece.p, piece.fill, size);
    pieces.push_back(piece);
  }
  while (!pieces.empty()) give_back(pieces.size() - 1);
}

TEST(FrameMemoryTest, PiecesOfAllSizesDoNotOverlap) {
  for (const size_t cache_bytes : {kSmallCache, kLargeCache}) {
    FrameMemory memory(cache_bytes);
    TakeAndGiveBack(memory, 1);  // little enough to be plain
    const Plenty plenty(&memory);
    TakeAndGiveBack(memory, 2);
  }
}

TEST(FrameMemoryTest, ThreadsMayTakeAndGiveBackAtOnce) {
  FrameMemory memory(kLargeCache);
  const Plenty plenty(&memory);
  std::vector<std::thread> threads;
  for (uint64_t seed = 1; seed <= 3; ++seed) threads.emplace_back([&memory, seed] { TakeAndGiveBack(memory, seed); });
  for (std::thread& thread : threads) thread.join();
}

TEST(FrameMemoryTest, ASmallCacheHasNoChunks) {
  FrameMemory memory(kSmallCache);
  const Plenty plenty(&memory);
  char* p = memory.Allocate(4100);
  EXPECT_EQ(memory.chunk_count(), 0u);
  EXPECT_EQ(memory.BytesTaken(4100), 4160u);
  memory.Free(p, 4100);
}

TEST(FrameMemoryTest, ALargeCacheThatHoldsLittleHasNoChunks) {
  FrameMemory memory(kLargeCache);
  char* p = memory.Allocate(4100);
  EXPECT_EQ(memory.chunk_count(), 0u);
  {
    const Plenty plenty(&memory);
    char* cell = memory.Allocate(4100);
    EXPECT_EQ(memory.chunk_count(), 1u);
    memory.Free(p, 4100);
    p = cell;
  }
  memory.Free(p, 4100);  // each goes where it came from
}

TEST(FrameMemoryTest, PiecesOfLikeSizeShareChunksAndEmptyOnesAreGivenBack) {
  constexpr size_t kPieces = 2000;
  FrameMemory memory(kLargeCache);
  const Plenty plenty(&memory);
  EXPECT_EQ(memory.BytesTaken(4100), 4352u);
  std::vector<std::pair<char*, size_t>> pieces;
  for (size_t i = 0; i < kPieces; ++i) {
    const size_t size = 4100 + i % 200;
    pieces.emplace_back(memory.Allocate(size), size);
  }
  const size_t per_chunk = (env::HugeBlock::kPageBytes - 1) / 4352;
  EXPECT_EQ(memory.chunk_count(), (kPieces + per_chunk - 1) / per_chunk);
  std::shuffle(pieces.begin(), pieces.end(), std::mt19937_64(1));
  for (const auto& [p, size] : pieces) memory.Free(p, size);
  EXPECT_EQ(memory.chunk_count(), 1u);
  memory.Free(memory.Allocate(4100), 4100);
  EXPECT_EQ(memory.chunk_count(), 1u);
}

TEST(FrameMemoryTest, ChunksThatAreGivenBackAreMappedNoMore) {
  constexpr size_t kPieces = 20;
  constexpr int kRounds = 50;  // two gigabytes, if they stayed
  const size_t before = MappedBytes();
  ASSERT_GT(before, 0u);
  for (int round = 0; round < kRounds; ++round) {
    FrameMemory memory(kLargeCache);
    const Plenty plenty(&memory);
    std::vector<std::pair<char*, size_t>> pieces;
    for (size_t i = 0; i < kPieces; ++i) {
      const size_t size = 4096 + i * FrameMemory::kCellStepBytes;  // each is of a class, and a chunk, of its own
      pieces.emplace_back(memory.Allocate(size), size);
    }
    ASSERT_EQ(memory.chunk_count(), kPieces);
    for (const auto& [p, size] : pieces) memory.Free(p, size);
  }
  EXPECT_LT(MappedBytes(), before + kRounds * kPieces * env::HugeBlock::kPageBytes / 8);
}

TEST(FrameMemoryTest, LargeAndEmptyPiecesTakeNoCell) {
  FrameMemory memory(kLargeCache);
  const Plenty plenty(&memory);
  for (const size_t size : {size_t{0}, FrameMemory::kLargestCellBytes + 1, size_t{3} << 20}) {
    memory.Free(memory.Allocate(size), size);
  }
  EXPECT_EQ(memory.chunk_count(), 0u);
  char* largest = memory.Allocate(FrameMemory::kLargestCellBytes);
  EXPECT_EQ(memory.chunk_count(), 1u);
  memory.Free(largest, FrameMemory::kLargestCellBytes);
}

}  // namespace
}  // namespace aeternus
