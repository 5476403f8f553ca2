#include "tools/table_dump.h"

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "base/entry.h"
#include "base/status.h"
#include "cache/frame_cache.h"
#include "iterator/entry_iterator.h"
#include "iterator/fragmented_tombstones.h"
#include "sstable/format.h"
#include "sstable/properties.h"
#include "sstable/table.h"
#include "tools/frame_dump.h"
#include "tools/text.h"
#include "tools/units.h"

namespace aeternus::tools {
namespace {

using Emit = absl::FunctionRef<absl::Status(std::string_view)>;

constexpr size_t kCacheBytes = size_t{8} << 20;

// The footer says which table this is, before a Table can be opened as that.
absl::StatusOr<sstable::Footer> ReadFooter(env::FileSystem* file_system, const std::string& path, uint64_t size) {
  if (size < sstable::kFooterSizeBytes) {
    return CorruptionError(path, 0, "the file has ", size, " bytes, a footer alone has ", sstable::kFooterSizeBytes);
  }
  AETERNUS_ASSIGN_OR_RETURN(const std::unique_ptr<env::RandomAccessFile> file, file_system->NewRandomAccessFile(path));
  std::string bytes(sstable::kFooterSizeBytes, '\0');
  AETERNUS_RETURN_IF_ERROR(file->Read(size - bytes.size(), absl::MakeSpan(bytes.data(), bytes.size())));
  return sstable::DecodeFooter(bytes, path, size);
}

absl::Status DumpProperties(sstable::Table& table, Emit emit) {
  AETERNUS_ASSIGN_OR_RETURN(const sstable::Properties properties, table.ReadProperties());
  for (const auto& [name, value] : properties) {
    const bool is_text = name == sstable::kWriterProperty || name == sstable::kCodecProperty ||
                         name == sstable::kFilterProperty || name == sstable::kHashProperty;
    const absl::StatusOr<uint64_t> number = sstable::ReadNumberProperty(properties, name, table.path());
    AETERNUS_RETURN_IF_ERROR(
        emit(absl::StrCat("property ", name, " = ", is_text || !number.ok() ? Quote(value) : absl::StrCat(*number))));
  }
  return absl::OkStatus();
}

absl::Status DumpTombstones(sstable::Table& table, Emit emit) {
  AETERNUS_ASSIGN_OR_RETURN(const std::shared_ptr<const FragmentedTombstones> tombstones, table.RangeTombstones());
  for (const RangeTombstone& tombstone : tombstones->ToTombstones()) {
    AETERNUS_RETURN_IF_ERROR(
        emit(absl::StrCat("LSN ", tombstone.lsn.value, " delete range [", Quote(tombstone.start), ", ",
                          tombstone.end.has_value() ? Quote(*tombstone.end) : "unbounded", ")")));
  }
  return absl::OkStatus();
}

absl::Status DumpEntries(sstable::Table& table, Emit emit) {
  const std::unique_ptr<EntryIterator> it = table.NewIterator();
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    const EntryView& entry = it->entry();
    std::string line = absl::StrCat("LSN ", entry.lsn.value, " ");
    if (entry.kind == EntryKind::kPut) {
      absl::StrAppend(&line, "put ", Quote(entry.key), " = ", Quote(entry.value), " (", FormatBytes(entry.value.size()),
                      ")");
    } else {
      absl::StrAppend(&line, "delete ", Quote(entry.key));
    }
    AETERNUS_RETURN_IF_ERROR(emit(line));
  }
  return it->status();
}

}  // namespace

absl::Status DumpTable(env::FileSystem* file_system, const std::string& path, Emit emit) {
  AETERNUS_ASSIGN_OR_RETURN(const uint64_t size, file_system->FileSize(path));
  AETERNUS_ASSIGN_OR_RETURN(const sstable::Footer footer, ReadFooter(file_system, path, size));
  AETERNUS_RETURN_IF_ERROR(emit(
      absl::StrCat(FormatIdentity(footer.identity), ", ", size, " bytes, ", footer.data_block_count, " data blocks")));
  MemoryBudget budget(kCacheBytes);
  FrameCache cache(&budget);
  const std::shared_ptr<sstable::Table> table =
      sstable::Table::Open({.file_system = file_system,
                            .path = path,
                            .database_id = footer.identity.database_id,
                            .number = footer.identity.number,
                            .size_bytes = size,
                            .has_range_tombstones = footer.tombstones.present(),
                            .cache = &cache});
  AETERNUS_RETURN_IF_ERROR(DumpProperties(*table, emit));
  AETERNUS_RETURN_IF_ERROR(DumpTombstones(*table, emit));
  return DumpEntries(*table, emit);
}

}  // namespace aeternus::tools
