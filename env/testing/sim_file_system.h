// A file system in memory that tells the truth about crashes: for every file and directory it keeps what is synced
// apart from what is merely written, and Crash() leaves any state that the assumptions in docs/durability.md allow.
// It also injects errors and counts what it did. It is a target for users' own crash tests (//env/testing).
//
//   SimFileSystem fs;
//   ... run a program on it ...
//   std::unique_ptr<SimFileSystem> after = fs.Crash({.seed = 7});   // fs itself is unchanged
//   ... run it again on *after ...
//
// What was not synced is a list of items: the part of a write in one sector of 512 bytes, an allocation, a creation, a
// deletion, a rename. A crash drops, keeps or (a sector of which nothing was synced) tears, zeroes or spoils each. It
// is drawn from a seed, or chosen item by item, so that a test can go through all that may happen:
//
//   fs.UnsyncedItems()                                       // {creation of /f}, {write to /f, 300 bytes at 0, ...}
//   fs.Crash({.mode = CrashMode::kChosen, .fates = {ItemFate::kKept, ItemFate::kTorn}})
//
// To crash at a place, crash in a fault rule, which is asked before every call. example_test.cc does all of this for a
// small program; a database runs on it by way of sim_env.h.
//
// Paths are absolute or relative text, taken literally; "/" separates; "/" and "." exist from the start. Work per
// operation is proportional to the bytes touched, never to a log's allocated size: allocated zeros are not stored.
//
// Thread safety: any number of threads.
#ifndef AETERNUS_ENV_TESTING_SIM_FILE_SYSTEM_H_
#define AETERNUS_ENV_TESTING_SIM_FILE_SYSTEM_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "env/file_system.h"
#include "env/testing/crash_options.h"

namespace aeternus::env::testing {

enum class FileOp {
  kCreate,
  kOpen,
  kRead,
  kAppend,
  kReserve,
  kCommit,
  kWriteAt,
  kSync,
  kClose,
  kDelete,
  kRename,
  kSyncDirectory,
  kCreateDirectory,
  kList,
  kStat,
  kLock,
};
std::string_view FileOpName(FileOp op);

// One call about to be made.
struct FileCall {
  FileOp op;
  std::string path;
  uint64_t index;  // counts every call of this file system, from 0
};

// What a rule may do to a call.
//   kIoError        the call fails and does nothing
//   kNoSpace        the same; calls that need no space (reads, deletes) are left alone
//   kReadOnly       the same; calls that change nothing are left alone
//   kFailAfterPart  as kIoError, but half of a write is written, half of a read is read, or half of a sync's changes
//                   are synced, first
//   kIgnored        the call does nothing and reports success: a disk that lies, or a program that forgot the call.
//                   Only writes, syncs, closes, deletes and renames; others are left alone
// A failed sync of a file or directory loses its unsynced changes: later reads still see them (as the page cache
// does), no later sync makes them durable, no crash ever keeps them.
enum class Fault { kNone, kIoError, kNoSpace, kReadOnly, kFailAfterPart, kIgnored };
// Whether a disk can fail that call that way; a rule that says so of another is not heeded.
bool CanFail(Fault fault, FileOp op);

// Behind the file system's handles, which share it.
class SimDisk;

class SimFileSystem final : public FileSystem {
 public:
  SimFileSystem();
  ~SimFileSystem() override;

  // ---- crashes ----
  // The disk as a machine would find it after power was lost now. Locks are gone. *this is unchanged. Of faults and
  // counters neither this nor Fork takes anything along, only the limit of space.
  std::unique_ptr<SimFileSystem> Crash(const CrashOptions& options) const;
  // A copy of everything, written and synced apart, locks released: as after kill -9. Copy-on-write.
  std::unique_ptr<SimFileSystem> Fork() const;
  // What a crash now would decide on, in the order in which it was done: item i has fate i of CrashMode::kChosen. What
  // a failed sync lost is not among them: it is gone.
  std::vector<UnsyncedItem> UnsyncedItems() const;
  // What the crash that left this disk did; all zero for a disk that none has left.
  CrashCounts crash_counts() const;
  // Equal for disks that hold the same and of which crashes may leave the same; a hash.
  uint64_t Fingerprint() const;

  // ---- faults ----
  // Asked before every call; replaces any earlier rule; nullptr: no faults. Called without internal locks.
  void SetFaultRule(std::function<Fault(const FileCall&)> rule);
  // Every call before call number `index` succeeds; that one, or with `for_good` all from it on, fails with `fault`.
  void FailAt(uint64_t index, Fault fault, bool for_good = false);
  // Space left for data from now on, in bytes; ResourceExhausted beyond. What is deleted is free again. Files count
  // with their whole length, allocation included. Unlimited at first.
  void SetFreeSpace(uint64_t bytes);

  // ---- counters and direct access ----
  uint64_t calls() const;
  uint64_t CountOf(FileOp op) const;
  // Faults that took effect.
  uint64_t CountOf(Fault fault) const;
  // Bytes of a file as a reader sees them; for tests that damage files.
  absl::StatusOr<std::string> Contents(const std::string& path) const;
  // Replaces the bytes of a file, written and synced. A new one is made with its directories, all durable.
  absl::Status SetContents(const std::string& path, std::string bytes);
  // Every file path, sorted.
  std::vector<std::string> Files() const;

  // ---- FileSystem ----
  absl::StatusOr<std::unique_ptr<WritableFile>> NewWritableFile(const std::string& path) override;
  absl::StatusOr<std::unique_ptr<LogFile>> NewLogFile(const std::string& path, uint64_t allocate_bytes) override;
  absl::StatusOr<std::unique_ptr<RandomAccessFile>> NewRandomAccessFile(const std::string& path) override;
  absl::StatusOr<std::unique_ptr<PatchFile>> NewPatchFile(const std::string& path) override;
  absl::StatusOr<std::unique_ptr<FileLock>> LockFile(const std::string& path) override;
  absl::StatusOr<bool> FileExists(const std::string& path) override;
  absl::StatusOr<uint64_t> FileSize(const std::string& path) override;
  absl::StatusOr<std::vector<std::string>> ListDirectory(const std::string& path) override;
  absl::Status CreateDirectory(const std::string& path) override;
  absl::Status SyncDirectory(const std::string& path) override;
  absl::Status RenameFile(const std::string& from, const std::string& to) override;
  absl::Status DeleteFile(const std::string& path) override;

 private:
  explicit SimFileSystem(std::shared_ptr<SimDisk> disk);

  const std::shared_ptr<SimDisk> disk_;
};

}  // namespace aeternus::env::testing

#endif  // AETERNUS_ENV_TESTING_SIM_FILE_SYSTEM_H_
