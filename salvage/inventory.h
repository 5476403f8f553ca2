// Which files of a damaged directory belong to its database and count, before any of them is read in depth.
//
// The database is the one that most files name. Its manifest is the one that CURRENT names, else the newest that can be
// read, up to its first damage. With a manifest that reaches every edit that the other files know of, and whose files
// are all there, its tables and logs count and no others. With one that does not, tables made at or after its last edit
// count too, for it cannot know of them. Without any, all tables and logs do.
//
// Thread safety: a pure function of the directory, which must not change meanwhile.
#ifndef AETERNUS_SALVAGE_INVENTORY_H_
#define AETERNUS_SALVAGE_INVENTORY_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/types.h"
#include "env/file_system.h"
#include "manifest/manifest.h"
#include "salvage/report.h"

namespace aeternus::salvage {

struct Inventory {
  DatabaseId database;
  std::optional<ManifestState> manifest;
  std::vector<FileNumber> tables;  // to be read, ascending
  std::vector<FileNumber> logs;    // to be read, ascending
  Report report;                   // what is known so far
};

// Reads only. NotFound when the directory holds no file of a database; DataLoss when no file says which database it
// belongs to; Unimplemented when a newer version wrote one.
absl::StatusOr<Inventory> TakeInventory(env::FileSystem* file_system, const std::string& dir);

}  // namespace aeternus::salvage

#endif  // AETERNUS_SALVAGE_INVENTORY_H_
