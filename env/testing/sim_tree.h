// What a simulated disk holds: directories and files, each with what is durable apart from what is merely written.
// Plain data: no locks, no faults, no handles (sim_disk.h adds them).
//
// Every file and directory is three things:
//   written    what the running machine sees
//   durable    what is on the disk for certain
//   unsynced   the changes made since, in order: a crash applies any of them to `durable` (sim_crash.cc)
// After a failed sync `written` also shows changes that are in neither of the others: they are lost at a crash.
//
// Directories themselves are durable from the start (FileSystem::CreateDirectory promises it) and never go away.
#ifndef AETERNUS_ENV_TESTING_SIM_TREE_H_
#define AETERNUS_ENV_TESTING_SIM_TREE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "env/testing/crash_options.h"
#include "env/testing/sparse_bytes.h"

namespace aeternus::env::testing {

// `sequence` numbers the unsynced changes of a whole tree in the order in which they were made.
struct UnsyncedWrite {
  uint64_t sequence;
  uint64_t offset;
  std::shared_ptr<const std::string> bytes;  // null: the file was allocated up to `offset`

  uint64_t end() const { return offset + (bytes == nullptr ? 0 : bytes->size()); }
};

class SimFile {
 public:
  SimFile() = default;
  // A file as found on the disk: all of it durable.
  explicit SimFile(const SparseBytes& bytes) : written_(bytes), durable_(bytes) {}

  const SparseBytes& written() const { return written_; }
  const SparseBytes& durable() const { return durable_; }
  const std::vector<UnsyncedWrite>& unsynced() const { return unsynced_; }

  void Write(uint64_t sequence, uint64_t offset, std::string_view bytes);
  void Allocate(uint64_t sequence, uint64_t size);
  void Sync() { SyncFirst(unsynced_.size()); }
  // A sync that fails after the first `n` changes reached the disk: the others never will.
  void SyncFirst(size_t n);

 private:
  SparseBytes written_;
  SparseBytes durable_;
  std::vector<UnsyncedWrite> unsynced_;
};

using DirectoryEntries = std::map<std::string, std::shared_ptr<SimFile>, std::less<>>;

// A creation (`file` appears as `added`), a deletion (`removed` disappears; no file), or a rename (both).
struct UnsyncedEntry {
  uint64_t sequence;
  std::string added;
  std::shared_ptr<SimFile> file;
  std::string removed;

  ItemKind kind() const {
    if (file == nullptr) return ItemKind::kDeletion;
    return removed.empty() ? ItemKind::kCreation : ItemKind::kRename;
  }
  void ApplyTo(DirectoryEntries* entries) const;
};

class SimDirectory {
 public:
  SimDirectory() = default;
  // A directory as found on the disk: all of it durable.
  SimDirectory(const DirectoryEntries& entries, std::set<std::string> subdirectories)
      : written_(entries), durable_(entries), subdirectories_(std::move(subdirectories)) {}

  const DirectoryEntries& written() const { return written_; }
  const DirectoryEntries& durable() const { return durable_; }
  const std::vector<UnsyncedEntry>& unsynced() const { return unsynced_; }
  const std::set<std::string>& subdirectories() const { return subdirectories_; }

  // The file of that name, or null.
  std::shared_ptr<SimFile> Find(std::string_view name) const;

  // Each replaces what has the new name.
  void Add(uint64_t sequence, std::string_view name, std::shared_ptr<SimFile> file);
  void Rename(uint64_t sequence, std::string_view from, std::string_view to);
  void Remove(uint64_t sequence, std::string_view name);
  // A new file that was on the disk before the machine started.
  void AddDurable(std::string_view name, const std::shared_ptr<SimFile>& file);
  void AddSubdirectory(std::string_view name) { subdirectories_.emplace(name); }
  void Sync() { SyncFirst(unsynced_.size()); }
  // As SimFile::SyncFirst.
  void SyncFirst(size_t n);

 private:
  friend struct SimTree;
  void Change(UnsyncedEntry change);

  DirectoryEntries written_;
  DirectoryEntries durable_;
  std::vector<UnsyncedEntry> unsynced_;
  std::set<std::string> subdirectories_;
};

// One unsynced change, of a file or of a directory.
struct Unsynced {
  uint64_t sequence;
  const SimFile* file = nullptr;  // with `write`
  const UnsyncedWrite* write = nullptr;
  const std::string* directory = nullptr;  // with `entry`: the directory's path
  const UnsyncedEntry* entry = nullptr;
};

// The path of a file or directory in directory `path`.
std::string PathIn(std::string_view path, std::string_view name);

struct SimTree {
  std::map<std::string, SimDirectory, std::less<>> directories;
  uint64_t next_sequence = 0;

  // Copies share bytes (they are copied on write), but not files: what happens to one tree is not seen in the other.
  SimTree Fork() const;
  // What a machine finds after power was lost: a tree in which everything is durable. Adds to `*counts`.
  SimTree Crash(const CrashOptions& options, CrashCounts* counts) const;
  // The unsynced changes that a crash decides on, in the order in which they were made; pointers into this tree.
  std::vector<Unsynced> AllUnsynced() const;
  // The same, item by item.
  std::vector<UnsyncedItem> UnsyncedItems() const;
  // Of everything that this tree holds and a crash of it could leave.
  uint64_t Fingerprint() const;
};

}  // namespace aeternus::env::testing

#endif  // AETERNUS_ENV_TESTING_SIM_TREE_H_
