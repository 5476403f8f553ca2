#include "sstable/table_file.h"

#include <utility>

#include "base/status.h"

namespace aeternus::sstable {
namespace {

// What the file system says of a file that the manifest names, in the words of the store: a missing or shorter file is
// damage.
absl::Status TableError(const absl::Status& status, const std::string& path) {
  if (absl::IsNotFound(status)) {
    return absl::DataLossError(absl::StrCat("table ", path, " is missing: ", status.message()));
  }
  if (absl::IsOutOfRange(status)) {
    return absl::DataLossError(absl::StrCat("table ", path, " is cut short: ", status.message()));
  }
  return status;
}

}  // namespace

absl::StatusOr<std::unique_ptr<TableFile>> TableFile::Open(const TableParams& params) {
  auto file = params.file_system->NewRandomAccessFile(params.path);
  if (!file.ok()) return TableError(file.status(), params.path);
  std::unique_ptr<TableFile> table(new TableFile(params, *std::move(file)));
  AETERNUS_RETURN_IF_ERROR(table->ReadFooter(params));
  return table;
}

absl::Status TableFile::ReadFooter(const TableParams& params) {
  const absl::StatusOr<uint64_t> size = file_->Size();
  if (!size.ok()) return TableError(size.status(), path_);
  if (*size != params.size_bytes) {
    return CorruptionError(path_, 0, "the table has ", *size, " bytes, expected ", params.size_bytes);
  }
  std::string bytes(kFooterSizeBytes, '\0');
  if (*size >= kFooterSizeBytes) {
    AETERNUS_RETURN_IF_ERROR(ReadRaw(*size - kFooterSizeBytes, absl::MakeSpan(bytes)));
  }
  AETERNUS_ASSIGN_OR_RETURN(footer_, DecodeFooter(bytes, path_, *size));
  const FileIdentity& identity = footer_.identity;
  if (identity.database_id != params.database_id || identity.number != params.number) {
    return CorruptionError(path_, *size - kFooterSizeBytes, "this is table ", identity.number, " of database ",
                           identity.database_id, ", expected table ", params.number, " of database ",
                           params.database_id);
  }
  if (footer_.tombstones.present() != params.has_range_tombstones) {
    return CorruptionError(path_, *size - kFooterSizeBytes, "the table has ", footer_.tombstones.present() ? "" : "no ",
                           "range tombstones, the manifest says otherwise");
  }
  return absl::OkStatus();
}

absl::Status TableFile::ReadRaw(uint64_t offset, absl::Span<char> out) const {
  return TableError(file_->Read(offset, out), path_);
}

absl::Status TableFile::ReadBlock(const BlockHandle& handle, absl::Span<char> out) const {
  AETERNUS_RETURN_IF_ERROR(ReadRaw(handle.offset, out));
  return CheckBlock(handle, {out.data(), out.size()});
}

absl::StatusOr<std::string> TableFile::ReadBlock(const BlockHandle& handle) const {
  std::string bytes(handle.size_with_trailer(), '\0');
  AETERNUS_RETURN_IF_ERROR(ReadBlock(handle, absl::MakeSpan(bytes)));
  bytes.resize(handle.stored_size);
  return bytes;
}

}  // namespace aeternus::sstable
