// The tables of a database at one moment. Immutable and shared: a reader, a plan and the manifest may hold the same
// one.
#ifndef AETERNUS_MANIFEST_VERSION_H_
#define AETERNUS_MANIFEST_VERSION_H_

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "base/types.h"
#include "manifest/table_metadata.h"
#include "manifest/version_edit.h"

namespace aeternus {

class Version {
 public:
  using TablePtr = std::shared_ptr<const TableMetadata>;

  Version() = default;
  // This version with `edit` applied: a snapshot replaces everything, any other edit first removes and then adds.
  // FailedPrecondition when a removed table is not live or an added one is already. O(n + m log n) for n tables and m
  // that are added or removed.
  absl::StatusOr<std::shared_ptr<const Version>> Apply(const VersionEdit& edit) const;

  // By descending max LSN (then number): the order in which point reads visit them.
  absl::Span<const TablePtr> tables() const { return tables_; }
  // The table with that number, or nullptr. O(log n).
  TablePtr Find(FileNumber number) const;
  uint64_t total_bytes() const;
  Lsn max_lsn() const;  // of all tables; kMinLsn when there are none

 private:
  absl::Status Remove(std::vector<FileNumber> numbers);
  absl::Status Add(const std::vector<TableMetadata>& added);

  std::vector<TablePtr> tables_;
  std::vector<TablePtr> by_number_;  // the same, ascending
};

}  // namespace aeternus

#endif  // AETERNUS_MANIFEST_VERSION_H_
