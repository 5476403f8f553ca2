// One set of promises, two file systems.
#include <stdlib.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "base/testing/test_seed.h"
#include "env/file_system.h"
#include "env/posix_file_system.h"
#include "env/testing/sim_file_system.h"
#include "gtest/gtest.h"

namespace aeternus::env::testing {
namespace {

enum class Kind { kPosix, kSim };

class FileSystemTest : public ::testing::TestWithParam<Kind> {
 protected:
  FileSystemTest() {
    if (GetParam() == Kind::kSim) {
      fs_ = std::make_unique<SimFileSystem>();
      root_ = "/root";
      EXPECT_TRUE(fs_->CreateDirectory(root_).ok());
    } else {
      fs_ = std::make_unique<PosixFileSystem>();
      root_ = absl::StrCat(::testing::TempDir(), "/conformance-XXXXXX");
      EXPECT_NE(mkdtemp(root_.data()), nullptr);
    }
  }
  ~FileSystemTest() override {
    if (GetParam() == Kind::kPosix) std::filesystem::remove_all(root_);
  }

  std::string Path(std::string_view name) const { return JoinPath(root_, name); }

  void WriteFile(std::string_view name, std::string_view contents) {
    absl::StatusOr<std::unique_ptr<WritableFile>> file = fs_->NewWritableFile(Path(name));
    ASSERT_TRUE(file.ok()) << file.status();
    ASSERT_TRUE((*file)->Append(contents).ok());
    ASSERT_TRUE((*file)->Sync().ok());
    ASSERT_TRUE((*file)->Close().ok());
  }

  std::string Read(std::string_view name) {
    absl::StatusOr<std::string> contents = fs_->ReadFile(Path(name), UINT64_MAX);
    return contents.ok() ? *contents : contents.status().ToString();
  }

  std::unique_ptr<LogFile> NewLog(std::string_view name, uint64_t allocate_bytes) {
    absl::StatusOr<std::unique_ptr<LogFile>> log = fs_->NewLogFile(Path(name), allocate_bytes);
    EXPECT_TRUE(log.ok()) << log.status();
    return *std::move(log);
  }

  std::vector<std::string> List() {
    absl::StatusOr<std::vector<std::string>> names = fs_->ListDirectory(root_);
    EXPECT_TRUE(names.ok()) << names.status();
    return *names;
  }

