#include "env/prefault.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <thread>
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

TEST(Prefault, WhatItSaysIsPresentIs) {
  // Asked again when it came too late: sooner or later the thread has its turn.
  while (true) {
    const HugeBlock block(kBytes);
    ASSERT_EQ(PresentPages(block.data(), kBytes), 0u);
    Prefault prefault;
    prefault.Start(block.data(), kBytes);
    std::this_thread::yield();
    if (!prefault.Finish()) continue;
    EXPECT_EQ(PresentPages(block.data(), kBytes), kBytes / static_cast<size_t>(getpagesize()));
    EXPECT_FALSE(prefault.Finish()) << "it is over";
    return;
  }
}

TEST(Prefault, LeavesWhatIsThereAsItIs) {
  const HugeBlock block(kBytes);
  for (size_t i = 0; i < kBytes; i += 4096) block.data()[i] = static_cast<char>('a' + i / 4096 % 26);
  Prefault prefault;
  for (int i = 0; i < 10; ++i) prefault.Start(block.data(), kBytes);
  prefault.Finish();
  for (size_t i = 0; i < kBytes; i += 4096) ASSERT_EQ(block.data()[i], static_cast<char>('a' + i / 4096 % 26));
}

TEST(Prefault, WhatCannotBeWrittenIsRefused) {
  void* const memory = mmap(nullptr, kBytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  Prefault prefault;
  for (int i = 0; i < 100; ++i) {
    prefault.Start(static_cast<char*>(memory), kBytes);
    std::this_thread::yield();
    EXPECT_FALSE(prefault.Finish());
  }
  munmap(memory, kBytes);
}

// What was finished is nobody's but its owner's, who takes it away.
TEST(Prefault, ManyOwnersFinishAtAnyTime) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([t] {
      for (int i = 0; i < 50; ++i) {
        const HugeBlock a(kBytes), b(kBytes);
        Prefault first, second;
        first.Start(a.data(), kBytes);
        second.Start(b.data(), kBytes);
        for (int n = 0; n < i * t; ++n) std::this_thread::yield();
        second.Finish();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace aeternus::env
