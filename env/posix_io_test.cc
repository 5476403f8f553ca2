#include "env/posix_io.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"

namespace aeternus::env {
namespace {

TEST(PosixErrorTest, CodeFollowsErrno) {
  const struct {
    int error_number;
    absl::StatusCode code;
  } kCases[] = {
      {ENOENT, absl::StatusCode::kNotFound},
      {EEXIST, absl::StatusCode::kAlreadyExists},
      {EACCES, absl::StatusCode::kPermissionDenied},
      {EPERM, absl::StatusCode::kPermissionDenied},
      {EROFS, absl::StatusCode::kPermissionDenied},
      {ENOSPC, absl::StatusCode::kResourceExhausted},
      {EDQUOT, absl::StatusCode::kResourceExhausted},
      {EFBIG, absl::StatusCode::kResourceExhausted},
      {EMFILE, absl::StatusCode::kResourceExhausted},
      {ENFILE, absl::StatusCode::kResourceExhausted},
      {ENOTDIR, absl::StatusCode::kFailedPrecondition},
      {EISDIR, absl::StatusCode::kFailedPrecondition},
      {EIO, absl::StatusCode::kInternal},
      {EBADF, absl::StatusCode::kInternal},
  };
  for (const auto& test : kCases) EXPECT_EQ(PosixError("open", "f", test.error_number).code(), test.code);
}

TEST(PosixErrorTest, MessageNamesOperationPathAndReason) {
  EXPECT_EQ(PosixError("open", "dir/f", ENOENT).message(), "open dir/f: No such file or directory");
}

TEST(DescriptorTest, IsClosedOnceByItsOwner) {
  Descriptor first = *OpenDescriptor("open", "/dev/null", O_RDONLY);
  const int fd = first.get();
  Descriptor second = std::move(first);
  EXPECT_EQ(second.get(), fd);
  EXPECT_NE(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
  second = Descriptor();
  EXPECT_EQ(fcntl(fd, F_GETFD), -1);
  EXPECT_EQ(second.Close(), 0) << "closing nothing";
}

TEST(PosixIoTest, WriteAndReadFully) {
  const std::string path = ::testing::TempDir() + "/posix_io_test";
  unlink(path.c_str());
  const Descriptor file = *OpenDescriptor("create", path, O_CREAT | O_EXCL | O_RDWR);
  ASSERT_TRUE(WriteFully("append", file.get(), path, 10, "0123456789").ok());
  ASSERT_TRUE(SyncData(file.get(), path).ok());
  std::string out(15, '?');
  ASSERT_TRUE(ReadFully(file.get(), path, 5, absl::MakeSpan(out)).ok());
  EXPECT_EQ(out, std::string(5, '\0') + "0123456789");
  const absl::Status cut_short = ReadFully(file.get(), path, 6, absl::MakeSpan(out));
  EXPECT_TRUE(absl::IsOutOfRange(cut_short));
  EXPECT_EQ(cut_short.message(), "read " + path + ": wanted 15 bytes at offset 6, the file ends after 14");
}

TEST(PosixIoTest, FailedWriteNamesWhatItWasFor) {
  const Descriptor file = *OpenDescriptor("open", "/dev/null", O_RDONLY);
  const absl::Status status = WriteFully("commit", file.get(), "the log", 0, "abc");
  EXPECT_EQ(status.message(), "commit the log: Bad file descriptor");
}

// A pipe has nothing to sync, nor has what the kernel makes up, and both say so: whoever asks hears it.
TEST(PosixIoTest, ASyncThatTheKernelRefusesIsAnError) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const Descriptor reader(ends[0]), writer(ends[1]);
  EXPECT_EQ(SyncData(writer.get(), "the pipe").message(), "sync the pipe: Invalid argument");
  EXPECT_EQ(SyncDirectoryEntries("/proc").message(), "sync directory /proc: Invalid argument");
}

}  // namespace
}  // namespace aeternus::env
