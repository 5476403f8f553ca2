#include "tools/frame_dump.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/entry.h"
#include "base/status.h"
#include "engine/batch_format.h"
#include "engine/log_chain.h"
#include "manifest/manifest.h"
#include "manifest/table_metadata.h"
#include "manifest/version_edit.h"
#include "tools/text.h"
#include "tools/units.h"
#include "wal/frame.h"
#include "wal/reader.h"

namespace aeternus::tools {
namespace {

using Emit = absl::FunctionRef<absl::Status(std::string_view)>;

std::string_view KindName(FileKind kind) {
  switch (kind) {
    case FileKind::kLog:
      return "log";
    case FileKind::kTable:
      return "table";
    case FileKind::kManifest:
      return "manifest";
    case FileKind::kCurrent:
      return "CURRENT: manifest";
  }
  return "file";
}

std::string FormatEnd(const std::optional<std::string_view>& end) {
  return end.has_value() ? Quote(*end) : "unbounded";
}

std::string FormatOperation(uint64_t lsn, const BatchOperation& operation) {
  const std::string head = absl::StrCat("  LSN ", lsn, " ");
  if (operation.kind == EntryKind::kPut) {
    return absl::StrCat(head, "put ", Quote(operation.key), " = ", Quote(operation.value), " (",
                        FormatBytes(operation.value.size()), ")");
  }
  if (operation.kind == EntryKind::kDelete) return absl::StrCat(head, "delete ", Quote(operation.key));
  return absl::StrCat(head, "delete range [", Quote(operation.key), ", ", FormatEnd(operation.end), ")");
}

absl::Status DumpBatch(const wal::Frame& frame, std::string_view path, uint64_t offset, Emit emit) {
  BatchReader batch(frame.payload, path, offset);
  for (uint64_t lsn = frame.first_lsn.value;; ++lsn) {
    AETERNUS_ASSIGN_OR_RETURN(const std::optional<BatchOperation> operation, batch.Next());
    if (!operation.has_value()) return absl::OkStatus();
    AETERNUS_RETURN_IF_ERROR(emit(FormatOperation(lsn, *operation)));
  }
}

std::string FormatTable(const TableMetadata& table) {
  const std::string end = !table.largest.has_value()
                              ? "unbounded)"
                              : absl::StrCat(Quote(*table.largest), table.largest_is_exclusive ? ")" : "]");
  return absl::StrFormat(
      "  add table %d: %d bytes, checksum %08x, %d puts, %d deletes, %d range deletes, LSN %d-%d, [%s, %s",
      table.number.value, table.size_bytes, table.checksum, table.put_count, table.delete_count,
      table.range_tombstone_count, table.min_lsn().value, table.max_lsn().value, Quote(table.smallest), end);
}

absl::Status DumpEdit(const VersionEdit& edit, Emit emit) {
  for (const TableMetadata& table : edit.added_tables) AETERNUS_RETURN_IF_ERROR(emit(FormatTable(table)));
  for (const FileNumber table : edit.removed_tables) {
    AETERNUS_RETURN_IF_ERROR(emit(absl::StrCat("  remove table ", table.value)));
  }
  std::vector<std::string> facts;
  if (edit.key_order_name.has_value()) facts.push_back(absl::StrCat("key order ", Quote(*edit.key_order_name)));
  if (edit.min_log.has_value()) facts.push_back(absl::StrCat("first live log ", edit.min_log->value));
  if (edit.reserved_numbers_end.has_value()) {
    facts.push_back(absl::StrCat("file numbers below ", edit.reserved_numbers_end->value, " are reserved"));
  }
  if (edit.max_lsn.has_value()) facts.push_back(absl::StrCat("largest LSN ", edit.max_lsn->value));
  if (edit.flushed_lsn.has_value()) facts.push_back(absl::StrCat("flushed up to LSN ", edit.flushed_lsn->value));
  if (edit.cut.has_value()) {
    facts.push_back(absl::StrCat("log ", edit.cut->log.value, " is cut at offset ", edit.cut->offset_bytes,
                                 " behind LSN ", edit.cut->last_lsn.value, " and followed by log ",
                                 edit.cut->first_live_log.value));
  }
  if (edit.close.has_value()) {
    facts.push_back(absl::StrCat("closed with log ", edit.close->log.value, " at LSN ", edit.close->last_lsn.value));
  }
  return facts.empty() ? absl::OkStatus() : emit(absl::StrCat("  ", absl::StrJoin(facts, ", ")));
}

absl::Status DumpFrame(const wal::Frame& frame, std::string_view path, uint64_t offset, Emit emit) {
  const std::string place = absl::StrCat("@", offset, " ");
  const std::string synced = absl::StrCat(", synced up to LSN ", frame.synced_lsn.value);
  const uint64_t payload_offset = offset + wal::kFrameHeaderSizeBytes;
  switch (frame.type) {
    case wal::FrameType::kBatch:
      AETERNUS_RETURN_IF_ERROR(
          emit(absl::StrCat(place, "batch LSN ", frame.first_lsn.value, "-", frame.last_lsn().value, synced)));
      return DumpBatch(frame, path, payload_offset, emit);
    case wal::FrameType::kSeal:
      return emit(absl::StrCat(place, "seal, last LSN ", frame.first_lsn.value, synced));
    case wal::FrameType::kLink: {
      AETERNUS_ASSIGN_OR_RETURN(const LogLink link, DecodeLogLink(frame.payload, path, payload_offset));
      return emit(absl::StrCat(place, "link to log ", link.predecessor.value, ", which ends at offset ",
                               link.end_offset, " with LSN ", link.last_lsn.value, synced));
    }
    case wal::FrameType::kEdit: {
      AETERNUS_ASSIGN_OR_RETURN(const VersionEdit edit, DecodeVersionEdit(frame.payload, path, payload_offset));
      AETERNUS_RETURN_IF_ERROR(
          emit(absl::StrCat(place, "edit ", frame.first_lsn.value, edit.is_snapshot ? ", a snapshot" : "")));
      return DumpEdit(edit, emit);
    }
    default:
      return emit(absl::StrCat(place, "frame of type ", static_cast<int>(frame.type), ", ", frame.payload.size(),
                               " bytes: 0x", absl::BytesToHexString(frame.payload.substr(0, 32))));
  }
}

// What lies behind the first place without a valid frame.
absl::Status DumpRest(wal::Reader& reader, Emit emit) {
  AETERNUS_RETURN_IF_ERROR(emit(absl::StrCat("@", reader.offset(), " end: no valid frame here")));
  bool announced = false;
  while (true) {
    AETERNUS_ASSIGN_OR_RETURN(const std::optional<wal::Frame> frame, reader.ScanNext());
    if (!frame.has_value()) return absl::OkStatus();
    if (!announced) {
      announced = true;
      AETERNUS_RETURN_IF_ERROR(emit("valid frames behind the end (a torn write, or damage in front of them):"));
    }
    AETERNUS_RETURN_IF_ERROR(DumpFrame(*frame, reader.path(), reader.frame_offset(), emit));
  }
}

}  // namespace

std::string FormatIdentity(const FileIdentity& identity) {
  return absl::StrFormat("%s %d of database %016x, format %d, made after edit %d", KindName(identity.kind),
                         identity.number.value, identity.database_id.value, identity.format_version,
                         identity.edit.value);
}

absl::StatusOr<FileIdentity> ReadCurrentIdentity(env::FileSystem* file_system, const std::string& dir) {
  const std::string path = env::JoinPath(dir, Manifest::kCurrentName);
  AETERNUS_ASSIGN_OR_RETURN(const std::string bytes, file_system->ReadFile(path, kFileIdentitySizeBytes));
  return DecodeFileIdentity(bytes, FileKind::kCurrent, path, /*offset=*/0);
}

absl::Status DumpFrames(env::FileSystem* file_system, const std::string& dir, const std::string& name, FileKind kind,
                        FileNumber number, Emit emit) {
  AETERNUS_ASSIGN_OR_RETURN(const std::unique_ptr<env::RandomAccessFile> file,
                            file_system->NewRandomAccessFile(env::JoinPath(dir, name)));
  const absl::StatusOr<FileIdentity> identity = wal::ReadIdentity(*file, kind);
  DatabaseId database;
  if (identity.ok()) {
    database = identity->database_id;
    AETERNUS_RETURN_IF_ERROR(emit(FormatIdentity(*identity)));
  } else {
    // Frames are recognized by the database's id; CURRENT knows it too.
    const absl::StatusOr<FileIdentity> current = ReadCurrentIdentity(file_system, dir);
    if (!current.ok()) return identity.status();
    database = current->database_id;
    AETERNUS_RETURN_IF_ERROR(emit("the identity is damaged; read with the database id of CURRENT"));
  }
  wal::Reader reader(file.get(), database, number);
  while (true) {
    AETERNUS_ASSIGN_OR_RETURN(const std::optional<wal::Frame> frame, reader.Next());
    if (!frame.has_value()) break;
    AETERNUS_RETURN_IF_ERROR(DumpFrame(*frame, reader.path(), reader.frame_offset(), emit));
  }
  AETERNUS_RETURN_IF_ERROR(DumpRest(reader, emit));
  return identity.status();
}

}  // namespace aeternus::tools
