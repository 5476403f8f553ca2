// What only the real file system has; the rest of the contract: testing/file_system_conformance_test.cc.
#include "env/posix_file_system.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/types/span.h"
#include "env/ahead.h"
#include "env/file_system.h"
#include "gtest/gtest.h"

namespace aeternus::env {
namespace {

// Descriptors open in this process.
size_t OpenDescriptors() {
  size_t n = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    static_cast<void>(entry);
    ++n;
  }
  return n;
}

// The descriptor of this process through which the file at `path` is open; -1: none.
int DescriptorOf(const std::string& path) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    if (std::filesystem::read_symlink(entry, gone) == path) return std::stoi(entry.path().filename());
  }
  return -1;
}

class PosixFileSystemTest : public ::testing::Test {
 protected:
  PosixFileSystemTest() : root_(::testing::TempDir() + "/posix-XXXXXX") { EXPECT_NE(mkdtemp(root_.data()), nullptr); }
  ~PosixFileSystemTest() override { std::filesystem::remove_all(root_); }

  std::string Path(std::string_view name) const { return JoinPath(root_, name); }
  // What the file system of `root_` can do, asked of the system itself: not each gives files room before they are
  // written, and not each knows that such room is still unwritten.
  struct Abilities {
    bool allocates = false;
    bool tells_unwritten_from_data = false;
  };
  Abilities AskAbilities() const {
    constexpr off_t kBytes = off_t{1} << 20;
    std::string path = Path("probe-XXXXXX");
    const int fd = mkstemp(path.data());
    EXPECT_GE(fd, 0);
    Abilities abilities;
    abilities.allocates = fallocate(fd, /*mode=*/0, /*offset=*/0, kBytes) == 0;
    EXPECT_TRUE(abilities.allocates || errno == EOPNOTSUPP || errno == ENOSYS) << strerror(errno);
    abilities.tells_unwritten_from_data = abilities.allocates && lseek(fd, kBytes / 2, SEEK_DATA) == -1;
    close(fd);
    unlink(path.c_str());
    return abilities;
  }
  void WriteFile(FileSystem& fs, const std::string& path, std::string_view contents) {
    std::unique_ptr<WritableFile> file = *fs.NewWritableFile(path);
    ASSERT_TRUE(file->Append(contents).ok());
    ASSERT_TRUE(file->Close().ok());
  }

  std::string root_;
};

TEST_F(PosixFileSystemTest, ManyMoreFilesThanDescriptorsAreReadFromSeveralThreads) {
  constexpr int kFiles = 100;
  PosixFileSystem fs({.max_open_files = kFiles / 10});
  const size_t open_before = OpenDescriptors();
  std::vector<std::unique_ptr<RandomAccessFile>> files;
  for (int i = 0; i < kFiles; ++i) {
    WriteFile(fs, Path(absl::StrCat(i)), absl::StrCat("contents of file ", i + 100));
    files.push_back(*fs.NewRandomAccessFile(Path(absl::StrCat(i))));
  }
  EXPECT_LE(OpenDescriptors(), open_before + kFiles / 10);
  std::atomic<int> right{0};
  std::vector<std::thread> readers;
  for (int t = 0; t < 4; ++t) {
    readers.emplace_back([&, t] {
      for (int i = 0; i < 5 * kFiles; ++i) {
        const int number = (i * (2 * t + 1)) % kFiles;
        std::string out(3, '\0');
        if (files[number]->Read(17, absl::MakeSpan(out)).ok() && out == absl::StrCat(number + 100)) ++right;
      }
    });
  }
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(right, 4 * 5 * kFiles);
}

TEST_F(PosixFileSystemTest, HandlesCloseTheirDescriptors) {
  PosixFileSystem fs;
  const size_t open_before = OpenDescriptors();
  {
    std::unique_ptr<WritableFile> file = *fs.NewWritableFile(Path("f"));
    std::unique_ptr<LogFile> log = *fs.NewLogFile(Path("log"), 4096);
    std::unique_ptr<RandomAccessFile> reader = *fs.NewRandomAccessFile(Path("f"));
    std::unique_ptr<PatchFile> patch = *fs.NewPatchFile(Path("f"));
    std::unique_ptr<FileLock> lock = *fs.LockFile(Path("LOCK"));
    ASSERT_TRUE(fs.ListDirectory(root_).ok());
    ASSERT_TRUE(fs.SyncDirectory(root_).ok());
    EXPECT_EQ(OpenDescriptors(), open_before + 5);
  }
  EXPECT_EQ(OpenDescriptors(), open_before);
}

