// What a crash may leave (docs/durability.md, "What we assume of the medium"):
//
//   Starting from what is durable, the unsynced changes are looked at in the order in which they were made, a write
//   sector by sector, and each is applied or not.
//   - A sector of which some bytes were synced is old or new, nothing else.
//   - Any other sector that was written may also come back torn, zeroed or as garbage. An allocated sector that was
//     never written is zeros.
//   - A file is as long as the last thing in it that survived; at random also longer, up to what was written, with
//     zeros at its end.
//   - A change of a directory is there or not; a rename is one change.

#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "env/testing/sim_tree.h"

namespace aeternus::env::testing {
namespace {

// One unsynced change, of a file or of a directory.
struct Unsynced {
  uint64_t sequence;
  const SimFile* file = nullptr;  // with `write`
  const UnsyncedWrite* write = nullptr;
  const std::string* directory = nullptr;  // with `entry`: the directory's path
  const UnsyncedEntry* entry = nullptr;
};

size_t SectorsOf(const UnsyncedWrite& write) {
  return (write.end() - 1) / kSectorSizeBytes - write.offset / kSectorSizeBytes + 1;
}

// Files that a crash could leave a name to. A file with no other name than one lost in a failed sync is not among them.
std::vector<const SimFile*> ReachableFiles(const SimTree& tree) {
  std::vector<const SimFile*> files;
  for (const auto& [path, directory] : tree.directories) {
    for (const auto& [name, file] : directory.durable()) files.push_back(file.get());
    for (const UnsyncedEntry& entry : directory.unsynced()) {
      if (entry.file != nullptr) files.push_back(entry.file.get());
    }
  }
  std::sort(files.begin(), files.end());
  files.erase(std::unique(files.begin(), files.end()), files.end());
  return files;
}

// Everything unsynced, in the order in which it happened.
std::vector<Unsynced> AllUnsynced(const SimTree& tree) {
  std::vector<Unsynced> all;
  for (const auto& [path, directory] : tree.directories) {
    for (const UnsyncedEntry& entry : directory.unsynced()) {
      all.push_back({.sequence = entry.sequence, .directory = &path, .entry = &entry});
    }
  }
  for (const SimFile* file : ReachableFiles(tree)) {
    for (const UnsyncedWrite& write : file->unsynced()) {
      all.push_back({.sequence = write.sequence, .file = file, .write = &write});
    }
  }
  std::sort(all.begin(), all.end(), [](const Unsynced& a, const Unsynced& b) { return a.sequence < b.sequence; });
  return all;
}

// Decides the fate of one item after the other.
class Fate {
 public:
  explicit Fate(const CrashOptions& options) : options_(options), random_(options.seed) {
    // Mixtures of all kinds: if every item fell by a fair coin, almost none of many would go missing, or survive,
    // alone.
    keep_of_8_ = Random(9);
  }

  bool is_random() const { return options_.mode == CrashMode::kRandom; }

  bool Survives() {
    switch (options_.mode) {
      case CrashMode::kDropAll:
        return false;
      case CrashMode::kKeepAll:
        return true;
      case CrashMode::kMask: {
        const size_t item = next_item_++;
        return item < 64 && (options_.mask >> item & 1) != 0;
      }
      case CrashMode::kRandom:
        return Random(8) < keep_of_8_;
    }
    return false;
  }

  // In [0, bound).
  uint64_t Random(uint64_t bound) { return Next() % bound; }

  std::string Garbage(size_t n) {
    std::string bytes;
    while (bytes.size() < n) {
      const uint64_t word = Next();
      bytes.append(reinterpret_cast<const char*>(&word), std::min(sizeof(word), n - bytes.size()));
    }
    return bytes;
  }

