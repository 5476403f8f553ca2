// The model's disk: files of a few blocks under fixed names, each with what is durable and what the system has cached.
// A sync that fails leaves the cache clean and the disk without the data, as Linux does.
#ifndef AETERNUS_STRESS_DURABILITY_MODEL_DISK_H_
#define AETERNUS_STRESS_DURABILITY_MODEL_DISK_H_

#include <cstdint>
#include <functional>
#include <optional>

#include "stress/durability_model/block.h"

namespace aeternus::durability_model {

inline constexpr int kBlocks = 6;     // of a file
inline constexpr int kFiles = 16;     // at most
inline constexpr int kLogs = 13;      // names 0 ... kLogs - 1; number 0 is no log
inline constexpr int kManifests = 7;  // number 0 is none
inline constexpr int kTables = 4;
inline constexpr int kFirstManifest = kLogs;
inline constexpr int kFirstTable = kFirstManifest + kManifests;
inline constexpr int kCurrent = kFirstTable + kTables;  // not a file: its entry is the number of a manifest
inline constexpr int kNames = kCurrent + 1;
static_assert(kNames <= 32);

struct File {
  BlockId disk[kBlocks];
  BlockId cache[kBlocks];
  uint16_t dirty;  // cached blocks of which the system knows that they are not on disk
};

// All zeros is an empty disk. Without padding, so that its bytes are its identity.
struct Disk {
  File files[kFiles];
  uint32_t dropped_names;                               // names whose change a failed sync of the directory has lost
  uint8_t durable_names[kNames], cached_names[kNames];  // file + 1, 0: no such name
  uint8_t unused[2];

  bool Exists(int name) const { return cached_names[name] != 0; }
  // The file of a name. Of one that was removed, as long as a power cut can undo that: who has it open can sync it.
  File& At(int name) { return files[FileOf(name)]; }
  const File& At(int name) const { return files[FileOf(name)]; }
  int FileOf(int name) const { return (Exists(name) ? cached_names[name] : durable_names[name]) - 1; }
  bool IsInUse(int file) const;
  bool IsNameDirty(int name) const { return durable_names[name] != cached_names[name] && !(dropped_names >> name & 1); }

  // Makes an empty file; false when the model has no room for another.
  bool Create(int name);
  void Write(int name, int slot, BlockId block);
  // The same bytes in the same place, whether the system thinks that it has them on disk or not.
  void WriteAgain(int name, int slot) { At(name).dirty = static_cast<uint16_t>(At(name).dirty | 1 << slot); }
  void Remove(int name) { cached_names[name] = 0; }

  void Sync(int name);
  void FailSync(int name) { At(name).dirty = 0; }
  void SyncDirectory();
  void FailSyncDirectory();
  bool IsDirectoryDirty() const;

  // Whether a power cut could change anything.
  bool IsDirty() const;
  // Calls `visit` with every disk that a power cut now can leave: of what was not synced, any part survives.
  void ForEachPowerCut(const std::function<void(const Disk&, int survivors)>& visit) const;
};

}  // namespace aeternus::durability_model

#endif  // AETERNUS_STRESS_DURABILITY_MODEL_DISK_H_