TEST_F(PosixFileSystemTest, LogThatCannotBeAllocatedIsResourceExhaustedAndLeavesNoFile) {
  const Abilities abilities = AskAbilities();
  PosixFileSystem fs;
  const absl::StatusOr<std::unique_ptr<LogFile>> log = fs.NewLogFile(Path("log"), uint64_t{1} << 60);
  if (abilities.allocates) {
    EXPECT_TRUE(absl::IsResourceExhausted(log.status())) << log.status();
    EXPECT_TRUE(absl::StrContains(log.status().message(), Path("log"))) << log.status();
    EXPECT_TRUE(fs.ListDirectory(root_)->empty());
  } else {
    // Nothing was asked for that could fail; the log gets its room as it is written.
    ASSERT_TRUE(log.ok()) << log.status();
    EXPECT_TRUE((*log)->Reserve(5000).ok());
    EXPECT_TRUE((*log)->Commit(5000, LogFile::Next::kSync).ok());
    EXPECT_EQ(fs.FileSize(Path("log")).value(), 5000u);
  }
}

TEST_F(PosixFileSystemTest, FrameThatCannotBeReservedLeavesTheLogUsable) {
  // A limit on the size of files stands in for a full disk.
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    // Only exit codes from here on: 0 is success, any other the step that failed.
    PosixFileSystem fs;
    signal(SIGXFSZ, SIG_IGN);
    const struct rlimit limit = {100'000, 100'000};
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) _exit(1);
    std::unique_ptr<LogFile> log = *fs.NewLogFile(Path("log"), 4096);
    if (!log->Reserve(5000).ok() || !log->Commit(5000, LogFile::Next::kSync).ok()) _exit(2);
    const absl::StatusOr<absl::Span<char>> too_much = log->Reserve(100'000);
    if (too_much.ok())
      _exit(log->Commit(100'000, LogFile::Next::kSync).ok() ? 3 : 0);  // no real allocation here: met at the write
    if (!absl::IsResourceExhausted(too_much.status())) _exit(4);
    // Less than a whole chunk is left, and is given.
    if (!log->Reserve(90'000).ok() || !log->Commit(90'000, LogFile::Next::kSync).ok()) _exit(5);
    _exit(log->size() == 95'000 ? 0 : 6);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(PosixFileSystemTest, CommitThatStopsHalfwayIsFinalAndOneThatWroteNothingIsNot) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    PosixFileSystem fs;
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit;
    if (getrlimit(RLIMIT_FSIZE, &limit) != 0) _exit(1);
    const auto set_limit = [&](rlim_t bytes) {
      limit.rlim_cur = bytes;
      if (setrlimit(RLIMIT_FSIZE, &limit) != 0) _exit(1);
    };
    const rlim_t none = limit.rlim_cur;
    std::unique_ptr<LogFile> log = *fs.NewLogFile(Path("log"), 0);
    if (!log->Reserve(8192).ok()) _exit(2);
    set_limit(0);
    if (!absl::IsResourceExhausted(log->Commit(8192, LogFile::Next::kSync)) || log->size() != 0) _exit(3);
    set_limit(none);
    if (!log->Reserve(8192).ok() || !log->Commit(8192, LogFile::Next::kSync).ok()) _exit(4);
    if (!log->Reserve(8192).ok()) _exit(5);
    set_limit(12288);
    const absl::Status halfway = log->Commit(8192, LogFile::Next::kSync);
    _exit(halfway.ok() || absl::IsResourceExhausted(halfway) ? 6 : 0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(PosixFileSystemTest, FailedSyncOfAFileIsRememberedThoughTheNextOneWouldSucceed) {
  PosixFileSystem fs;
  for (const bool is_closed_next : {false, true}) {
    const std::string path = Path(is_closed_next ? "a" : "b");
    std::unique_ptr<WritableFile> file = *fs.NewWritableFile(path);
    const int fd = DescriptorOf(path);
    ASSERT_GE(fd, 0);
    const int kept = dup(fd);
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    ASSERT_EQ(dup2(ends[1], fd), fd);  // which cannot be synced
    EXPECT_FALSE(file->Sync().ok());
    ASSERT_EQ(dup2(kept, fd), fd);
    for (const int end : {ends[0], ends[1], kept}) close(end);
    if (!is_closed_next) {
      EXPECT_FALSE(file->Sync().ok());
    }
    EXPECT_FALSE(file->Close().ok());
  }
}

// What is in /proc is there already; only its parent is synced, and refuses.
TEST_F(PosixFileSystemTest, DirectoryThatExistsIsNotMadeBeforeItsParentIsSynced) {
  EXPECT_EQ(PosixFileSystem().CreateDirectory("/proc/self").message(), "sync directory /proc: Invalid argument");
}

// Some larger than what is collected, in any mixture.
TEST_F(PosixFileSystemTest, AppendsOfAllSizesComeToTheFileInTheirOrder) {
  PosixFileSystem fs;
  std::string expected;
  std::unique_ptr<WritableFile> file = *fs.NewWritableFile(Path("f"));
  for (int round = 0; round < 3; ++round) {
    for (const size_t size : {1, 100'000, 0, 262'144, 5, 262'145, 200'000, 62'144, 1'000'000, 262'143, 2}) {
      const std::string piece(size, static_cast<char>('a' + expected.size() % 23));
      ASSERT_TRUE(file->Append(piece).ok());
      expected += piece;
    }
    ASSERT_TRUE(file->Sync().ok());
    ASSERT_EQ(*fs.ReadFile(Path("f"), 1 << 30), expected) << "what is synced is all there";
  }
  ASSERT_TRUE(file->Append("the end").ok());
  ASSERT_TRUE(file->Close().ok());
  EXPECT_EQ(*fs.ReadFile(Path("f"), 1 << 30), expected + "the end");
}

TEST_F(PosixFileSystemTest, FailedAppendIsRememberedToTheEnd) {
  PosixFileSystem fs;
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    signal(SIGXFSZ, SIG_IGN);
    const struct rlimit limit = {300'000, 300'000};
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) _exit(1);
    for (const size_t piece : {90'000, 280'000}) {
      std::unique_ptr<WritableFile> file = *fs.NewWritableFile(Path(absl::StrCat("f", piece)));
      // The system may be given a piece only when more come.
      int appended = 0;
      while (appended < 20 && file->Append(std::string(piece, 'x')).ok()) ++appended;
      if (appended == 0) _exit(2);
      if (appended == 20) _exit(3);
      if (file->Append("x").ok()) _exit(4);
      if (file->Sync().ok()) _exit(5);
      if (file->Close().ok()) _exit(6);
    }
    std::unique_ptr<WritableFile> file = *fs.NewWritableFile(Path("collected"));
    for (int i = 0; i < 2; ++i) {
      if (!file->Append(std::string(180'000, 'x')).ok()) _exit(7);
    }
    _exit(file->Close().ok() ? 8 : 0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

// What fails may be written by another thread, while more is appended, and everything afterwards may succeed.
TEST_F(PosixFileSystemTest, OneFailedWriteOfSeveralIsToldByTheSync) {
  PosixFileSystem fs;
  std::unique_ptr<WritableFile> file = *fs.NewWritableFile(Path("f"));
  const int fd = DescriptorOf(Path("f"));
  ASSERT_GE(fd, 0);
  const int kept = dup(fd);
  const int full = open("/dev/full", O_WRONLY);
  ASSERT_GE(full, 0);
  ASSERT_TRUE(file->Append(std::string(200'000, 'a')).ok());
  ASSERT_EQ(dup2(full, fd), fd);
  EXPECT_TRUE(file->Append(std::string(200'000, 'b')).ok()) << "the first piece is being written by now, not awaited";
  absl::Status status = file->Append(std::string(200'000, 'c'));  // awaits it
  ASSERT_EQ(dup2(kept, fd), fd);
  for (const int descriptor : {kept, full}) close(descriptor);
  if (status.ok()) status = file->Sync();
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
  EXPECT_FALSE(file->Sync().ok());
  EXPECT_FALSE(file->Close().ok());
}

TEST_F(PosixFileSystemTest, UnwrittenRestOfALogIsSkippedWhereItIsKnown) {
  constexpr uint64_t kMiddle = 8 << 20, kEnd = 16 << 20;
  const Abilities abilities = AskAbilities();
  PosixFileSystem fs;
  std::unique_ptr<LogFile> log = *fs.NewLogFile(Path("log"), kEnd);
  std::unique_ptr<RandomAccessFile> file = *fs.NewRandomAccessFile(Path("log"));
  ASSERT_TRUE(log->Reserve(100).ok());
  ASSERT_TRUE(log->Commit(100, LogFile::Next::kSync).ok());
  ASSERT_TRUE(log->Sync().ok());
  EXPECT_EQ(file->Size().value(), abilities.allocates ? kEnd : 100u);
  // Room that may be data is not skipped; where none was allocated, there is none to skip.
  const bool may_be_data = abilities.allocates && !abilities.tells_unwritten_from_data;
  EXPECT_EQ(file->NextData(kMiddle).value(), may_be_data ? kMiddle : file->Size().value());
}

// Keeps the thread that works ahead busy from now on, until it is let go; then waits until that has done what it was
// asked meanwhile.
class AheadThreadStopped {
 public:
  AheadThreadStopped() {
    busy_.Start([this] {
      go_on_.WaitForNotification();
      return true;
    });
  }
  void LetGo() {
    go_on_.Notify();
    busy_.Finish();
    absl::Notification done;
    Ahead last;
    last.Start([&done] {
      done.Notify();
      return true;
    });
    done.WaitForNotification();
  }

 private:
  absl::Notification go_on_;
  Ahead busy_;
};

void Put(LogFile& log, std::string_view data, LogFile::Next next) {
  const absl::StatusOr<absl::Span<char>> room = log.Reserve(data.size());
  ASSERT_TRUE(room.ok()) << room.status();
  memcpy(room->data(), data.data(), data.size());
  ASSERT_TRUE(log.Commit(data.size(), next).ok());
}

// Unsynced frames, so many that the pages for those behind them are to be prepared.
std::string PutUnsynced(LogFile& log) {
  const std::string frames(1'000, 'u');
  std::string written;
  while (written.size() < 200'000) {
    Put(log, frames, LogFile::Next::kMore);
    written += frames;
  }
  return written;
}

TEST_F(PosixFileSystemTest, WhatIsPreparedForALogNeverReachesAFrameThatWasWrittenMeanwhile) {
  PosixFileSystem fs;
  AheadThreadStopped ahead;
  const std::unique_ptr<LogFile> log = *fs.NewLogFile(Path("log"), size_t{4} << 20);
  std::string expected = PutUnsynced(*log);
  const std::string large(1'000'000, 's');
  Put(*log, large, LogFile::Next::kSync);
  expected += large;
  ahead.LetGo();
  expected += PutUnsynced(*log);
  std::string bytes(expected.size(), '?');
  ASSERT_TRUE((*fs.NewRandomAccessFile(Path("log")))->Read(0, absl::MakeSpan(bytes)).ok());
  EXPECT_TRUE(bytes == expected);
}

TEST_F(PosixFileSystemTest, WhatIsPreparedForALogDoesNotOutliveIt) {
  PosixFileSystem fs;
  AheadThreadStopped ahead;
  std::unique_ptr<LogFile> log = *fs.NewLogFile(Path("log"), size_t{4} << 20);
  PutUnsynced(*log);
  log.reset();
  // Gets the descriptor that the log had.
  const std::unique_ptr<LogFile> other = *fs.NewLogFile(Path("other"), 0);
  const std::string contents(1'000'000, 'o');
  Put(*other, contents, LogFile::Next::kSync);
  ahead.LetGo();
  std::string bytes(contents.size(), '?');
  ASSERT_TRUE((*fs.NewRandomAccessFile(Path("other")))->Read(0, absl::MakeSpan(bytes)).ok());
  EXPECT_TRUE(bytes == contents);
}

TEST_F(PosixFileSystemTest, LockOfAnotherProcessIsRefusedByName) {
  PosixFileSystem fs;
  std::unique_ptr<FileLock> lock = *fs.LockFile(Path("LOCK"));
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const absl::Status status = fs.LockFile(Path("LOCK")).status();
    const bool names_holder = absl::StrContains(status.message(), absl::StrCat("held by process ", getppid()));
    _exit(absl::IsUnavailable(status) && names_holder ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(PosixFileSystemTest, LockNamesItsHolderWhateverAnEarlierOneLeft) {
  PosixFileSystem fs;
  for (const std::string_view left : {"", "1\n", "12345678901234567890\n"}) {
    ASSERT_TRUE(fs.DeleteFile(Path("LOCK")).ok() || left.empty());
    if (!left.empty()) {
      std::unique_ptr<WritableFile> file = *fs.NewWritableFile(Path("LOCK"));
      ASSERT_TRUE(file->Append(left).ok());
    }
    for (int again = 0; again < 2; ++again) {
      const std::unique_ptr<FileLock> lock = *fs.LockFile(Path("LOCK"));
      EXPECT_EQ(*fs.ReadFile(Path("LOCK"), 32), absl::StrCat(getpid(), "\n"));
    }
  }
}

TEST_F(PosixFileSystemTest, LockDiesWithItsProcess) {
  PosixFileSystem fs;
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    absl::StatusOr<std::unique_ptr<FileLock>> lock = fs.LockFile(Path("LOCK"));
    _exit(lock.ok() ? 0 : 1);  // without releasing it
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_TRUE(fs.LockFile(Path("LOCK")).ok());
}

TEST_F(PosixFileSystemTest, RelativeDirectoriesAreMade) {
  PosixFileSystem fs;
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(root_);
  EXPECT_TRUE(fs.CreateDirectory("x/y").ok());
  EXPECT_TRUE(fs.CreateDirectory(".").ok());
  EXPECT_TRUE(fs.CreateDirectory("x/y/..").ok());
  std::filesystem::current_path(before);
  EXPECT_TRUE(fs.FileExists(Path("x/y")).value());
  EXPECT_FALSE(fs.CreateDirectory("").ok());
}

}  // namespace
}  // namespace aeternus::env
