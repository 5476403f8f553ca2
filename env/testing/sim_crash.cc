// What a crash may leave (docs/durability.md, "What we assume of the medium"):
//
//   Starting from what is durable, the unsynced changes are looked at in the order in which they were made, a write
//   sector by sector, and each has its fate.
//   - A sector of which some bytes were synced is old or new, nothing else.
//   - Any other sector that was written may also come back torn, zeroed or as garbage. An allocated sector that was
//     never written is zeros.
//   - At random the writes to a file may also take effect in another order: where they overlap, the earlier one wins.
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

// Calls `visit(offset, bytes)` for the part of a write in each sector; its items.
template <typename Visit>
void ForEachSector(const UnsyncedWrite& write, Visit visit) {
  uint64_t offset = write.offset;
  for (std::string_view rest = *write.bytes; !rest.empty();) {
    const std::string_view piece = rest.substr(0, kSectorSizeBytes - offset % kSectorSizeBytes);
    visit(offset, piece);
    rest.remove_prefix(piece.size());
    offset += piece.size();
  }
}

// Decides the fate of one item after the other.
class Fates {
 public:
  explicit Fates(const CrashOptions& options) : options_(options), random_(options.seed) {
    // Mixtures of all kinds: if every item fell by a fair coin, almost none of many would go missing, or survive,
    // alone.
    keep_of_8_ = Random(9);
  }

  bool is_random() const { return options_.mode == CrashMode::kRandom; }

  ItemFate Next(bool may_be_damaged) {
    switch (options_.mode) {
      case CrashMode::kDropAll:
        break;
      case CrashMode::kKeepAll:
        return ItemFate::kKept;
      case CrashMode::kChosen: {
        const size_t item = next_item_++;
        if (item >= options_.fates.size()) break;
        const ItemFate fate = options_.fates[item];
        return fate == ItemFate::kKept || may_be_damaged ? fate : ItemFate::kDropped;
      }
      case CrashMode::kRandom: {
        if (Random(8) < keep_of_8_) return ItemFate::kKept;
        constexpr ItemFate kLost[] = {ItemFate::kDropped, ItemFate::kTorn, ItemFate::kZeroed, ItemFate::kGarbage};
        return may_be_damaged ? kLost[Random(4)] : ItemFate::kDropped;
      }
    }
    return ItemFate::kDropped;
  }

  // In [0, bound).
  uint64_t Random(uint64_t bound) { return NextRandom() % bound; }

  std::string Garbage(size_t n) {
    std::string bytes;
    while (bytes.size() < n) {
      const uint64_t word = NextRandom();
      bytes.append(reinterpret_cast<const char*>(&word), std::min(sizeof(word), n - bytes.size()));
    }
    return bytes;
  }

 private:
  // splitmix64
  uint64_t NextRandom() {
    uint64_t z = random_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  const CrashOptions& options_;
  uint64_t random_;
  uint64_t keep_of_8_ = 0;
  size_t next_item_ = 0;
};

// Lets the writes to each file take effect in a random order.
void ShuffleWrites(std::vector<Unsynced>& items, Fates& fates) {
  std::unordered_map<const SimFile*, std::vector<size_t>> places;
  for (size_t i = 0; i < items.size(); ++i) {
    if (items[i].write == nullptr) continue;
    std::vector<size_t>& of_file = places[items[i].file];
    of_file.push_back(i);
    std::swap(items[i], items[of_file[fates.Random(of_file.size())]]);
  }
}

// A file after the crash, in the making.
class CrashedFile {
 public:
  explicit CrashedFile(const SimFile& file) : file_(file), bytes_(file.durable()) {}

  void Apply(const UnsyncedWrite& write, Fates& fates, CrashCounts& counts) {
    if (write.bytes == nullptr) {
      const ItemFate fate = fates.Next(/*may_be_damaged=*/false);
      if (fate == ItemFate::kKept) bytes_.Grow(write.end());
      Count(fate, counts);
      return;
    }
    ForEachSector(write, [&](uint64_t offset, std::string_view piece) {
      const ItemFate fate = fates.Next(!file_.durable().IsWritten(offset));
      ApplyPiece(fate, offset, piece, fates);
      const bool is_early = write.sequence < last_kept_;
      if (fate == ItemFate::kKept) {
        if (has_lost_ || is_early) ++counts.reordered;
        last_kept_ = std::max(last_kept_, write.sequence);
      } else {
        has_lost_ = true;
      }
      Count(fate, counts);
    });
  }

  // The length of a file may reach the disk before its bytes.
  void MayBeLonger(Fates& fates) {
    uint64_t longest = bytes_.size();
    for (const UnsyncedWrite& write : file_.unsynced()) longest = std::max(longest, write.end());
    if (longest == bytes_.size()) return;
    switch (fates.Random(3)) {
      case 0:
        return;
      case 1:
        return bytes_.Grow(longest);
      default:
        bytes_.Grow(bytes_.size() + fates.Random(longest - bytes_.size()));
    }
  }

  const SparseBytes& bytes() const { return bytes_; }

 private:
  static void Count(ItemFate fate, CrashCounts& counts) {
    uint64_t* const of_fate[] = {&counts.dropped, &counts.kept, &counts.torn, &counts.zeroed, &counts.garbage};
    ++*of_fate[static_cast<size_t>(fate)];
  }

