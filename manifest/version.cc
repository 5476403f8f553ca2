#include "manifest/version.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/planted_bug.h"
#include "base/status.h"

namespace aeternus {
namespace {

bool ComesBefore(const Version::TablePtr& a, const Version::TablePtr& b) {
  const bool by_number = IsPlanted(PlantedBug::kAgeByTableNumber);
  if (a->max_lsn() != b->max_lsn() && !by_number) return a->max_lsn() > b->max_lsn();
  return a->number > b->number;  // only tables without entries tie; any fixed order will do
}

bool HasSmallerNumber(const Version::TablePtr& a, const Version::TablePtr& b) { return a->number < b->number; }

// Sorts what stands behind the first `sorted` tables into them.
template <typename Order>
void SortIn(size_t sorted, Order order, std::vector<Version::TablePtr>* tables) {
  const auto middle = tables->begin() + static_cast<std::ptrdiff_t>(sorted);
  std::sort(middle, tables->end(), order);
  std::inplace_merge(tables->begin(), middle, tables->end(), order);
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Version>> Version::Apply(const VersionEdit& edit) const {
  auto next = std::make_shared<Version>();
  if (!edit.is_snapshot) *next = *this;
  AETERNUS_RETURN_IF_ERROR(next->Remove(edit.removed_tables));
  AETERNUS_RETURN_IF_ERROR(next->Add(edit.added_tables));
  return next;
}

absl::Status Version::Remove(std::vector<FileNumber> numbers) {
  if (numbers.empty()) return absl::OkStatus();
  std::sort(numbers.begin(), numbers.end());
  for (size_t i = 0; i < numbers.size(); ++i) {
    if (Find(numbers[i]) == nullptr || (i > 0 && numbers[i] == numbers[i - 1])) {
      return absl::FailedPreconditionError(absl::StrCat("table ", numbers[i], " is to be removed and is not live"));
    }
  }
  const auto is_removed = [&numbers](const TablePtr& table) {
    return std::binary_search(numbers.begin(), numbers.end(), table->number);
  };
  std::erase_if(tables_, is_removed);
  std::erase_if(by_number_, is_removed);
  return absl::OkStatus();
}

absl::Status Version::Add(const std::vector<TableMetadata>& added) {
  const size_t old_count = tables_.size();
  for (const TableMetadata& table : added) tables_.push_back(std::make_shared<const TableMetadata>(table));
  by_number_.insert(by_number_.end(), tables_.begin() + static_cast<std::ptrdiff_t>(old_count), tables_.end());
  SortIn(old_count, ComesBefore, &tables_);
  SortIn(old_count, HasSmallerNumber, &by_number_);
  const auto twice = std::adjacent_find(by_number_.begin(), by_number_.end(),
                                        [](const TablePtr& a, const TablePtr& b) { return a->number == b->number; });
  if (twice == by_number_.end()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("table ", (*twice)->number, " is to be added and is live already"));
}

Version::TablePtr Version::Find(FileNumber number) const {
  const auto at = std::partition_point(by_number_.begin(), by_number_.end(),
                                       [number](const TablePtr& table) { return table->number < number; });
  return at != by_number_.end() && (*at)->number == number ? *at : nullptr;
}

uint64_t Version::total_bytes() const {
  return std::accumulate(tables_.begin(), tables_.end(), uint64_t{0},
                         [](uint64_t sum, const TablePtr& table) { return sum + table->size_bytes; });
}

Lsn Version::max_lsn() const { return tables_.empty() ? kMinLsn : tables_.front()->max_lsn(); }

}  // namespace aeternus
