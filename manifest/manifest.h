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

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/types.h"
#include "env/file_system.h"
#include "env/mutex.h"
#include "manifest/current.h"
#include "manifest/version.h"
#include "manifest/version_edit.h"
#include "wal/writer.h"

namespace aeternus {

// Everything the manifest says, at one moment.
struct ManifestState {
  DatabaseId database_id{};
  EditNumber last_edit{};
  FileNumber manifest_number{};
  std::shared_ptr<const Version> version = std::make_shared<Version>();
  FileNumber min_log{};  // 0: no log was ever put to use
  FileNumber reserved_numbers_end{1};
  Lsn max_lsn{};
  Lsn flushed_lsn{};
  std::optional<LogCut> cut{};
  std::optional<CleanClose> close{};
};

class Manifest {
 public:
  // File names within the database directory.
  static std::string FileName(FileNumber number);  // "MANIFEST-000012"
  static std::optional<FileNumber> ParseFileName(std::string_view name);
  static constexpr std::string_view kCurrentName = kCurrentFileName;
  static constexpr std::string_view kCurrentTemporaryName = kCurrentTemporaryFileName;

  // Reads CURRENT and the manifest it names. nullopt when there is no CURRENT. DataLoss when anything is damaged or
  // missing; Unimplemented when written by a newer version; FailedPrecondition for another key order.
  static absl::StatusOr<std::optional<ManifestState>> Read(env::FileSystem* file_system, const std::string& dir);

  // For salvage: what the edits in front of the first damage say of the database whose id is known, whatever CURRENT
  // names; and that damage, or OK. DataLoss when not even the snapshot can be read; NotFound.
  struct Remains {
    ManifestState state;
    absl::Status damage;
  };
  static absl::StatusOr<Remains> ReadRemains(env::FileSystem* file_system, const std::string& dir, DatabaseId database,
                                             FileNumber number);

  // Writes manifest `number` with a snapshot of `state` as edit `state.last_edit + 1`, makes it durable and switches
  // CURRENT to it. `state.manifest_number` is ignored. ResourceExhausted: there was no room, and all is as before.
  // After any other error CURRENT names the old manifest or the new one, and both can be read; a half-made file may be
  // left.
  static absl::StatusOr<std::unique_ptr<Manifest>> Create(env::FileSystem* file_system, const std::string& dir,
                                                          ManifestState state, FileNumber number);

  // Appends `edit`, syncs, and applies it. Two errors leave everything as it was: FailedPrecondition when a removed
  // table is not live, an added one is already, or the edit is a snapshot; ResourceExhausted when there was no room for
  // the edit and nothing was written. Any other error is final: every later Commit and Checkpoint returns it.
  absl::Status Commit(const VersionEdit& edit);

  // Starts a new manifest file, `number`, with a snapshot of the present state, and switches CURRENT to it. When there
  // is no room for the new file (ResourceExhausted) it is given up and the present one goes on; try again with another
  // number. Any other error is final.
  absl::Status Checkpoint(FileNumber number);

  // A copy of the state after the last successful Commit.
  ManifestState state() const ABSL_LOCKS_EXCLUDED(mutex_);
  // The last edit known durable; what a new file's identity records.
  EditNumber durable_edit() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Bytes of the present manifest file, and of a fresh snapshot: when to Checkpoint.
  uint64_t size_bytes() const ABSL_LOCKS_EXCLUDED(mutex_);
  uint64_t snapshot_size_bytes() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  Manifest(env::FileSystem* file_system, std::string dir, ManifestState state);

  // A new manifest file, synced, that holds a snapshot of the present state as the next edit. Its name is not yet
  // synced. `durable_edit` is what its identity records.
  absl::StatusOr<std::unique_ptr<wal::Writer>> WriteSnapshot(FileNumber number, EditNumber durable_edit) const;
  // Syncs the directory, switches CURRENT to the file that WriteSnapshot made, and goes on with it.
  absl::Status SwitchTo(std::unique_ptr<wal::Writer> writer);
  // Both of them. ResourceExhausted: there was no room, CURRENT is as before, and the new file is gone.
  absl::Status GoOnWith(FileNumber number, EditNumber durable_edit);

  env::FileSystem* const file_system_;
  const std::string dir_;
  // Of Commit and Checkpoint alone:
  std::unique_ptr<wal::Writer> writer_;
  absl::Status failed_;

  mutable env::Mutex mutex_;
  ManifestState state_ ABSL_GUARDED_BY(mutex_);
  uint64_t size_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t snapshot_size_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace aeternus

#endif  // AETERNUS_MANIFEST_MANIFEST_H_
