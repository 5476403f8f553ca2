// A change of the database's shape, as one atomic record of the manifest, and its encoding. A snapshot is an edit like
// any other that happens to say everything; every manifest begins with one. Byte table in version_edit.cc.
#ifndef AETERNUS_MANIFEST_VERSION_EDIT_H_
#define AETERNUS_MANIFEST_VERSION_EDIT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "base/types.h"
#include "manifest/table_metadata.h"

namespace aeternus {

// Where the last recovery ended the chain of logs (docs/durability.md, "The cut"). A proof like a seal: if its last
// LSN cannot be reached while its log is live, acknowledged bytes are missing.
struct LogCut {
  FileNumber log{};             // N: frames of it at or behind `offset` are dead
  uint64_t offset_bytes = 0;    // X
  Lsn last_lsn{};               // L: the last LSN replayed
  FileNumber first_live_log{};  // M: logs strictly between N and M are dead
  friend bool operator==(const LogCut&, const LogCut&) = default;
};

// A clean close: everything up to the last LSN was on disk before this was written, and nothing came behind it. A proof
// like the cut, until the next open writes a cut of its own.
struct CleanClose {
  FileNumber log{};  // the newest log with entries; it is live, so it must exist
  Lsn last_lsn{};
  friend bool operator==(const CleanClose&, const CleanClose&) = default;
};

struct VersionEdit {
  bool is_snapshot = false;
  std::optional<std::string> key_order_name{};  // in every snapshot
  std::vector<TableMetadata> added_tables{};
  std::vector<FileNumber> removed_tables{};          // live before this edit, or the edit is refused
  std::optional<FileNumber> min_log{};               // logs below it hold nothing that the tables do not hold
  std::optional<FileNumber> reserved_numbers_end{};  // file numbers below it may have been used
  std::optional<Lsn> max_lsn{};                      // the largest LSN found anywhere when this was written
  // Everything up to it is in the tables, or was and has been compacted away: what a log may count on even when no
  // table shows it any more.
  std::optional<Lsn> flushed_lsn{};
  std::optional<LogCut> cut{};
  std::optional<CleanClose> close{};

  friend bool operator==(const VersionEdit&, const VersionEdit&) = default;
};

std::string EncodeVersionEdit(const VersionEdit& edit);
// DataLoss when damaged; Unimplemented when it holds a tag that is unknown and may not be ignored.
absl::StatusOr<VersionEdit> DecodeVersionEdit(std::string_view bytes, std::string_view file, uint64_t offset);

}  // namespace aeternus

#endif  // AETERNUS_MANIFEST_VERSION_EDIT_H_
