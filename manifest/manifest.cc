#include "manifest/manifest.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/file_identity.h"
#include "base/key_order.h"
#include "base/status.h"
#include "manifest/current.h"
#include "wal/frame.h"
#include "wal/reader.h"

// A manifest file is a log (wal/frame.h) of kind kManifest. Each frame is of type kEdit and holds one version edit
// (manifest/version_edit.cc); its first LSN is the edit's number, its LSN count 1, and its synced LSN the number
// before, because each edit is synced before the next is written. Numbers are consecutive. The first edit, and no
// other, is a snapshot; CURRENT (manifest/current.h) says its number.

namespace aeternus {
namespace {

constexpr std::string_view kFileNamePrefix = "MANIFEST-";

EditNumber After(EditNumber edit) { return EditNumber(edit.value + 1); }

absl::Status CheckKeyOrder(const VersionEdit& edit) {
  if (!edit.key_order_name.has_value() || *edit.key_order_name == kKeyOrderName) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("the database is in key order \"", *edit.key_order_name,
                                                    "\"; this library knows \"", kKeyOrderName, "\""));
}

// Applies `edit` as the next one. On an error `*state` is as before.
absl::Status ApplyEdit(const VersionEdit& edit, ManifestState* state) {
  AETERNUS_RETURN_IF_ERROR(CheckKeyOrder(edit));
  AETERNUS_ASSIGN_OR_RETURN(state->version, state->version->Apply(edit));
  state->last_edit = After(state->last_edit);
  // These only grow: a number is never issued twice, and a retired log never comes back.
  state->min_log = std::max(state->min_log, edit.min_log.value_or(FileNumber(0)));
  state->reserved_numbers_end =
      std::max(state->reserved_numbers_end, edit.reserved_numbers_end.value_or(FileNumber(0)));
  state->max_lsn = std::max(state->max_lsn, edit.max_lsn.value_or(kMinLsn));
  state->flushed_lsn = std::max(state->flushed_lsn, edit.flushed_lsn.value_or(kMinLsn));
  if (edit.cut.has_value()) state->cut = edit.cut;
  if (edit.close.has_value()) state->close = edit.close;
  // The cut is kept while its log is live. Behind that log the next live one is first_live_log.
  if (state->cut.has_value() && state->min_log >= state->cut->first_live_log) state->cut.reset();
  return absl::OkStatus();
}

VersionEdit SnapshotOf(const ManifestState& state) {
  VersionEdit edit;
  edit.is_snapshot = true;
  edit.key_order_name = kKeyOrderName;
  for (const Version::TablePtr& table : state.version->tables()) edit.added_tables.push_back(*table);
  edit.min_log = state.min_log;
  edit.reserved_numbers_end = state.reserved_numbers_end;
  edit.max_lsn = state.max_lsn;
  edit.flushed_lsn = state.flushed_lsn;
  edit.cut = state.cut;
  edit.close = state.close;
  return edit;
}

// A final error, whatever the device called it: the codes of errors that pass are not for it.
absl::Status Final(const absl::Status& status) {
  return status.ok() ? status : absl::InternalError(absl::StrCat("the manifest failed: ", status.message()));
}

// `*wrote` as in wal::Writer::Append.
absl::Status AppendAndSync(wal::Writer* writer, EditNumber number, const VersionEdit& edit, bool* wrote) {
  const std::string payload = EncodeVersionEdit(edit);
  wal::Frame frame;
  frame.type = wal::FrameType::kEdit;
  frame.first_lsn = Lsn(number.value);
  frame.lsn_count = 1;
  frame.synced_lsn = Lsn(number.value - 1);
  frame.payload = payload;
  AETERNUS_RETURN_IF_ERROR(writer->Append({&frame, 1}, env::LogFile::Next::kSync, wrote));
  return writer->Sync();
}

// Takes the frame that begins at `offset` as the next edit; it is the snapshot iff it is the first in the file.
absl::Status ReplayFrame(const wal::Frame& frame, const std::string& path, uint64_t offset, ManifestState* state) {
  const EditNumber expected = After(state->last_edit);
  if (frame.type != wal::FrameType::kEdit || frame.first_lsn.value != expected.value || frame.lsn_count != 1 ||
      frame.synced_lsn.value != state->last_edit.value) {
    return CorruptionError(path, offset, "a frame of type ", static_cast<int>(frame.type), " and number ",
                           frame.first_lsn, ", expected edit ", expected);
  }
  AETERNUS_ASSIGN_OR_RETURN(const VersionEdit edit,
                            DecodeVersionEdit(frame.payload, path, offset + wal::kFrameHeaderSizeBytes));
  const bool is_first = offset == kFileIdentitySizeBytes;
  if (edit.is_snapshot != is_first || edit.key_order_name.has_value() != is_first) {
    return CorruptionError(path, offset, "edit ", expected,
                           is_first ? " is the first and no whole snapshot" : " is not the first and a snapshot");
  }
  AETERNUS_RETURN_IF_ERROR(Annotate(CheckKeyOrder(edit), path));
  if (const absl::Status status = ApplyEdit(edit, state); !status.ok()) {
    return CorruptionError(path, offset, "edit ", expected, ": ", status.message());
  }
  return absl::OkStatus();
}

// Replays every edit of a manifest into `*state`, whose last edit is the one before the snapshot.
absl::Status Replay(const env::RandomAccessFile& file, ManifestState* state) {
  wal::Reader reader(&file, state->database_id, state->manifest_number);
  while (true) {
    AETERNUS_ASSIGN_OR_RETURN(const std::optional<wal::Frame> frame, reader.Next());
    if (!frame.has_value()) break;
    AETERNUS_RETURN_IF_ERROR(ReplayFrame(*frame, file.path(), reader.frame_offset(), state));
  }
  const uint64_t end = reader.offset();
  if (end == kFileIdentitySizeBytes) return CorruptionError(file.path(), end, "the snapshot is damaged or missing");
  // An edit is written only after the one before it is synced, so a crash tears the last one at most.
  AETERNUS_ASSIGN_OR_RETURN(const std::optional<wal::Frame> behind, reader.ScanNext());
  if (behind.has_value()) {
    return CorruptionError(file.path(), end, "edit ", After(state->last_edit), " is damaged and edit ",
                           behind->first_lsn, " stands behind it at offset ", reader.frame_offset());
  }
  return absl::OkStatus();
}

}  // namespace