  void ApplyPiece(ItemFate fate, uint64_t offset, std::string_view piece, Fates& fates) {
    switch (fate) {
      case ItemFate::kDropped:
        return;
      case ItemFate::kKept:
        return bytes_.Write(offset, piece);
      case ItemFate::kTorn: {
        const size_t cut = fates.Random(piece.size());
        if (fates.Random(2) == 0) return bytes_.Write(offset, piece.substr(0, cut));
        return bytes_.Write(offset + cut, piece.substr(cut));
      }
      case ItemFate::kZeroed:
        return bytes_.Write(offset, std::string(piece.size(), '\0'));
      case ItemFate::kGarbage: {
        // Of the whole sector: also of what another unsynced write had put beside this one.
        const uint64_t begin = offset / kSectorSizeBytes * kSectorSizeBytes;
        const uint64_t end = std::min(begin + kSectorSizeBytes, std::max(bytes_.size(), offset + piece.size()));
        return bytes_.Write(begin, fates.Garbage(end - begin));
      }
    }
  }

  const SimFile& file_;
  SparseBytes bytes_;
  bool has_lost_ = false;
  uint64_t last_kept_ = 0;
};

void ApplyEntry(const UnsyncedEntry& entry, Fates& fates, DirectoryEntries& entries, CrashCounts& counts) {
  if (fates.Next(/*may_be_damaged=*/false) == ItemFate::kKept) {
    entry.ApplyTo(&entries);
    ++counts.entries_kept;
    return;
  }
  ++(entry.kind() == ItemKind::kCreation ? counts.creations_lost
     : entry.kind() == ItemKind::kRename ? counts.renames_undone
                                         : counts.deletions_undone);
}

}  // namespace

std::vector<Unsynced> SimTree::AllUnsynced() const {
  std::vector<Unsynced> all;
  for (const auto& [path, directory] : directories) {
    for (const UnsyncedEntry& entry : directory.unsynced()) {
      all.push_back({.sequence = entry.sequence, .directory = &path, .entry = &entry});
    }
  }
  for (const SimFile* file : ReachableFiles(*this)) {
    for (const UnsyncedWrite& write : file->unsynced()) {
      all.push_back({.sequence = write.sequence, .file = file, .write = &write});
    }
  }
  std::sort(all.begin(), all.end(), [](const Unsynced& a, const Unsynced& b) { return a.sequence < b.sequence; });
  return all;
}

SimTree SimTree::Crash(const CrashOptions& options, CrashCounts* counts) const {
  Fates fates(options);
  std::unordered_map<const SimFile*, CrashedFile> files;
  std::unordered_map<std::string_view, DirectoryEntries> entries;
  for (const SimFile* file : ReachableFiles(*this)) files.emplace(file, *file);
  for (const auto& [path, directory] : directories) entries.emplace(path, directory.durable());

  std::vector<Unsynced> items = AllUnsynced();
  if (fates.is_random() && fates.Random(4) == 0) ShuffleWrites(items, fates);
  std::vector<CrashedFile*> changed;  // in an order that does not depend on where they lie in memory
  for (const Unsynced& item : items) {
    if (item.entry != nullptr) {
      ApplyEntry(*item.entry, fates, entries[*item.directory], *counts);
      continue;
    }
    CrashedFile& file = files.at(item.file);
    file.Apply(*item.write, fates, *counts);
    if (item.write == &item.file->unsynced().front()) changed.push_back(&file);
  }
  if (fates.is_random()) {
    for (CrashedFile* file : changed) file->MayBeLonger(fates);
  }

  SimTree found;
  for (const auto& [path, directory] : directories) {
    DirectoryEntries& left = entries[path];
    for (auto& [name, file] : left) file = std::make_shared<SimFile>(files.at(file.get()).bytes());
    found.directories.emplace(path, SimDirectory(left, directory.subdirectories()));
  }
  return found;
}

std::vector<UnsyncedItem> SimTree::UnsyncedItems() const {
  std::unordered_map<const SimFile*, std::string> paths;
  for (const auto& [path, directory] : directories) {
    for (const auto& [name, file] : directory.durable()) paths[file.get()] = PathIn(path, name);
    for (const UnsyncedEntry& entry : directory.unsynced()) {
      if (entry.file != nullptr) paths[entry.file.get()] = PathIn(path, entry.added);
    }
  }
  std::vector<UnsyncedItem> items;
  for (const Unsynced& item : AllUnsynced()) {
    if (item.entry != nullptr) {
      const std::string& name = item.entry->file != nullptr ? item.entry->added : item.entry->removed;
      items.push_back({.kind = item.entry->kind(), .path = PathIn(*item.directory, name)});
    } else if (item.write->bytes == nullptr) {
      items.push_back({.kind = ItemKind::kAllocation, .path = paths[item.file], .offset = item.write->offset});
    } else {
      ForEachSector(*item.write, [&](uint64_t offset, std::string_view piece) {
        items.push_back({.kind = ItemKind::kSector,
                         .path = paths[item.file],
                         .offset = offset,
                         .size_bytes = piece.size(),
                         .may_be_damaged = !item.file->durable().IsWritten(offset)});
      });
    }
  }
  return items;
}

}  // namespace aeternus::env::testing
