#include "memtable/tombstone_map.h"

#include "base/entry.h"
#include "iterator/fragmented_tombstones.h"

namespace aeternus {

TombstoneMap::Bounds TombstoneMap::Add(std::string_view start, std::optional<std::string_view> end, Lsn lsn) {
  if (!boundaries_.has_value()) tree_.store(&boundaries_.emplace(&arena_), std::memory_order_release);
  Bounds bounds;
  const std::optional<Version> at_start = boundaries_->ExpectBehind(start);
  bool covers_others = IsAt(start, at_start);
  bounds.start = covers_others ? at_start->view().key : Cut(start, lsn, at_start);
  if (end.has_value()) {
    const std::optional<Version> at_end = boundaries_->ExpectBehind(*end);
    covers_others |= at_end->lsn() != lsn;  // there is the one at the start at least
    if (IsAt(*end, at_end)) {
      bounds.end = at_end->view().key;
    } else {
      // What the start stands for from now on is not what is behind the end.
      const std::optional<Version> behind = at_end->lsn() == lsn ? at_end->older() : at_end;
      bounds.end = behind.has_value() ? Cut(*end, behind->lsn(), behind->older()) : Cut(*end, kMinLsn, std::nullopt);
    }
  }
  if (covers_others || !end.has_value()) boundaries_->InsertIntoEach(start, end, lsn);
  return bounds;
}

bool TombstoneMap::IsAt(std::string_view key, const std::optional<Version>& boundary) {
  return boundary.has_value() && boundary->view().key == key;
}

std::string_view TombstoneMap::Cut(std::string_view key, Lsn lsn, std::optional<Version> older) {
  if (older.has_value() && older->lsn() == kMinLsn) older.reset();
  return boundaries_->InsertSharing({key, lsn, EntryKind::kDelete, {}}, older).view().key;
}

Lsn TombstoneMap::MaxCovering(std::string_view key, Lsn snapshot) const {
  const EntryTree* const tree = tree_.load(std::memory_order_acquire);
  if (tree == nullptr) return kMinLsn;
  CountTombstoneSearch(tree->height());
  const std::optional<Version> newest = tree->FindUpTo(key);
  const auto seen = newest.has_value() ? newest->NewestUpTo(snapshot) : std::nullopt;
  return seen.has_value() ? seen->lsn() : kMinLsn;
}

}  // namespace aeternus
