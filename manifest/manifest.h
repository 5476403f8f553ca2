// The durable record of the database's shape: a chain of version edits in MANIFEST-<number>, named by CURRENT.
//
// Rules (docs/durability.md): plain appends, each edit synced before the next; opening never appends to a recovered
// manifest but writes a new one with a full snapshot, syncs it and the directory, then switches CURRENT by
// write-temporary, sync, rename, directory sync; a valid edit behind an invalid one is corruption; a failed write or
// sync here is final (invariant 5).
//
// Opening is three steps, because the engine must look at logs and tables in between:
//   Manifest::Read(...)      what CURRENT names, or "there is no database"; changes nothing
//   ... the engine checks completeness and replays logs ...
//   Manifest::Create(...)    writes the new manifest and switches CURRENT
//
// Thread safety: Commit and Checkpoint one at a time (the engine's manifest mutex); the accessors beside them.
#ifndef AETERNUS_MANIFEST_MANIFEST_H_
#define AETERNUS_MANIFEST_MANIFEST_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/types.h"
#include "env/file_system.h"
#include "env/mutex.h"
#include "manifest/version.h"
#include "manifest/version_edit.h"
#include "wal/writer.h"

namespace aeternus {

// Everything the manifest says, at one moment.
struct ManifestState {
  DatabaseId database_id;
  EditNumber last_edit;
  FileNumber manifest_number;
  std::shared_ptr<const Version> version = std::make_shared<Version>();
  FileNumber min_log;  // 0: no log was ever put to use
  FileNumber reserved_numbers_end{1};
  Lsn max_lsn;
  std::optional<LogCut> cut;
};

class Manifest {
 public:
  // File names within the database directory.
  static std::string FileName(FileNumber number);  // "MANIFEST-000012"
  static std::optional<FileNumber> ParseFileName(std::string_view name);
  static constexpr std::string_view kCurrentName = "CURRENT";
  static constexpr std::string_view kCurrentTemporaryName = "CURRENT.tmp";

  // Reads CURRENT and the manifest it names. nullopt when there is no CURRENT. DataLoss when anything is damaged or
  // missing; Unimplemented when written by a newer version; FailedPrecondition for another key order.
  static absl::StatusOr<std::optional<ManifestState>> Read(env::FileSystem* file_system, const std::string& dir);

  // Writes manifest `number` with a snapshot of `state` as edit `state.last_edit + 1`, makes it durable and switches
  // CURRENT to it. `state.manifest_number` is ignored.
  static absl::StatusOr<std::unique_ptr<Manifest>> Create(env::FileSystem* file_system, const std::string& dir,
                                                          ManifestState state, FileNumber number);

  // Appends `edit`, syncs, and applies it. FailedPrecondition, with nothing written, when a removed table is not live.
  // Any other error is final: every later Commit returns it.
  absl::Status Commit(const VersionEdit& edit);

  // Starts a new manifest file, `number`, with a snapshot of the present state, and switches CURRENT to it. Errors are
  // final.
  absl::Status Checkpoint(FileNumber number);

  // A copy of the state after the last successful Commit.
  ManifestState state() const ABSL_LOCKS_EXCLUDED(mutex_);
  // The last edit known durable; what a new file's identity records.
  EditNumber durable_edit() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Bytes of the present manifest file, and of a fresh snapshot: when to Checkpoint.
  uint64_t size_bytes() const;
  uint64_t snapshot_size_bytes() const;

 private:
  Manifest(env::FileSystem* file_system, std::string dir);
  // Writes and syncs a manifest file with one snapshot edit and switches CURRENT to it.
  absl::Status WriteSnapshotAndSwitch(FileNumber number);

  env::FileSystem* const file_system_;
  const std::string dir_;
  std::unique_ptr<wal::Writer> writer_;
  uint64_t snapshot_size_bytes_ = 0;
  absl::Status failed_;
  mutable env::Mutex mutex_;
  ManifestState state_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace aeternus

#endif  // AETERNUS_MANIFEST_MANIFEST_H_
