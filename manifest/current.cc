#include "manifest/current.h"

#include <memory>

#include "base/status.h"

namespace aeternus {
namespace {

absl::Status WriteSynced(env::FileSystem* file_system, const std::string& path, std::string_view bytes) {
  AETERNUS_ASSIGN_OR_RETURN(const std::unique_ptr<env::WritableFile> file, file_system->NewWritableFile(path));
  AETERNUS_RETURN_IF_ERROR(file->Append(bytes));
  AETERNUS_RETURN_IF_ERROR(env::AsFinal(file->Sync()));
  return file->Close();
}

}  // namespace

absl::StatusOr<std::optional<FileIdentity>> ReadCurrent(env::FileSystem* file_system, const std::string& dir) {
  const std::string path = env::JoinPath(dir, kCurrentFileName);
  const absl::StatusOr<std::string> bytes = file_system->ReadFile(path, kFileIdentitySizeBytes);
  if (absl::IsNotFound(bytes.status())) return std::nullopt;
  AETERNUS_RETURN_IF_ERROR(bytes.status());
  AETERNUS_ASSIGN_OR_RETURN(const FileIdentity identity, DecodeFileIdentity(*bytes, FileKind::kCurrent, path, 0));
  if (identity.edit == EditNumber(0)) return CorruptionError(path, 0, "it counts on edit 0, and edits count from 1");
  return identity;
}

absl::Status SwitchCurrent(env::FileSystem* file_system, const std::string& dir, DatabaseId database, FileNumber number,
                           EditNumber first_edit) {
  const std::string temporary = env::JoinPath(dir, kCurrentTemporaryFileName);
  // A crash in the middle of an earlier switch leaves one.
  if (const absl::Status status = file_system->DeleteFile(temporary); !status.ok() && !absl::IsNotFound(status)) {
    return status;
  }
  FileIdentity identity;
  identity.kind = FileKind::kCurrent;
  identity.database_id = database;
  identity.number = number;
  identity.edit = first_edit;
  absl::Status status = WriteSynced(file_system, temporary, EncodeFileIdentity(identity));
  if (status.ok()) status = file_system->RenameFile(temporary, env::JoinPath(dir, kCurrentFileName));
  if (absl::IsResourceExhausted(status)) file_system->DeleteFile(temporary).IgnoreError();  // or the next switch does
  AETERNUS_RETURN_IF_ERROR(status);
  return env::AsFinal(file_system->SyncDirectory(dir));
}

}  // namespace aeternus
