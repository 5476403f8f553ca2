#include "manifest/sorted_runs.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <queue>
#include <string_view>

#include "base/key_order.h"
#include "manifest/table_metadata.h"

namespace aeternus {
namespace {

using TablePtr = Version::TablePtr;

// Whether `table` lies below `start` as a whole. A key that both may hold keeps two tables apart.
bool EndsBefore(const TableMetadata& table, std::string_view start) {
  if (!table.largest.has_value()) return false;
  const int c = CompareKeys(*table.largest, start);
  return table.largest_is_exclusive ? c <= 0 : c < 0;
}

bool EndsLater(const TableMetadata& a, const TableMetadata& b) {
  if (!a.largest.has_value() || !b.largest.has_value()) return b.largest.has_value();
  const int c = CompareKeys(*a.largest, *b.largest);
  return c != 0 ? c > 0 : b.largest_is_exclusive && !a.largest_is_exclusive;
}

std::vector<size_t> ByStart(absl::Span<const TablePtr> tables) {
  std::vector<size_t> order(tables.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return CompareKeys(tables[a]->smallest, tables[b]->smallest) < 0; });
  return order;
}

}  // namespace

std::vector<std::vector<size_t>> SortedRuns(absl::Span<const TablePtr> tables) {
  std::vector<std::vector<size_t>> runs;
  const auto last_of = [&](size_t run) -> const TableMetadata& { return *tables[runs[run].back()]; };
  // The run that ends first on top.
  const auto ends_later = [&](size_t a, size_t b) { return EndsLater(last_of(a), last_of(b)); };
  std::priority_queue<size_t, std::vector<size_t>, decltype(ends_later)> by_end(ends_later);
  for (const size_t table : ByStart(tables)) {
    size_t run = runs.size();
    if (!by_end.empty() && EndsBefore(last_of(by_end.top()), tables[table]->smallest)) {
      run = by_end.top();
      by_end.pop();
    } else {
      runs.emplace_back();
    }
    runs[run].push_back(table);
    by_end.push(run);
  }
  return runs;
}

std::vector<size_t> TablesThatOverlap(absl::Span<const TablePtr> tables) {
  std::vector<bool> overlaps(tables.size());
  std::optional<size_t> last;  // of those before, the one that ends last: if any of them overlaps the next, it does
  for (const size_t table : ByStart(tables)) {
    if (last.has_value() && !EndsBefore(*tables[*last], tables[table]->smallest)) {
      overlaps[*last] = overlaps[table] = true;
    }
    if (!last.has_value() || EndsLater(*tables[table], *tables[*last])) last = table;
  }
  std::vector<size_t> places;
  for (size_t i = 0; i < tables.size(); ++i) {
    if (overlaps[i]) places.push_back(i);
  }
  return places;
}

}  // namespace aeternus
