#include "stress/durability_model/disk.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/log/check.h"

namespace aeternus::durability_model {
namespace {

constexpr int kDirectory = -1;
constexpr size_t kMaxUnsynced = 16;  // 2^16 survivors of one power cut

}  // namespace

bool Disk::IsInUse(int file) const {
  for (int name = 0; name < kCurrent; ++name) {
    if (durable_names[name] == file + 1 || cached_names[name] == file + 1) return true;
  }
  return false;
}

bool Disk::Create(int name) {
  for (int file = 0; file < kFiles; ++file) {
    if (IsInUse(file)) continue;
    files[file] = File();
    cached_names[name] = static_cast<uint8_t>(file + 1);
    return true;
  }
  return false;
}

void Disk::Write(int name, int slot, BlockId block) {
  At(name).cache[slot] = block;
  WriteAgain(name, slot);
}

void Disk::Sync(int name) {
  File& file = At(name);
  for (int slot = 0; slot < kBlocks; ++slot) {
    if (file.dirty >> slot & 1) file.disk[slot] = file.cache[slot];
  }
  file.dirty = 0;
}

void Disk::SyncDirectory() {
  for (int name = 0; name < kNames; ++name) {
    if (!(dropped_names >> name & 1)) durable_names[name] = cached_names[name];
  }
}

void Disk::FailSyncDirectory() {
  for (int name = 0; name < kNames; ++name) {
    if (durable_names[name] != cached_names[name]) dropped_names |= uint32_t{1} << name;
  }
}

bool Disk::IsDirectoryDirty() const { return std::memcmp(durable_names, cached_names, kNames) != 0; }

bool Disk::IsDirty() const {
  return IsDirectoryDirty() || dropped_names != 0 || std::any_of(files, files + kFiles, [](const File& file) {
           return file.dirty != 0 || std::memcmp(file.disk, file.cache, sizeof file.disk) != 0;
         });
}

void Disk::ForEachPowerCut(const std::function<void(const Disk&, int survivors)>& visit) const {
  std::vector<std::pair<int, int>> unsynced;  // file and slot, or kDirectory and name
  for (int file = 0; file < kFiles; ++file) {
    if (!IsInUse(file)) continue;
    for (int slot = 0; slot < kBlocks; ++slot) {
      const File& f = files[file];
      if ((f.dirty >> slot & 1) && f.disk[slot] != f.cache[slot]) unsynced.emplace_back(file, slot);
    }
  }
  for (int name = 0; name < kNames; ++name) {
    if (IsNameDirty(name)) unsynced.emplace_back(kDirectory, name);
  }
  CHECK_LE(unsynced.size(), kMaxUnsynced);
  for (int survivors = 0; survivors < 1 << unsynced.size(); ++survivors) {
    Disk after = *this;
    for (size_t i = 0; i < unsynced.size(); ++i) {
      if (!(survivors >> i & 1)) continue;
      const auto [file, at] = unsynced[i];
      if (file == kDirectory) {
        after.durable_names[at] = after.cached_names[at];
      } else {
        after.files[file].disk[at] = after.files[file].cache[at];
      }
    }
    std::memcpy(after.cached_names, after.durable_names, kNames);
    after.dropped_names = 0;
    for (int file = 0; file < kFiles; ++file) {
      if (!after.IsInUse(file)) after.files[file] = File();
      std::memcpy(after.files[file].cache, after.files[file].disk, sizeof after.files[file].disk);
      after.files[file].dirty = 0;
    }
    visit(after, survivors);
  }
}

}  // namespace aeternus::durability_model
