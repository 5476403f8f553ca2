#include "env/populate.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <vector>

#include "env/huge_block.h"
#include "gtest/gtest.h"

namespace aeternus::env {
namespace {

constexpr size_t kBytes = HugeBlock::kPageBytes;

size_t PresentPages(char* data, size_t size) {
  std::vector<unsigned char> pages(size / static_cast<size_t>(getpagesize()));
  EXPECT_EQ(mincore(data, size, pages.data()), 0);
  size_t present = 0;
  for (const unsigned char page : pages) present += page & 1;
  return present;
}

TEST(Populate, MakesEveryPagePresent) {
  const HugeBlock block(kBytes);
  EXPECT_EQ(PresentPages(block.data(), kBytes), 0u);
  ASSERT_TRUE(Populate(block.data(), kBytes));
  EXPECT_EQ(PresentPages(block.data(), kBytes), kBytes / static_cast<size_t>(getpagesize()));
}

TEST(Populate, LeavesWhatIsThereAsItIs) {
  const HugeBlock block(kBytes);
  for (size_t i = 0; i < kBytes; i += 4096) block.data()[i] = static_cast<char>('a' + i / 4096 % 26);
  ASSERT_TRUE(Populate(block.data(), kBytes));
  for (size_t i = 0; i < kBytes; i += 4096) ASSERT_EQ(block.data()[i], static_cast<char>('a' + i / 4096 % 26));
}

TEST(Populate, RefusesWhatCannotBeWritten) {
  void* const memory = mmap(nullptr, kBytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  EXPECT_FALSE(Populate(static_cast<char*>(memory), kBytes));
  munmap(memory, kBytes);
}

}  // namespace
}  // namespace aeternus::env
