#include "manifest/version.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace aeternus {
namespace {

bool ComesBefore(const Version::TablePtr& a, const Version::TablePtr& b) {
  if (a->max_lsn() != b->max_lsn()) return a->max_lsn() > b->max_lsn();
  return a->number > b->number;  // only tables without entries tie; any fixed order will do
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Version>> Version::Apply(const VersionEdit& edit) const {
  auto next = std::make_shared<Version>();
  if (!edit.is_snapshot) next->tables_ = tables_;
  std::vector<TablePtr>& tables = next->tables_;
  for (const FileNumber number : edit.removed_tables) {
    const auto at =
        std::find_if(tables.begin(), tables.end(), [number](const TablePtr& table) { return table->number == number; });
    if (at == tables.end()) {
      return absl::FailedPreconditionError(absl::StrCat("table ", number, " is to be removed and is not live"));
    }
    tables.erase(at);
  }
  for (const TableMetadata& added : edit.added_tables) {
    if (next->Find(added.number) != nullptr) {
      return absl::FailedPreconditionError(absl::StrCat("table ", added.number, " is to be added and is live already"));
    }
    auto table = std::make_shared<const TableMetadata>(added);
    const auto at = std::upper_bound(tables.begin(), tables.end(), table, ComesBefore);
    tables.insert(at, std::move(table));
  }
  return next;
}

Version::TablePtr Version::Find(FileNumber number) const {
  for (const TablePtr& table : tables_) {
    if (table->number == number) return table;
  }
  return nullptr;
}

uint64_t Version::total_bytes() const {
  return std::accumulate(tables_.begin(), tables_.end(), uint64_t{0},
                         [](uint64_t sum, const TablePtr& table) { return sum + table->size_bytes; });
}

Lsn Version::max_lsn() const { return tables_.empty() ? kMinLsn : tables_.front()->max_lsn(); }

}  // namespace aeternus