 private:
  // splitmix64
  uint64_t Next() {
    uint64_t z = random_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  const CrashOptions options_;
  uint64_t random_;
  uint64_t keep_of_8_ = 0;
  size_t next_item_ = 0;
};

// The part of a write that fell into one sector and did not survive as it was written.
void DamageSector(const SparseBytes& durable, uint64_t offset, std::string_view piece, Fate* fate, SparseBytes* bytes) {
  if (!fate->is_random() || durable.IsWritten(offset)) return;  // as if never written
  switch (fate->Random(4)) {
    case 0:
      return;
    case 1: {
      const size_t cut = fate->Random(piece.size());
      if (fate->Random(2) == 0) {
        bytes->Write(offset, piece.substr(0, cut));
      } else {
        bytes->Write(offset + cut, piece.substr(cut));
      }
      return;
    }
    case 2:
      bytes->Write(offset, std::string(piece.size(), '\0'));
      return;
    default: {
      // Of the whole sector: also of what another unsynced write had put beside this one.
      const uint64_t begin = offset / kSectorSizeBytes * kSectorSizeBytes;
      const uint64_t end = std::min(begin + kSectorSizeBytes, std::max(bytes->size(), offset + piece.size()));
      bytes->Write(begin, fate->Garbage(end - begin));
    }
  }
}

void CrashWrite(const SparseBytes& durable, const UnsyncedWrite& write, Fate* fate, SparseBytes* bytes) {
  if (write.bytes == nullptr) {
    if (fate->Survives()) bytes->Grow(write.end());
    return;
  }
  uint64_t offset = write.offset;
  for (std::string_view rest = *write.bytes; !rest.empty();) {
    const std::string_view piece = rest.substr(0, kSectorSizeBytes - offset % kSectorSizeBytes);
    if (fate->Survives()) {
      bytes->Write(offset, piece);
    } else {
      DamageSector(durable, offset, piece, fate, bytes);
    }
    rest.remove_prefix(piece.size());
    offset += piece.size();
  }
}

// The length of a file may reach the disk before its bytes.
void CrashSize(const SimFile& file, Fate* fate, SparseBytes* bytes) {
  uint64_t longest = bytes->size();
  for (const UnsyncedWrite& write : file.unsynced()) longest = std::max(longest, write.end());
  if (longest == bytes->size()) return;
  switch (fate->Random(3)) {
    case 0:
      return;
    case 1:
      bytes->Grow(longest);
      return;
    default:
      bytes->Grow(bytes->size() + fate->Random(longest - bytes->size()));
  }
}

}  // namespace

SimTree SimTree::Crash(const CrashOptions& options) const {
  Fate fate(options);
  std::unordered_map<const SimFile*, SparseBytes> contents;
  std::unordered_map<std::string_view, DirectoryEntries> entries;
  for (const SimFile* file : ReachableFiles(*this)) contents.emplace(file, file->durable());
  for (const auto& [path, directory] : directories) entries.emplace(path, directory.durable());

  std::vector<const SimFile*> changed;  // in an order that does not depend on where they lie in memory
  for (const Unsynced& item : AllUnsynced(*this)) {
    if (item.entry != nullptr) {
      if (fate.Survives()) item.entry->ApplyTo(&entries[*item.directory]);
      continue;
    }
    CrashWrite(item.file->durable(), *item.write, &fate, &contents[item.file]);
    if (item.write == &item.file->unsynced().front()) changed.push_back(item.file);
  }
  if (fate.is_random()) {
    for (const SimFile* file : changed) CrashSize(*file, &fate, &contents[file]);
  }

  SimTree found;
  for (const auto& [path, directory] : directories) {
    DirectoryEntries& left = entries[path];
    for (auto& [name, file] : left) file = std::make_shared<SimFile>(contents[file.get()]);
    found.directories.emplace(path, SimDirectory(left, directory.subdirectories()));
  }
  return found;
}

size_t SimTree::UnsyncedItems() const {
  size_t items = 0;
  for (const Unsynced& item : AllUnsynced(*this)) {
    items += item.write == nullptr || item.write->bytes == nullptr ? 1 : SectorsOf(*item.write);
  }
  return items;
}

}  // namespace aeternus::env::testing
