#include "env/posix_log_window.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/types/span.h"
#include "base/testing/test_seed.h"
#include "env/ahead.h"
#include "env/posix_io.h"
#include "gtest/gtest.h"

namespace aeternus::env {
namespace {

constexpr uint64_t kStep = PosixLogWindow::kStepBytes;

// A file of zeros, allocated where the file system can.
class PosixLogWindowTest : public ::testing::Test {
 protected:
  static constexpr uint64_t kFileBytes = 64 * PosixLogWindow::kWindowBytes;

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

// As a log is written: by stores, and now and then, or when one is refused, by write(2). What is prepared ahead never
// reaches what was written otherwise.
TEST_F(PosixLogWindowTest, WhatIsAppendedInEitherWayIsInTheFile) {
  std::mt19937_64 random(TestSeed());
  std::string expected(kFileBytes, '\0');
  {
    PosixLogWindow window;
    uint64_t offset = random() % kStep;
    while (true) {
      // What is written otherwise is often large, and so reaches into what may be being prepared.
      const bool is_stored_first = random() % 30 != 0;
      const uint64_t sizes[] = {300, 3'000, kStep + 1, 2 * PosixLogWindow::kWindowBytes};
      const uint64_t size = 1 + random() % (is_stored_first ? sizes[random() % 2] : sizes[random() % 4]);
      const std::string data(size, static_cast<char>('a' + random() % 26));
      const uint64_t end = offset + size;
      if (end > kFileBytes) break;
      if (random() % 100 == 0) std::this_thread::yield();  // so that preparations come to their turn, or do not
      if (!is_stored_first || !window.Store(fd_, offset, data, backed_bytes())) {
        window.LeaveFor(end);
        ASSERT_TRUE(WriteFully("write", fd_, path_, offset, data).ok());
      }
      expected.replace(offset, data.size(), data);
      offset = end + (random() % 3 == 0 ? random() % 10 : 0);
    }
  }
  EXPECT_TRUE(Contents() == expected);
}

// The thread that prepares comes to its turn only after the write.
TEST_F(PosixLogWindowTest, WhatWasPreparedTooLateIsNotPreparedAtAll) {
  absl::Notification go_on;
  Ahead busy;
  busy.Start([&] {
    go_on.WaitForNotification();
    return true;
  });
  PosixLogWindow window;
  std::string expected(kFileBytes, '\0');
  const auto put = [&](uint64_t offset, const std::string& data) { expected.replace(offset, data.size(), data); };
  uint64_t offset = 0;
  for (; offset < PosixLogWindow::kWindowBytes * 3 / 4 && is_backed_; offset += 1'000) {
    put(offset, std::string(1'000, 's'));
    ASSERT_TRUE(window.Store(fd_, offset, std::string(1'000, 's'), backed_bytes()));
  }
  const std::string large(2 * PosixLogWindow::kWindowBytes, 'l');
  window.LeaveFor(offset + large.size());
  ASSERT_TRUE(WriteFully("write", fd_, path_, offset, large).ok());
  put(offset, large);
  go_on.Notify();
  EXPECT_TRUE(busy.Finish());
  // What was queued behind it has had its turn once a last piece of work has.
  absl::Notification done;
  Ahead last;
  last.Start([&] {
    done.Notify();
    return true;
  });
  done.WaitForNotification();
  EXPECT_TRUE(Contents() == expected);
}

TEST_F(PosixLogWindowTest, WhatItRefusesIsNotInTheFile) {
  std::mt19937_64 random(TestSeed());
  std::string expected(kFileBytes, '\0');
  PosixLogWindow window;
  for (uint64_t offset = 0; offset < kFileBytes;) {
    const std::string data(random() % (random() % 20 == 0 ? 2 * kStep : 3'000), static_cast<char>('a' + random() % 26));
    if (window.Store(fd_, offset, data, backed_bytes())) {
      EXPECT_LE(data.size(), kStep);
      ASSERT_LE(offset + data.size(), kFileBytes);
      expected.replace(offset, data.size(), data);
    }
    offset += data.size() + 1;
  }
  EXPECT_TRUE(Contents() == expected);
}

TEST_F(PosixLogWindowTest, NothingIsStoredBeyondWhatIsBacked) {
  PosixLogWindow window;
  EXPECT_FALSE(window.Store(fd_, 0, "x", /*backed_bytes=*/0));
  EXPECT_FALSE(window.Store(fd_, 2 * kStep - 1, "xy", /*backed_bytes=*/2 * kStep));
  EXPECT_FALSE(window.Store(fd_, kStep, std::string(kStep + 1, 'x'), backed_bytes()));
  EXPECT_FALSE(window.Store(fd_, 2 * kStep, "x", /*backed_bytes=*/2 * kStep + 100)) << "the rest of its step is not";
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
