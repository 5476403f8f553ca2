#include "env/descriptor_budget.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "env/posix_io.h"
#include "gtest/gtest.h"

namespace aeternus::env {
namespace {

class DescriptorBudgetTest : public ::testing::Test {
 protected:
  DescriptorBudgetTest() : root_(::testing::TempDir() + "/budget-XXXXXX") { EXPECT_NE(mkdtemp(root_.data()), nullptr); }
  ~DescriptorBudgetTest() override { std::filesystem::remove_all(root_); }

  // File number `i` holds its own number.
  std::unique_ptr<BudgetedFile> NewFile(DescriptorBudget* budget, int i) {
    const std::string path = root_ + "/" + std::to_string(i);
    const Descriptor file = *OpenDescriptor("create", path, O_CREAT | O_RDWR);
    EXPECT_TRUE(WriteFully("append", file.get(), path, 0, std::to_string(i)).ok());
    return std::make_unique<BudgetedFile>(budget, path);
  }
  std::vector<std::unique_ptr<BudgetedFile>> NewFiles(DescriptorBudget* budget, int n) {
    std::vector<std::unique_ptr<BudgetedFile>> files;
    for (int i = 0; i < n; ++i) files.push_back(NewFile(budget, i));
    return files;
  }

  // The number in a file, or -1.
  static int NumberIn(BudgetedFile& file) {
    const absl::StatusOr<BudgetedFile::Pin> pin = file.Acquire();
    if (!pin.ok()) return -1;
    char text[16] = {};
    return pread(pin->fd(), text, sizeof(text) - 1, 0) > 0 ? atoi(text) : -1;
  }

  std::string root_;
};

TEST_F(DescriptorBudgetTest, FilesOpenWhenFirstUsed) {
  DescriptorBudget budget(10);
  std::unique_ptr<BudgetedFile> file = NewFile(&budget, 7);
  EXPECT_EQ(budget.open_count(), 0u);
  EXPECT_EQ(NumberIn(*file), 7);
  EXPECT_EQ(budget.open_count(), 1u);
  file.reset();
  EXPECT_EQ(budget.open_count(), 0u);
}

TEST_F(DescriptorBudgetTest, TenTimesMoreFilesThanTheBudgetAreReadable) {
  DescriptorBudget budget(10);
  std::vector<std::unique_ptr<BudgetedFile>> files = NewFiles(&budget, 100);
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 100; ++i) {
      EXPECT_EQ(NumberIn(*files[i]), i);
      EXPECT_LE(budget.open_count(), 10u);
    }
  }
  EXPECT_EQ(budget.open_count(), 10u);
}

TEST_F(DescriptorBudgetTest, FilesInUseKeepTheirDescriptor) {
  DescriptorBudget budget(4);
  std::vector<std::unique_ptr<BudgetedFile>> files = NewFiles(&budget, 50);
  const int hot_fd = files[0]->Acquire()->fd();
  for (int i = 1; i < 50; ++i) {
    EXPECT_EQ(NumberIn(*files[i]), i);
    EXPECT_EQ(files[0]->Acquire()->fd(), hot_fd) << "evicted although used after every other file";
  }
}

TEST_F(DescriptorBudgetTest, PinnedFilesExceedTheBudgetAndComeBackToIt) {
  DescriptorBudget budget(2);
  std::vector<std::unique_ptr<BudgetedFile>> files = NewFiles(&budget, 10);
  {
    std::vector<BudgetedFile::Pin> pins;
    for (int i = 0; i < 8; ++i) pins.push_back(*files[i]->Acquire());
    EXPECT_EQ(budget.open_count(), 8u);
    for (int i = 0; i < 8; ++i) EXPECT_NE(fcntl(pins[i].fd(), F_GETFD), -1);
  }
  EXPECT_EQ(NumberIn(*files[9]), 9);
  EXPECT_LE(budget.open_count(), 2u);
}

TEST_F(DescriptorBudgetTest, EvictedFileThatWasDeletedIsNotFound) {
  DescriptorBudget budget(1);
  std::vector<std::unique_ptr<BudgetedFile>> files = NewFiles(&budget, 2);
  EXPECT_EQ(NumberIn(*files[0]), 0);
  ASSERT_EQ(unlink(files[0]->path().c_str()), 0);
  EXPECT_EQ(NumberIn(*files[0]), 0) << "still open";
  EXPECT_EQ(NumberIn(*files[1]), 1);
  EXPECT_TRUE(absl::IsNotFound(files[0]->Acquire().status()));
}

TEST_F(DescriptorBudgetTest, GivesWayWhenTheProcessRunsOutOfDescriptors) {
  DescriptorBudget budget(1000);
  std::vector<std::unique_ptr<BudgetedFile>> files = NewFiles(&budget, 100);
  struct rlimit limit;
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  const struct rlimit tight = {40, limit.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &tight), 0);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(NumberIn(*files[i]), i);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_LT(budget.open_count(), 40u);
}

// Threads evict one another's files all the time; a descriptor closed under a reader would give a wrong number or an
// error, since its number is at once given to another file.
TEST_F(DescriptorBudgetTest, ReadersNeverLoseTheDescriptorTheyUse) {
  constexpr int kThreads = 4;
  constexpr int kFiles = 40;
  DescriptorBudget budget(3);
  std::vector<std::unique_ptr<BudgetedFile>> files = NewFiles(&budget, kFiles);
  std::atomic<int> wrong{0};
  std::vector<std::thread> readers;
  for (int t = 0; t < kThreads; ++t) {
    readers.emplace_back([&, t] {
      for (int i = 0; i < 4000; ++i) {
        const int file = (i * (2 * t + 1) + i / 7) % kFiles;
        if (NumberIn(*files[file]) != file) ++wrong;
      }
    });
  }
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_LE(budget.open_count(), 3u + kThreads);
}

}  // namespace
}  // namespace aeternus::env
