// Faults, counters, space and direct access. Crashes: sim_crash_test.cc. The contract: file_system_conformance_test.cc.
#include "env/testing/sim_file_system.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "env/file_system.h"
#include "gtest/gtest.h"

namespace aeternus::env::testing {
namespace {

absl::Status AppendFrame(LogFile& log, std::string_view frame) {
  absl::StatusOr<absl::Span<char>> span = log.Reserve(frame.size());
  if (!span.ok()) return span.status();
  frame.copy(span->data(), frame.size());
  return log.Commit(frame.size(), LogFile::Next::kSync);
}

#define RETURN_IF_ERROR(expr) \
  if (absl::Status status = (expr); !status.ok()) return status

// Makes every kind of call, and stops at the first error.
absl::Status CallEverything(FileSystem& fs) {
  RETURN_IF_ERROR(fs.CreateDirectory("/db"));
  absl::StatusOr<std::unique_ptr<FileLock>> lock = fs.LockFile("/db/LOCK");
  RETURN_IF_ERROR(lock.status());
  absl::StatusOr<std::unique_ptr<WritableFile>> file = fs.NewWritableFile("/db/tmp");
  RETURN_IF_ERROR(file.status());
  RETURN_IF_ERROR((*file)->Append("0123456789"));
  RETURN_IF_ERROR((*file)->Sync());
  RETURN_IF_ERROR((*file)->Close());
  RETURN_IF_ERROR(fs.RenameFile("/db/tmp", "/db/f"));
  RETURN_IF_ERROR(fs.SyncDirectory("/db"));
  absl::StatusOr<std::unique_ptr<LogFile>> log = fs.NewLogFile("/db/log", 4096);
  RETURN_IF_ERROR(log.status());
  RETURN_IF_ERROR(AppendFrame(**log, "frame"));
  RETURN_IF_ERROR((*log)->Sync());
  absl::StatusOr<std::unique_ptr<PatchFile>> patch = fs.NewPatchFile("/db/f");
  RETURN_IF_ERROR(patch.status());
  RETURN_IF_ERROR((*patch)->WriteAt(0, "abcd"));
  RETURN_IF_ERROR((*patch)->Sync());
  RETURN_IF_ERROR(fs.ReadFile("/db/f", 100).status());
  RETURN_IF_ERROR(fs.FileExists("/db/f").status());
  RETURN_IF_ERROR(fs.ListDirectory("/db").status());
  return fs.DeleteFile("/db/f");
}

bool NeedsNoSpace(FileOp op) {
  return op == FileOp::kOpen || op == FileOp::kRead || op == FileOp::kClose || op == FileOp::kList ||
         op == FileOp::kStat || op == FileOp::kDelete;
}
bool ChangesNothing(FileOp op) { return NeedsNoSpace(op) && op != FileOp::kDelete; }

TEST(SimFaultTest, EveryCallIsCountedAndShownToTheRule) {
  SimFileSystem fs;
  std::vector<uint64_t> seen(static_cast<size_t>(FileOp::kLock) + 1);
  uint64_t next_index = 0;
  fs.SetFaultRule([&](const FileCall& call) {
    EXPECT_EQ(call.index, next_index++);
    EXPECT_TRUE(absl::StartsWith(call.path, "/db")) << call.path;
    ++seen[static_cast<size_t>(call.op)];
    return Fault::kNone;
  });
  ASSERT_TRUE(CallEverything(fs).ok());
  EXPECT_EQ(fs.calls(), next_index);
  for (size_t op = 0; op < seen.size(); ++op) {
    EXPECT_GT(seen[op], 0u) << FileOpName(static_cast<FileOp>(op));
    EXPECT_EQ(seen[op], fs.CountOf(static_cast<FileOp>(op))) << FileOpName(static_cast<FileOp>(op));
  }
  EXPECT_EQ(fs.CountOf(FileOp::kSync), 3u);
}

TEST(SimFaultTest, EachFaultAtEveryIndexFailsThatCallAndNamesItsPath) {
  SimFileSystem clean;
  std::vector<FileCall> calls;
  clean.SetFaultRule([&calls](const FileCall& call) {
    calls.push_back(call);
    return Fault::kNone;
  });
  ASSERT_TRUE(CallEverything(clean).ok());

  const struct {
    Fault fault;
    absl::StatusCode code;
  } kCases[] = {{Fault::kIoError, absl::StatusCode::kInternal},
                {Fault::kFailAfterPart, absl::StatusCode::kInternal},
                {Fault::kNoSpace, absl::StatusCode::kResourceExhausted},
                {Fault::kReadOnly, absl::StatusCode::kPermissionDenied}};
  for (const auto& [fault, code] : kCases) {
    for (const FileCall& call : calls) {
      SimFileSystem fs;
      fs.FailAt(call.index, fault);
      const absl::Status status = CallEverything(fs);
      const bool is_left_alone =
          (fault == Fault::kNoSpace && NeedsNoSpace(call.op)) || (fault == Fault::kReadOnly && ChangesNothing(call.op));
      SCOPED_TRACE(absl::StrCat(FileOpName(call.op), " ", call.path, " at ", call.index));
      EXPECT_EQ(status.code(), is_left_alone ? absl::StatusCode::kOk : code) << status;
      if (is_left_alone) continue;
      EXPECT_EQ(fs.calls(), call.index + 1);
      EXPECT_TRUE(absl::StrContains(status.message(), call.path)) << status;
      EXPECT_TRUE(absl::StartsWith(status.message(), FileOpName(call.op))) << status;
    }
  }
}

TEST(SimFaultTest, FailureOnceOrForGood) {
  SimFileSystem fs;
  fs.FailAt(1, Fault::kIoError);
  EXPECT_TRUE(fs.FileExists("/a").ok());
  EXPECT_FALSE(fs.FileExists("/a").ok());
  EXPECT_TRUE(fs.FileExists("/a").ok());
  fs.FailAt(4, Fault::kIoError, /*for_good=*/true);
  EXPECT_TRUE(fs.FileExists("/a").ok());
  EXPECT_FALSE(fs.FileExists("/a").ok());
  EXPECT_FALSE(fs.FileExists("/a").ok());
  fs.SetFaultRule(nullptr);
  EXPECT_TRUE(fs.FileExists("/a").ok());
}

TEST(SimFaultTest, HalfOfAFailedWriteIsInTheFile) {
  SimFileSystem fs;
  ASSERT_TRUE(fs.SetContents("/f", "........").ok());
  std::unique_ptr<PatchFile> patch = *fs.NewPatchFile("/f");
  std::unique_ptr<LogFile> log = *fs.NewLogFile("/log", 8);
  std::unique_ptr<WritableFile> file = *fs.NewWritableFile("/w");
  fs.SetFaultRule(
      [](const FileCall& call) { return call.op == FileOp::kReserve ? Fault::kNone : Fault::kFailAfterPart; });
  EXPECT_FALSE(patch->WriteAt(2, "abcd").ok());
  EXPECT_FALSE(AppendFrame(*log, "abcd").ok());
  EXPECT_FALSE(file->Append("abcd").ok());
  EXPECT_EQ(fs.Contents("/f").value(), "..ab....");
  EXPECT_EQ(fs.Contents("/log").value(), std::string("ab\0\0\0\0\0\0", 8));
  EXPECT_EQ(fs.Contents("/w").value(), "ab");
  EXPECT_EQ(log->size(), 0u);
}

TEST(SimFaultTest, RuleMayCallTheFileSystem) {
  SimFileSystem fs;
  std::unique_ptr<SimFileSystem> fork;
  fs.SetFaultRule([&](const FileCall&) {
    fork = fs.Fork();
    return Fault::kNone;
  });
  ASSERT_TRUE(fs.NewWritableFile("/f").ok());
  EXPECT_TRUE(fork->Files().empty());
  EXPECT_EQ(fs.Files(), std::vector<std::string>{"/f"});
}

TEST(SimSpaceTest, SpaceIsBoundedAndComesBack) {
  SimFileSystem fs;
  ASSERT_TRUE(fs.SetContents("/old", std::string(500, 'x')).ok());
  fs.SetFreeSpace(1000);
  std::unique_ptr<WritableFile> file = *fs.NewWritableFile("/f");
  EXPECT_TRUE(file->Append(std::string(900, 'x')).ok());
  const absl::Status full = file->Append(std::string(101, 'x'));
  EXPECT_TRUE(absl::IsResourceExhausted(full)) << full;
  EXPECT_TRUE(absl::StrContains(full.message(), "/f")) << full;
  EXPECT_TRUE(file->Append(std::string(100, 'x')).ok());
  ASSERT_TRUE(fs.DeleteFile("/old").ok());
  EXPECT_TRUE(file->Append(std::string(500, 'x')).ok());
  EXPECT_FALSE(file->Append("x").ok());
  fs.SetFreeSpace(1);
  EXPECT_TRUE(file->Append("x").ok());
}

TEST(SimSpaceTest, LogMeetsTheLimitWhenItIsMadeOrReserved) {
  SimFileSystem fs;
  fs.SetFreeSpace(5000);
  EXPECT_TRUE(absl::IsResourceExhausted(fs.NewLogFile("/log", 5001).status()));
  EXPECT_TRUE(fs.Files().empty());
  std::unique_ptr<LogFile> log = *fs.NewLogFile("/log", 4096);
  EXPECT_TRUE(AppendFrame(*log, std::string(4096, 'x')).ok());
  EXPECT_TRUE(absl::IsResourceExhausted(log->Reserve(1000).status()));
  EXPECT_TRUE(AppendFrame(*log, std::string(904, 'x')).ok());
  EXPECT_EQ(log->size(), 5000u);
}

TEST(SimSpaceTest, OverwritingNeedsNoSpace) {
  SimFileSystem fs;
  ASSERT_TRUE(fs.SetContents("/f", "0123456789").ok());
  fs.SetFreeSpace(0);
  std::unique_ptr<PatchFile> patch = *fs.NewPatchFile("/f");
  EXPECT_TRUE(patch->WriteAt(0, "abc").ok());
  EXPECT_TRUE(absl::IsResourceExhausted(patch->WriteAt(8, "abc")));
}

TEST(SimSpaceTest, ForkAndCrashKeepTheLimit) {
  SimFileSystem fs;
  fs.SetFreeSpace(10);
  for (const std::unique_ptr<SimFileSystem>& copy : {fs.Fork(), fs.Crash({})}) {
    EXPECT_TRUE(absl::IsResourceExhausted(copy->NewLogFile("/log", 11).status()));
    EXPECT_TRUE(copy->NewLogFile("/log", 10).ok());
  }
}

TEST(SimForkTest, ForkAndOriginalDoNotSeeEachOther) {
  SimFileSystem fs;
  std::unique_ptr<WritableFile> file = *fs.NewWritableFile("/f");
  ASSERT_TRUE(file->Append("abc").ok());
  std::unique_ptr<SimFileSystem> fork = fs.Fork();
  ASSERT_TRUE(file->Append("def").ok());
  std::unique_ptr<PatchFile> patch = *fork->NewPatchFile("/f");
  ASSERT_TRUE(patch->WriteAt(0, "X").ok());
  ASSERT_TRUE(fork->NewWritableFile("/g").ok());
  EXPECT_EQ(fs.Contents("/f").value(), "abcdef");
  EXPECT_EQ(fork->Contents("/f").value(), "Xbc");
  EXPECT_EQ(fs.Files(), std::vector<std::string>{"/f"});
}

TEST(SimForkTest, ForkHasNoLocksFaultsOrCounts) {
  SimFileSystem fs;
  std::unique_ptr<FileLock> lock = *fs.LockFile("/LOCK");
  fs.FailAt(0, Fault::kIoError, /*for_good=*/true);
  for (const std::unique_ptr<SimFileSystem>& copy : {fs.Fork(), fs.Crash({.mode = CrashMode::kKeepAll})}) {
    EXPECT_EQ(copy->calls(), 0u);
    EXPECT_TRUE(copy->LockFile("/LOCK").ok());
    EXPECT_EQ(copy->calls(), 1u);
  }
}

TEST(SimFileSystemTest, HandlesMayOutliveTheFileSystem) {
  auto fs = std::make_unique<SimFileSystem>();
  std::unique_ptr<WritableFile> file = *fs->NewWritableFile("/f");
  std::unique_ptr<FileLock> lock = *fs->LockFile("/LOCK");
  fs.reset();
  EXPECT_TRUE(file->Append("abc").ok());
}

TEST(SimFileSystemTest, SetContentsMakesDirectoriesAndIsDurable) {
  SimFileSystem fs;
  ASSERT_TRUE(fs.SetContents("/a/b/f", "abc").ok());
  ASSERT_TRUE(fs.SetContents("g", "def").ok());
  ASSERT_TRUE(fs.SetContents("/a/b/f", "xyz").ok());
  std::unique_ptr<SimFileSystem> after = fs.Crash({.mode = CrashMode::kDropAll});
  EXPECT_EQ(after->Files(), (std::vector<std::string>{"/a/b/f", "g"}));
  EXPECT_EQ(after->Contents("/a/b/f").value(), "xyz");
  EXPECT_TRUE(absl::IsNotFound(after->Contents("/a/c/f").status()));
  EXPECT_TRUE(absl::IsNotFound(after->Contents("/a/b/g").status()));
}

TEST(SimFileSystemTest, DeletedFileStaysReadableThroughItsHandle) {
  SimFileSystem fs;
  ASSERT_TRUE(fs.SetContents("/f", "abc").ok());
  std::unique_ptr<RandomAccessFile> file = *fs.NewRandomAccessFile("/f");
  ASSERT_TRUE(fs.DeleteFile("/f").ok());
  EXPECT_EQ(file->Size().value(), 3u);
}

TEST(SimFileSystemTest, ReservedBytesAreNotZeros) {
  SimFileSystem fs;
  std::unique_ptr<LogFile> log = *fs.NewLogFile("/log", 100);
  const absl::Span<char> span = log->Reserve(100).value();
  for (const char c : span) EXPECT_NE(c, '\0');
}

}  // namespace
}  // namespace aeternus::env::testing
