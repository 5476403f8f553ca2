// The simulated disk behind SimFileSystem and its handles: a SimTree under a lock, with faults, counters, file locks
// and a limit of space. Each function that takes part in FileSystem's contract is one call: counted, and first shown
// to the fault rule.
//
// Thread safety: any number of threads.
#ifndef AETERNUS_ENV_TESTING_SIM_DISK_H_
#define AETERNUS_ENV_TESTING_SIM_DISK_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "env/mutex.h"
#include "env/testing/crash_options.h"
#include "env/testing/sim_file_system.h"
#include "env/testing/sim_tree.h"

namespace aeternus::env::testing {

// An open file, and the path under which it was opened, for messages and rules.
struct OpenFile {
  std::shared_ptr<SimFile> file;
  std::string path;
};

class SimDisk {
 public:
  using Rule = std::function<Fault(const FileCall&)>;

  SimDisk();
  // `crash` is what left the tree like this.
  SimDisk(SimTree tree, uint64_t capacity_bytes, const CrashCounts& crash = {})
      : crash_(crash), tree_(std::move(tree)), capacity_bytes_(capacity_bytes) {}

  std::shared_ptr<SimDisk> Crash(const CrashOptions& options) const;
  std::shared_ptr<SimDisk> Fork() const;
  std::vector<UnsyncedItem> UnsyncedItems() const;
  uint64_t Fingerprint() const;
  const CrashCounts& crash() const { return crash_; }

  void SetFaultRule(Rule rule);
  void SetFreeSpace(uint64_t bytes);
  uint64_t calls() const;
  uint64_t CountOf(FileOp op) const;
  uint64_t CountOf(Fault fault) const;
  absl::StatusOr<std::string> Contents(const std::string& path) const;
  absl::Status SetContents(const std::string& path, std::string_view bytes);
  std::vector<std::string> Files() const;

  // ---- files ----
  absl::StatusOr<OpenFile> Create(const std::string& path, uint64_t allocate_bytes);
  absl::StatusOr<OpenFile> Open(const std::string& path);
  absl::Status Read(const OpenFile& file, uint64_t offset, absl::Span<char> out);
  absl::StatusOr<uint64_t> Size(const OpenFile& file);
  absl::StatusOr<uint64_t> NextData(const OpenFile& file, uint64_t offset);
  absl::Status Append(const OpenFile& file, std::string_view data);
  // Makes the file at least `size` bytes long.
  absl::Status Reserve(const OpenFile& file, uint64_t size);
  // `op` is kCommit or kWriteAt. With Fault::kFailAfterPart, half of `data` is written.
  absl::Status WriteAt(FileOp op, const OpenFile& file, uint64_t offset, std::string_view data);
  absl::Status Sync(const OpenFile& file);
  absl::Status Close(const OpenFile& file);

  // ---- names ----
  absl::Status Lock(const std::string& path);
  void Unlock(const std::string& path);  // not a call: it cannot fail
  absl::StatusOr<bool> Exists(const std::string& path);
  absl::StatusOr<uint64_t> SizeOf(const std::string& path);
  absl::StatusOr<std::vector<std::string>> List(const std::string& path);
  absl::Status CreateDirectory(const std::string& path);
  absl::Status SyncDirectory(const std::string& path);
  absl::Status Rename(const std::string& from, const std::string& to);
  absl::Status Delete(const std::string& path);

 private:
  // A path taken apart: the directory that holds it, and its name in there.
  struct Place {
    SimDirectory* directory;
    std::string name;
  };

  // Counts the call and asks the rule, which runs without the lock; counts the fault.
  Fault Begin(FileOp op, const std::string& path) ABSL_LOCKS_EXCLUDED(mu_);

  absl::StatusOr<SimDirectory*> FindDirectory(FileOp op, const std::string& path) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::StatusOr<Place> FindPlace(FileOp op, const std::string& path) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::StatusOr<std::shared_ptr<SimFile>> FindFile(FileOp op, const std::string& path)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // A file where a directory is needed, or nothing.
  absl::Status NoDirectory(FileOp op, const std::string& path) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  bool IsFile(const std::string& path) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::Status MakeDirectories(const std::string& path) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  absl::Status Write(FileOp op, const OpenFile& file, uint64_t offset, std::string_view data, Fault fault)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  uint64_t UsedBytes() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // ResourceExhausted unless the file may become `size` bytes long.
  absl::Status CheckSpace(FileOp op, const std::string& path, const SimFile& file, uint64_t size) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  static constexpr uint64_t kUnlimited = std::numeric_limits<uint64_t>::max();
  static constexpr size_t kFileOps = static_cast<size_t>(FileOp::kLock) + 1;
  static constexpr size_t kFaults = static_cast<size_t>(Fault::kIgnored) + 1;

  const CrashCounts crash_;
  mutable Mutex mu_;
  SimTree tree_ ABSL_GUARDED_BY(mu_);
  std::set<std::string> locked_ ABSL_GUARDED_BY(mu_);
  uint64_t capacity_bytes_ ABSL_GUARDED_BY(mu_) = kUnlimited;
  std::shared_ptr<const Rule> rule_ ABSL_GUARDED_BY(mu_);
  uint64_t calls_ ABSL_GUARDED_BY(mu_) = 0;
  std::array<uint64_t, kFileOps> counts_ ABSL_GUARDED_BY(mu_){};
  std::array<uint64_t, kFaults> faults_ ABSL_GUARDED_BY(mu_){};
};

}  // namespace aeternus::env::testing

#endif  // AETERNUS_ENV_TESTING_SIM_DISK_H_