  std::unique_ptr<FileSystem> fs_;
  std::string root_;
};

// Reserves and commits one frame.
absl::Status AppendFrame(LogFile& log, std::string_view frame, LogFile::Next next = LogFile::Next::kSync) {
  absl::StatusOr<absl::Span<char>> span = log.Reserve(frame.size());
  if (!span.ok()) return span.status();
  frame.copy(span->data(), frame.size());
  return log.Commit(frame.size(), next);
}

// `status` has the code, and its message names the path.
void ExpectError(const absl::Status& status, absl::StatusCode code, const std::string& path) {
  EXPECT_EQ(status.code(), code) << status;
  EXPECT_TRUE(absl::StrContains(status.message(), path)) << status;
}

TEST_P(FileSystemTest, WrittenFileReadsBack) {
  std::string contents;
  for (int i = 0; i < 30'000; ++i) absl::StrAppend(&contents, i, ",");  // more than any buffer
  absl::StatusOr<std::unique_ptr<WritableFile>> file = fs_->NewWritableFile(Path("f"));
  ASSERT_TRUE(file.ok()) << file.status();
  for (size_t at = 0, n = 1; at < contents.size(); at += n, n = n * 3 % 200'000 + 1) {
    ASSERT_TRUE((*file)->Append(std::string_view(contents).substr(at, n)).ok());
  }
  ASSERT_TRUE((*file)->Sync().ok());
  EXPECT_EQ(Read("f"), contents);
  ASSERT_TRUE((*file)->Close().ok());
  EXPECT_EQ(Read("f"), contents);
  EXPECT_EQ(fs_->FileSize(Path("f")).value(), contents.size());
}

// Of which the disk is asked to write the beginning while the rest is being made.
TEST_P(FileSystemTest, LargeFileReadsBackWhetherOrNotItIsSynced) {
  for (const bool is_synced : {false, true}) {
    const std::string name = is_synced ? "synced" : "not";
    absl::StatusOr<std::unique_ptr<WritableFile>> file = fs_->NewWritableFile(Path(name));
    ASSERT_TRUE(file.ok());
    std::string contents;
    for (int i = 0; i < 60; ++i) {
      const std::string piece(100'000 + static_cast<size_t>(i), static_cast<char>('A' + i));
      ASSERT_TRUE((*file)->Append(piece).ok());
      contents += piece;
    }
    if (is_synced) {
      ASSERT_TRUE((*file)->Sync().ok());
    }
    ASSERT_TRUE((*file)->Close().ok());
    EXPECT_EQ(Read(name), contents);
  }
}

TEST_P(FileSystemTest, SyncWritesWhatWasAppended) {
  absl::StatusOr<std::unique_ptr<WritableFile>> file = fs_->NewWritableFile(Path("f"));
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE((*file)->Append("abc").ok());
  ASSERT_TRUE((*file)->Sync().ok());
  EXPECT_EQ(Read("f"), "abc");
}

TEST_P(FileSystemTest, CloseWritesWithoutSync) {
  absl::StatusOr<std::unique_ptr<WritableFile>> file = fs_->NewWritableFile(Path("f"));
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE((*file)->Append("abc").ok());
  ASSERT_TRUE((*file)->Close().ok());
  EXPECT_EQ(Read("f"), "abc");
}

TEST_P(FileSystemTest, ClosedFileRefusesAppendAndSyncAndClosesAgain) {
  absl::StatusOr<std::unique_ptr<WritableFile>> file = fs_->NewWritableFile(Path("f"));
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE((*file)->Close().ok());
  ExpectError((*file)->Append("x"), absl::StatusCode::kFailedPrecondition, Path("f"));
  ExpectError((*file)->Sync(), absl::StatusCode::kFailedPrecondition, Path("f"));
  EXPECT_TRUE((*file)->Close().ok());
}

TEST_P(FileSystemTest, NoNameIsCreatedTwice) {
  WriteFile("f", "abc");
  ASSERT_TRUE(fs_->CreateDirectory(Path("d")).ok());
  ExpectError(fs_->NewWritableFile(Path("f")).status(), absl::StatusCode::kAlreadyExists, Path("f"));
  ExpectError(fs_->NewLogFile(Path("f"), 0).status(), absl::StatusCode::kAlreadyExists, Path("f"));
  ExpectError(fs_->NewWritableFile(Path("d")).status(), absl::StatusCode::kAlreadyExists, Path("d"));
  EXPECT_EQ(Read("f"), "abc");
}

TEST_P(FileSystemTest, MissingFilesAreNotFound) {
  const std::string path = Path("missing");
  ExpectError(fs_->NewRandomAccessFile(path).status(), absl::StatusCode::kNotFound, path);
  ExpectError(fs_->NewPatchFile(path).status(), absl::StatusCode::kNotFound, path);
  ExpectError(fs_->ReadFile(path, 10).status(), absl::StatusCode::kNotFound, path);
  ExpectError(fs_->FileSize(path).status(), absl::StatusCode::kNotFound, path);
  ExpectError(fs_->ListDirectory(path).status(), absl::StatusCode::kNotFound, path);
  ExpectError(fs_->SyncDirectory(path), absl::StatusCode::kNotFound, path);
  ExpectError(fs_->DeleteFile(path), absl::StatusCode::kNotFound, path);
  ExpectError(fs_->RenameFile(path, Path("g")), absl::StatusCode::kNotFound, path);
  EXPECT_FALSE(fs_->FileExists(path).value());
}

TEST_P(FileSystemTest, NothingIsMadeInAMissingDirectory) {
  const std::string path = Path("missing/f");
  ExpectError(fs_->NewWritableFile(path).status(), absl::StatusCode::kNotFound, path);
  ExpectError(fs_->NewLogFile(path, 4096).status(), absl::StatusCode::kNotFound, path);
  ExpectError(fs_->LockFile(path).status(), absl::StatusCode::kNotFound, path);
  EXPECT_FALSE(fs_->FileExists(path).value());
}

TEST_P(FileSystemTest, EmptyPathNamesNothing) {
  ExpectError(fs_->NewWritableFile("").status(), absl::StatusCode::kNotFound, "create");
  ExpectError(fs_->NewRandomAccessFile("").status(), absl::StatusCode::kNotFound, "open");
  ExpectError(fs_->LockFile("").status(), absl::StatusCode::kNotFound, "lock");
  ExpectError(fs_->DeleteFile(""), absl::StatusCode::kNotFound, "delete");
  ExpectError(fs_->CreateDirectory(""), absl::StatusCode::kNotFound, "create directory");
  ExpectError(fs_->ListDirectory("").status(), absl::StatusCode::kNotFound, "list");
  EXPECT_FALSE(fs_->FileExists("").value());
}

TEST_P(FileSystemTest, FileIsNoDirectory) {
  WriteFile("f", "abc");
  const std::string below = Path("f/g");
  ExpectError(fs_->ListDirectory(Path("f")).status(), absl::StatusCode::kFailedPrecondition, Path("f"));
  ExpectError(fs_->SyncDirectory(Path("f")), absl::StatusCode::kFailedPrecondition, Path("f"));
  ExpectError(fs_->CreateDirectory(Path("f")), absl::StatusCode::kFailedPrecondition, Path("f"));
  ExpectError(fs_->CreateDirectory(below), absl::StatusCode::kFailedPrecondition, Path("f"));
  ExpectError(fs_->NewWritableFile(below).status(), absl::StatusCode::kFailedPrecondition, below);
  ExpectError(fs_->NewRandomAccessFile(below).status(), absl::StatusCode::kFailedPrecondition, below);
  ExpectError(fs_->FileSize(below).status(), absl::StatusCode::kFailedPrecondition, below);
  EXPECT_FALSE(fs_->FileExists(below).value());
}

TEST_P(FileSystemTest, DirectoryIsNoFile) {
  const std::string path = Path("d");
  ASSERT_TRUE(fs_->CreateDirectory(path).ok());
  WriteFile("f", "abc");
  ExpectError(fs_->NewRandomAccessFile(path).status(), absl::StatusCode::kFailedPrecondition, path);
  ExpectError(fs_->NewPatchFile(path).status(), absl::StatusCode::kFailedPrecondition, path);
  ExpectError(fs_->FileSize(path).status(), absl::StatusCode::kFailedPrecondition, path);
  ExpectError(fs_->DeleteFile(path), absl::StatusCode::kFailedPrecondition, path);
  ExpectError(fs_->LockFile(path).status(), absl::StatusCode::kFailedPrecondition, path);
  ExpectError(fs_->RenameFile(path, Path("e")), absl::StatusCode::kFailedPrecondition, path);
  ExpectError(fs_->RenameFile(Path("f"), path), absl::StatusCode::kFailedPrecondition, path);
  EXPECT_TRUE(fs_->FileExists(path).value());
}

TEST_P(FileSystemTest, ReadIsExactAndBounded) {
  WriteFile("f", "0123456789");
  absl::StatusOr<std::unique_ptr<RandomAccessFile>> file = fs_->NewRandomAccessFile(Path("f"));
  ASSERT_TRUE(file.ok());
  EXPECT_EQ((*file)->path(), Path("f"));
  EXPECT_EQ((*file)->Size().value(), 10u);
  for (uint64_t offset = 0; offset <= 12; ++offset) {
    for (size_t n = 0; n <= 12; ++n) {
      std::string out(n, '?');
      const absl::Status status = (*file)->Read(offset, absl::MakeSpan(out));
      if (n == 0) continue;  // nothing to read: fine anywhere or out of range
      if (offset + n <= 10) {
        EXPECT_TRUE(status.ok()) << status;
        EXPECT_EQ(out, std::string("0123456789").substr(offset, n));
      } else {
        ExpectError(status, absl::StatusCode::kOutOfRange, Path("f"));
      }
    }
  }
}

TEST_P(FileSystemTest, ReadFileRefusesLargerThanExpected) {
  WriteFile("f", "0123456789");
  EXPECT_EQ(fs_->ReadFile(Path("f"), 10).value(), "0123456789");
  ExpectError(fs_->ReadFile(Path("f"), 9).status(), absl::StatusCode::kDataLoss, Path("f"));
}

TEST_P(FileSystemTest, EmptyFileReadsAsEmpty) {
  WriteFile("f", "");
  EXPECT_EQ(Read("f"), "");
  EXPECT_EQ(fs_->FileSize(Path("f")).value(), 0u);
}

TEST_P(FileSystemTest, NextDataSkipsNothingThatIsNotZero) {
  std::unique_ptr<LogFile> log = NewLog("log", 1 << 20);
  std::string frame(5000, '\0');
  frame[4500] = 'x';
  ASSERT_TRUE(AppendFrame(*log, frame).ok());
  ASSERT_TRUE(log->Sync().ok());
  absl::StatusOr<std::unique_ptr<RandomAccessFile>> file = fs_->NewRandomAccessFile(Path("log"));
  ASSERT_TRUE(file.ok());
  const uint64_t size = (*file)->Size().value();
  for (uint64_t offset = 0; offset <= 4500; offset += 100) {
    const uint64_t next = (*file)->NextData(offset).value();
    EXPECT_GE(next, offset);
    EXPECT_LE(next, 4500u);
  }
  for (uint64_t offset = 4501; offset < size; offset += 70'001) {
    const uint64_t next = (*file)->NextData(offset).value();
    EXPECT_GE(next, offset);
    EXPECT_LE(next, size);
  }
  EXPECT_EQ((*file)->NextData(size).value(), size);
}

TEST_P(FileSystemTest, LogIsAllocatedAndReadsAsZerosBeyondItsFrames) {
  std::unique_ptr<LogFile> log = NewLog("log", 100'000);
  EXPECT_EQ(log->size(), 0u);
  EXPECT_EQ(log->path(), Path("log"));
  ASSERT_TRUE(AppendFrame(*log, "abc").ok());
  ASSERT_TRUE(AppendFrame(*log, "defg").ok());
  EXPECT_EQ(log->size(), 7u);
  EXPECT_EQ(Read("log"), "abcdefg" + std::string(100'000 - 7, '\0'));
}

TEST_P(FileSystemTest, ReservedBytesAreNotInTheFileUntilCommitted) {
  std::unique_ptr<LogFile> log = NewLog("log", 4096);
  absl::StatusOr<absl::Span<char>> span = log->Reserve(100);
  ASSERT_TRUE(span.ok());
  EXPECT_EQ(span->size(), 100u);
  std::fill(span->begin(), span->end(), 'x');
  EXPECT_EQ(Read("log"), std::string(4096, '\0'));
  ASSERT_TRUE(log->Commit(40, LogFile::Next::kSync).ok());
  EXPECT_EQ(log->size(), 40u);
  EXPECT_EQ(Read("log"), std::string(40, 'x') + std::string(4096 - 40, '\0'));
}

TEST_P(FileSystemTest, CommitOfNothingTakesTheReservationBack) {
  std::unique_ptr<LogFile> log = NewLog("log", 4096);
  absl::StatusOr<absl::Span<char>> span = log->Reserve(100);
  ASSERT_TRUE(span.ok());
  std::fill(span->begin(), span->end(), 'x');
  ASSERT_TRUE(log->Commit(0, LogFile::Next::kSync).ok());
  EXPECT_EQ(log->size(), 0u);
  ASSERT_TRUE(AppendFrame(*log, "abc").ok());
  EXPECT_EQ(Read("log"), "abc" + std::string(4096 - 3, '\0'));
}

TEST_P(FileSystemTest, LogGrowsBeyondItsAllocation) {
  for (const uint64_t allocate_bytes : {uint64_t{0}, uint64_t{1000}}) {
    const std::string name = absl::StrCat("log", allocate_bytes);
    std::unique_ptr<LogFile> log = NewLog(name, allocate_bytes);
    std::string expected;
    for (size_t n = 1; n < 3'000'000; n = n * 5 + 1) {
      const std::string frame(n, static_cast<char>('a' + n % 26));
      ASSERT_TRUE(AppendFrame(*log, frame).ok());
      expected += frame;
    }
    ASSERT_TRUE(log->Sync().ok());
    EXPECT_EQ(log->size(), expected.size());
    const std::string contents = Read(name);
    ASSERT_GE(contents.size(), expected.size());
    EXPECT_TRUE(contents.compare(0, expected.size(), expected) == 0);
    EXPECT_EQ(contents.find_first_not_of('\0', expected.size()), std::string::npos);
  }
}

TEST_P(FileSystemTest, CommitsBeforeASyncAndOthersMakeOneFile) {
  std::mt19937_64 random(TestSeed());
  std::unique_ptr<LogFile> log = NewLog("log", 3'000'001);
  std::string expected;
  while (expected.size() < 4'000'000) {  // on beyond the allocation
    const size_t size = random() % (random() % 10 == 0 ? 200'000 : 500);
    const std::string frame(size, static_cast<char>('a' + random() % 26));
    const bool syncs = random() % 4 == 0;
    ASSERT_TRUE(AppendFrame(*log, frame, syncs ? LogFile::Next::kSync : LogFile::Next::kMore).ok());
    expected += frame;
    if (random() % 50 == 0) {
      ASSERT_TRUE(log->Sync().ok());
    }
  }
  const std::string before_sync = Read("log");
  EXPECT_TRUE(before_sync.compare(0, expected.size(), expected) == 0);
  EXPECT_EQ(before_sync.find_first_not_of('\0', expected.size()), std::string::npos);
  ASSERT_TRUE(log->Sync().ok());
  log.reset();
  EXPECT_TRUE(Read("log") == before_sync);
}

TEST_P(FileSystemTest, LogMayBeSyncedWhileItIsWritten) {
  std::unique_ptr<LogFile> log = NewLog("log", 1 << 16);
  std::thread syncer([&log] {
    for (int i = 0; i < 20; ++i) EXPECT_TRUE(log->Sync().ok());
  });
  std::string expected;
  for (int i = 0; i < 200; ++i) {
    const std::string frame = absl::StrCat("frame ", i, ";");
    EXPECT_TRUE(AppendFrame(*log, frame, LogFile::Next::kMore).ok());
    expected += frame;
  }
  syncer.join();
  EXPECT_EQ(Read("log").substr(0, expected.size()), expected);
}

TEST_P(FileSystemTest, PatchOverwritesInPlace) {
  WriteFile("f", "0123456789");
  absl::StatusOr<std::unique_ptr<PatchFile>> patch = fs_->NewPatchFile(Path("f"));
  ASSERT_TRUE(patch.ok()) << patch.status();
  ASSERT_TRUE((*patch)->WriteAt(3, "abc").ok());
  ASSERT_TRUE((*patch)->WriteAt(8, "xyz").ok());
  ASSERT_TRUE((*patch)->Sync().ok());
  EXPECT_EQ(Read("f"), "012abc67xyz");
}

TEST_P(FileSystemTest, RenameReplaces) {
  WriteFile("old", "old");
  WriteFile("new", "new");
  ASSERT_TRUE(fs_->RenameFile(Path("new"), Path("old")).ok());
  EXPECT_EQ(Read("old"), "new");
  EXPECT_EQ(List(), std::vector<std::string>{"old"});
  ASSERT_TRUE(fs_->RenameFile(Path("old"), Path("old")).ok());
  EXPECT_EQ(Read("old"), "new");
}

TEST_P(FileSystemTest, RenameStaysInItsDirectory) {
  WriteFile("f", "abc");
  ASSERT_TRUE(fs_->CreateDirectory(Path("d")).ok());
  ExpectError(fs_->RenameFile(Path("f"), Path("d/f")), absl::StatusCode::kInvalidArgument, Path("d/f"));
  EXPECT_EQ(Read("f"), "abc");
}

TEST_P(FileSystemTest, DeletedNameIsFree) {
  WriteFile("f", "abc");
  ASSERT_TRUE(fs_->DeleteFile(Path("f")).ok());
  EXPECT_FALSE(fs_->FileExists(Path("f")).value());
  WriteFile("f", "def");
  EXPECT_EQ(Read("f"), "def");
}

TEST_P(FileSystemTest, ListNamesFilesAndDirectoriesInOrder) {
  WriteFile("b", "");
  WriteFile("a", "");
  ASSERT_TRUE(fs_->CreateDirectory(Path("c")).ok());
  WriteFile("c/inner", "");
  WriteFile("B", "");
  EXPECT_EQ(List(), (std::vector<std::string>{"B", "a", "b", "c"}));
}

TEST_P(FileSystemTest, DirectoriesAreMadeWithTheirParentsAndAgain) {
  ASSERT_TRUE(fs_->CreateDirectory(Path("x/y/z")).ok());
  ASSERT_TRUE(fs_->CreateDirectory(Path("x/y/z/")).ok());
  ASSERT_TRUE(fs_->CreateDirectory(Path("x//w/")).ok());
  WriteFile("x/y/z/f", "abc");
  EXPECT_EQ(Read("x//y/z/f"), "abc");
  EXPECT_EQ(fs_->ListDirectory(Path("x/")).value(), (std::vector<std::string>{"w", "y"}));
  EXPECT_TRUE(fs_->SyncDirectory(Path("x/y/")).ok());
}

TEST_P(FileSystemTest, LockIsRefusedWhileHeld) {
  absl::StatusOr<std::unique_ptr<FileLock>> lock = fs_->LockFile(Path("LOCK"));
  ASSERT_TRUE(lock.ok()) << lock.status();
  ExpectError(fs_->LockFile(Path("LOCK")).status(), absl::StatusCode::kUnavailable, Path("LOCK"));
  EXPECT_TRUE(fs_->LockFile(Path("OTHER")).ok());
  lock->reset();
  EXPECT_TRUE(fs_->LockFile(Path("LOCK")).ok());
  EXPECT_TRUE(fs_->FileExists(Path("LOCK")).value());
}

TEST_P(FileSystemTest, HandlesAreReadFromManyThreads) {
  std::string contents;
  for (int i = 0; i < 5000; ++i) absl::StrAppend(&contents, i, " ");
  WriteFile("f", contents);
  absl::StatusOr<std::unique_ptr<RandomAccessFile>> file = fs_->NewRandomAccessFile(Path("f"));
  ASSERT_TRUE(file.ok());
  std::vector<std::thread> readers;
  for (int t = 0; t < 4; ++t) {
    readers.emplace_back([&, t] {
      std::string out(10, '\0');
      for (size_t at = t; at + out.size() < contents.size(); at += 101) {
        EXPECT_TRUE((*file)->Read(at, absl::MakeSpan(out)).ok());
        EXPECT_EQ(out, contents.substr(at, out.size()));
      }
    });
  }
  for (std::thread& reader : readers) reader.join();
}

INSTANTIATE_TEST_SUITE_P(Both, FileSystemTest, ::testing::Values(Kind::kPosix, Kind::kSim),
                         [](const ::testing::TestParamInfo<Kind>& info) {
                           return info.param == Kind::kPosix ? "Posix" : "Sim";
                         });

TEST(PathTest, JoinAndDirectoryOf) {
  EXPECT_EQ(JoinPath("dir", "name"), "dir/name");
  EXPECT_EQ(DirectoryOf("dir/name"), "dir");
  EXPECT_EQ(DirectoryOf("/dir/name"), "/dir");
  EXPECT_EQ(DirectoryOf("dir//name//"), "dir");
  EXPECT_EQ(DirectoryOf("name"), ".");
  EXPECT_EQ(DirectoryOf("name/"), ".");
  EXPECT_EQ(DirectoryOf("/name"), "/");
  EXPECT_EQ(DirectoryOf("/"), "/");
  EXPECT_EQ(DirectoryOf(""), ".");
}

}  // namespace
}  // namespace aeternus::env::testing
