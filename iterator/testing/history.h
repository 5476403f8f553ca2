// What was written, in order, and the slow, obvious answer to what a reader sees of it: the model that iterators,
// memtables and merges are compared with.
//
//   History history = RandomHistory(&random, /*operations=*/50, /*keys=*/10);
//   std::map<std::string, std::string> expected = history.VisibleAt(Lsn(30));
#ifndef AETERNUS_ITERATOR_TESTING_HISTORY_H_
#define AETERNUS_ITERATOR_TESTING_HISTORY_H_

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/entry.h"
#include "base/types.h"
#include "iterator/testing/random.h"
#include "iterator/testing/vector_iterator.h"

namespace aeternus::testing {

// A put, a delete, or a range delete of [key, end).
struct Operation {
  Lsn lsn;
  EntryKind kind;
  std::string key;
  std::string value;
  std::optional<std::string> end;
};

struct History {
  std::vector<Operation> operations;  // by ascending LSN

  // The keys and values that a reader sees at `snapshot`: everything replayed, one operation after the other.
  std::map<std::string, std::string> VisibleAt(Lsn snapshot) const {
    std::map<std::string, std::string> visible;
    for (const Operation& operation : operations) {
      if (operation.lsn > snapshot) break;
      if (operation.kind == EntryKind::kPut) {
        visible[operation.key] = operation.value;
      } else if (operation.kind == EntryKind::kDelete) {
        visible.erase(operation.key);
      } else {
        const RangeTombstone range{operation.key, operation.end, operation.lsn};
        std::erase_if(visible, [&](const auto& entry) { return range.Covers(entry.first); });
      }
    }
    return visible;
  }

  // The point entries, in internal order.
  std::vector<OwnedEntry> Points() const {
    std::vector<OwnedEntry> points;
    for (const Operation& operation : operations) {
      if (operation.kind == EntryKind::kRangeDelete) continue;
      points.push_back({operation.key, operation.lsn, operation.kind, operation.value});
    }
    std::sort(points.begin(), points.end(), InternalOrder);
    return points;
  }
  std::vector<RangeTombstone> RangeTombstones() const {
    std::vector<RangeTombstone> tombstones;
    for (const Operation& operation : operations) {
      if (operation.kind != EntryKind::kRangeDelete) continue;
      tombstones.push_back({operation.key, operation.end, operation.lsn});
    }
    return tombstones;
  }
  Lsn last_lsn() const { return operations.empty() ? kMinLsn : operations.back().lsn; }
};

// "k007": all keys of a history share a prefix, as real ones do.
inline std::string HistoryKey(uint64_t n) { return absl::StrFormat("k%03d", n); }

// `count` operations with LSNs from 1 on, over `key_count` keys: mostly puts, some deletes, some range deletes.
inline History RandomHistory(Random* random, uint64_t count, uint64_t key_count) {
  History history;
  for (uint64_t lsn = 1; lsn <= count; ++lsn) {
    Operation operation{Lsn(lsn), EntryKind::kPut, HistoryKey(random->Below(key_count)), absl::StrCat("v", lsn),
                        std::nullopt};
    if (random->OneIn(4)) {
      operation.kind = EntryKind::kDelete;
      operation.value.clear();
    } else if (random->OneIn(6)) {
      operation.kind = EntryKind::kRangeDelete;
      operation.value.clear();
      if (!random->OneIn(8)) operation.end = operation.key + HistoryKey(random->Below(key_count)).substr(1);
      if (!random->OneIn(3)) operation.end = HistoryKey(random->Below(key_count));
    }
    history.operations.push_back(std::move(operation));
  }
  return history;
}

}  // namespace aeternus::testing

#endif  // AETERNUS_ITERATOR_TESTING_HISTORY_H_