std::string Manifest::FileName(FileNumber number) { return absl::StrFormat("%s%06d", kFileNamePrefix, number.value); }

std::optional<FileNumber> Manifest::ParseFileName(std::string_view name) {
  uint64_t number = 0;
  if (!absl::StartsWith(name, kFileNamePrefix)) return std::nullopt;
  if (!absl::SimpleAtoi(name.substr(kFileNamePrefix.size()), &number)) return std::nullopt;
  if (name != FileName(FileNumber(number))) return std::nullopt;  // one number, one name
  return FileNumber(number);
}

absl::StatusOr<std::optional<ManifestState>> Manifest::Read(env::FileSystem* file_system, const std::string& dir) {
  AETERNUS_ASSIGN_OR_RETURN(const std::optional<FileIdentity> current, ReadCurrent(file_system, dir));
  if (!current.has_value()) return std::nullopt;
  const std::string path = env::JoinPath(dir, FileName(current->number));
  const absl::StatusOr<std::unique_ptr<env::RandomAccessFile>> file = file_system->NewRandomAccessFile(path);
  if (absl::IsNotFound(file.status())) return CorruptionError(path, 0, "the file is missing and CURRENT names it");
  AETERNUS_RETURN_IF_ERROR(file.status());

  AETERNUS_ASSIGN_OR_RETURN(const FileIdentity identity, wal::ReadIdentity(**file, FileKind::kManifest));
  if (identity.database_id != current->database_id || identity.number != current->number) {
    return CorruptionError(path, 0, "this is manifest ", identity.number, " of database ", identity.database_id,
                           ", expected ", current->number, " of ", current->database_id);
  }
  ManifestState state;
  state.database_id = current->database_id;
  state.manifest_number = current->number;
  state.last_edit = EditNumber(current->edit.value - 1);
  AETERNUS_RETURN_IF_ERROR(Replay(**file, &state));
  return state;
}

absl::StatusOr<Manifest::Remains> Manifest::ReadRemains(env::FileSystem* file_system, const std::string& dir,
                                                        DatabaseId database, FileNumber number) {
  AETERNUS_ASSIGN_OR_RETURN(const auto file, file_system->NewRandomAccessFile(env::JoinPath(dir, FileName(number))));
  Remains remains;
  remains.state.database_id = database;
  remains.state.manifest_number = number;
  // CURRENT would say the number of the first edit; the frame itself does, too.
  wal::Reader reader(file.get(), database, number);
  AETERNUS_ASSIGN_OR_RETURN(const std::optional<wal::Frame> first, reader.Next());
  if (!first.has_value() || first->first_lsn == kMinLsn) {
    return CorruptionError(file->path(), kFileIdentitySizeBytes, "the snapshot is damaged or missing");
  }
  const EditNumber before(first->first_lsn.value - 1);
  remains.state.last_edit = before;
  remains.damage = Replay(*file, &remains.state);
  if (remains.state.last_edit == before) return remains.damage;
  if (!remains.damage.ok()) return remains;
  // What stands behind the last edit was meant to be one.
  for (std::optional<wal::Frame> frame = first; frame.has_value();) {
    AETERNUS_ASSIGN_OR_RETURN(frame, reader.Next());
  }
  AETERNUS_ASSIGN_OR_RETURN(const uint64_t data_end, wal::EndOfData(*file, reader.offset()));
  if (data_end > reader.offset()) {
    remains.damage = CorruptionError(file->path(), reader.offset(), "no valid edit: a torn last one, or damage");
  }
  return remains;
}

