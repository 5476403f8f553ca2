#include "env/posix_log_window.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "base/testing/test_seed.h"
#include "env/posix_io.h"
#include "gtest/gtest.h"

namespace aeternus::env {
namespace {

constexpr uint64_t kStep = PosixLogWindow::kStepBytes;

// A file of zeros, allocated where the file system can.
class PosixLogWindowTest : public ::testing::Test {
 protected:
  static constexpr uint64_t kFileBytes = 3 * PosixLogWindow::kWindowBytes;

  PosixLogWindowTest() : path_(absl::StrCat(::testing::TempDir(), "/window-XXXXXX")), fd_(mkstemp(path_.data())) {
    EXPECT_GE(fd_, 0);
    is_backed_ = AllocateSpace(fd_, path_, 0, kFileBytes).ok();
    if (!is_backed_) {
      EXPECT_EQ(ftruncate(fd_, kFileBytes), 0);
    }
  }
  ~PosixLogWindowTest() override {
    close(fd_);
    unlink(path_.c_str());
  }

  uint64_t backed_bytes() const { return is_backed_ ? kFileBytes : 0; }
  std::string Contents() const {
    std::string bytes(kFileBytes, '?');
    EXPECT_TRUE(ReadFully(fd_, path_, 0, absl::MakeSpan(bytes)).ok());
    return bytes;
  }

  std::string path_;
  const int fd_;
  bool is_backed_ = false;
};

TEST_F(PosixLogWindowTest, WhatItStoresIsInTheFileAndWhatItRefusesIsNot) {
  std::mt19937_64 random(TestSeed());
  std::string expected(kFileBytes, '\0');
  PosixLogWindow window;
  // Forwards, as a log grows, with a few jumps back; bytes of two kinds, so that an old one cannot pass for a new one.
  for (uint64_t offset = 0; offset < kFileBytes;) {
    const std::string data(random() % (random() % 20 == 0 ? 2 * kStep : 300), static_cast<char>('a' + random() % 26));
    if (window.Store(fd_, offset, data, backed_bytes())) {
      EXPECT_LE(data.size(), kStep);
      ASSERT_LE(offset + data.size(), kFileBytes);
      expected.replace(offset, data.size(), data);
    }
    offset += data.size() + 1;
    if (random() % 500 == 0) offset -= std::min<uint64_t>(offset, 100'000);
  }
  EXPECT_TRUE(Contents() == expected);
}

TEST_F(PosixLogWindowTest, NothingIsStoredBeyondWhatIsBacked) {
  PosixLogWindow window;
  EXPECT_FALSE(window.Store(fd_, 0, "x", /*backed_bytes=*/0));
  EXPECT_FALSE(window.Store(fd_, 2 * kStep - 1, "xy", /*backed_bytes=*/2 * kStep));
  EXPECT_FALSE(window.Store(fd_, kStep, std::string(kStep + 1, 'x'), backed_bytes()));
  EXPECT_EQ(Contents().find_first_not_of('\0'), std::string::npos);
}

TEST_F(PosixLogWindowTest, AFileThatCannotBeMappedIsRefusedForGood) {
  const int write_only = open(path_.c_str(), O_WRONLY);
  ASSERT_GE(write_only, 0);
  PosixLogWindow window;
  EXPECT_FALSE(window.Store(write_only, 0, "x", backed_bytes()));
  EXPECT_FALSE(window.Store(write_only, 0, "x", backed_bytes()));
  close(write_only);
  EXPECT_EQ(Contents().find_first_not_of('\0'), std::string::npos);
}

}  // namespace
}  // namespace aeternus::env