absl::StatusOr<std::unique_ptr<Manifest>> Manifest::Create(env::FileSystem* file_system, const std::string& dir,
                                                           ManifestState state, FileNumber number) {
  std::unique_ptr<Manifest> manifest(new Manifest(file_system, dir, std::move(state)));
  // Nothing that was read is known to be durable before this switch: the new file counts on no edit.
  AETERNUS_RETURN_IF_ERROR(manifest->GoOnWith(number, EditNumber(0)));
  return manifest;
}

Manifest::Manifest(env::FileSystem* file_system, std::string dir, ManifestState state)
    : file_system_(file_system), dir_(std::move(dir)), state_(std::move(state)) {}

absl::Status Manifest::Commit(const VersionEdit& edit) {
  AETERNUS_RETURN_IF_ERROR(failed_);
  if (edit.is_snapshot) return absl::FailedPreconditionError("only Create and Checkpoint write snapshots");
  ManifestState next = state();
  AETERNUS_RETURN_IF_ERROR(ApplyEdit(edit, &next));
  bool wrote = false;
  if (const absl::Status status = AppendAndSync(writer_.get(), next.last_edit, edit, &wrote); !status.ok()) {
    if (absl::IsResourceExhausted(status) && !wrote) return status;
    return failed_ = Final(status);
  }
  env::MutexLock lock(&mutex_);
  state_ = std::move(next);
  size_bytes_ = writer_->size_bytes();
  return absl::OkStatus();
}

absl::Status Manifest::Checkpoint(FileNumber number) {
  AETERNUS_RETURN_IF_ERROR(failed_);
  const absl::Status status = GoOnWith(number, durable_edit());
  return absl::IsResourceExhausted(status) ? status : failed_ = Final(status);
}

absl::Status Manifest::GoOnWith(FileNumber number, EditNumber durable_edit) {
  absl::StatusOr<std::unique_ptr<wal::Writer>> writer = WriteSnapshot(number, durable_edit);
  const absl::Status status = writer.ok() ? SwitchTo(*std::move(writer)) : writer.status();
  // Nobody knows of the new file yet. If it cannot be deleted either, the next Open finds it unreferenced.
  if (absl::IsResourceExhausted(status)) {
    file_system_->DeleteFile(env::JoinPath(dir_, FileName(number))).IgnoreError();
  }
  return status;
}

absl::StatusOr<std::unique_ptr<wal::Writer>> Manifest::WriteSnapshot(FileNumber number, EditNumber durable_edit) const {
  const ManifestState state = this->state();
  FileIdentity identity;
  identity.kind = FileKind::kManifest;
  identity.database_id = state.database_id;
  identity.number = number;
  identity.edit = durable_edit;
  // One sync for the head and the snapshot: nobody knows of the file before the switch.
  AETERNUS_ASSIGN_OR_RETURN(std::unique_ptr<wal::Writer> writer,
                            wal::Writer::Create(file_system_, env::JoinPath(dir_, FileName(number)), identity,
                                                /*allocate_bytes=*/0, wal::Writer::Head::kUnsynced));
  bool wrote = false;
  AETERNUS_RETURN_IF_ERROR(AppendAndSync(writer.get(), After(state.last_edit), SnapshotOf(state), &wrote));
  return writer;
}

absl::Status Manifest::SwitchTo(std::unique_ptr<wal::Writer> writer) {
  ManifestState next = state();
  next.last_edit = After(next.last_edit);
  next.manifest_number = writer->number();
  AETERNUS_RETURN_IF_ERROR(env::AsFinal(file_system_->SyncDirectory(dir_)));
  AETERNUS_RETURN_IF_ERROR(SwitchCurrent(file_system_, dir_, next.database_id, next.manifest_number, next.last_edit));
  writer_ = std::move(writer);
  env::MutexLock lock(&mutex_);
  state_ = std::move(next);
  size_bytes_ = snapshot_size_bytes_ = writer_->size_bytes();
  return absl::OkStatus();
}

ManifestState Manifest::state() const {
  env::MutexLock lock(&mutex_);
  return state_;
}

EditNumber Manifest::durable_edit() const {
  env::MutexLock lock(&mutex_);
  return state_.last_edit;
}

uint64_t Manifest::size_bytes() const {
  env::MutexLock lock(&mutex_);
  return size_bytes_;
}

uint64_t Manifest::snapshot_size_bytes() const {
  env::MutexLock lock(&mutex_);
  return snapshot_size_bytes_;
}

}  // namespace aeternus
