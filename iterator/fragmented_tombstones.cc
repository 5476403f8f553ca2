#include "iterator/fragmented_tombstones.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <set>
#include <utility>

namespace aeternus {
namespace {

std::atomic<uint64_t> searches{0};
std::atomic<uint64_t> fragments_compared{0};

// One end of a tombstone, met by a sweep over the keys.
struct Boundary {
  std::string_view key;
  bool opens;
  Lsn lsn;

  bool operator<(const Boundary& other) const { return key < other.key; }
};

void AppendBoundaries(std::string_view start, const std::optional<std::string>& end, Lsn lsn,
                      std::vector<Boundary>* boundaries) {
  if (end.has_value() && start >= *end) return;
  boundaries->push_back({start, /*opens=*/true, lsn});
  if (end.has_value()) boundaries->push_back({*end, /*opens=*/false, lsn});
}

// Continues the last fragment if the new one follows it without a gap and is covered by the same tombstones: the cuts
// of tombstones that were dropped since do not stay for ever.
void AppendFragment(FragmentedTombstones::Fragment fragment, std::vector<FragmentedTombstones::Fragment>* fragments) {
  if (!fragments->empty()) {
    FragmentedTombstones::Fragment& last = fragments->back();
    if (last.end == fragment.start && last.lsns == fragment.lsns) {
      last.end = std::move(fragment.end);
      return;
    }
  }
  fragments->push_back(std::move(fragment));
}

// The sweep: between two neighbouring boundaries the set of open tombstones does not change, and is one fragment.
// Linear in what it returns (which repeats an LSN in each fragment that its tombstone covers), but for the open set.
std::vector<FragmentedTombstones::Fragment> Sweep(const std::vector<Boundary>& sorted) {
  std::vector<FragmentedTombstones::Fragment> fragments;
  std::multiset<Lsn, std::greater<Lsn>> open;  // the same LSN may come from several parts
  for (size_t i = 0; i < sorted.size();) {
    const std::string_view key = sorted[i].key;
    size_t next = i;
    for (; next < sorted.size() && sorted[next].key == key; ++next) {
      if (sorted[next].opens) open.insert(sorted[next].lsn);
    }
    // Closed only now: a tombstone whose piece ends here may have been opened after its end was met.
    for (; i < next; ++i) {
      if (!sorted[i].opens) open.erase(open.find(sorted[i].lsn));
    }
    if (open.empty()) continue;
    FragmentedTombstones::Fragment fragment;
    fragment.start = key;
    if (next < sorted.size()) fragment.end = sorted[next].key;
    fragment.lsns.assign(open.begin(), open.end());
    fragment.lsns.erase(std::unique(fragment.lsns.begin(), fragment.lsns.end()), fragment.lsns.end());
    AppendFragment(std::move(fragment), &fragments);
  }
  return fragments;
}

}  // namespace

FragmentedTombstones::FragmentedTombstones(std::vector<Fragment> fragments) : fragments_(std::move(fragments)) {
  for (const Fragment& fragment : fragments_) max_lsn_ = std::max(max_lsn_, fragment.lsns.front());
}

FragmentedTombstones FragmentedTombstones::Build(std::vector<RangeTombstone> tombstones) {
  std::vector<Boundary> boundaries;
  boundaries.reserve(2 * tombstones.size());
  for (const RangeTombstone& tombstone : tombstones) {
    AppendBoundaries(tombstone.start, tombstone.end, tombstone.lsn, &boundaries);
  }
  std::sort(boundaries.begin(), boundaries.end());
  return FragmentedTombstones(Sweep(boundaries));
}

FragmentedTombstones FragmentedTombstones::Merge(absl::Span<const FragmentedTombstones* const> parts) {
  std::vector<Boundary> boundaries;
  for (const FragmentedTombstones* part : parts) {
    // The boundaries of one part come out sorted, so that a merge of two parts is linear.
    const auto middle = static_cast<std::ptrdiff_t>(boundaries.size());
    for (const Fragment& fragment : part->fragments_) {
      for (const Lsn lsn : fragment.lsns) boundaries.push_back({fragment.start, /*opens=*/true, lsn});
      if (!fragment.end.has_value()) continue;
      for (const Lsn lsn : fragment.lsns) boundaries.push_back({*fragment.end, /*opens=*/false, lsn});
    }
    std::inplace_merge(boundaries.begin(), boundaries.begin() + middle, boundaries.end());
  }
  return FragmentedTombstones(Sweep(boundaries));
}

const FragmentedTombstones::Fragment* FragmentedTombstones::FindAtOrAfter(std::string_view key) const {
  uint64_t compared = 0;
  const auto found = std::partition_point(fragments_.begin(), fragments_.end(), [&](const Fragment& fragment) {
    ++compared;
    return fragment.end.has_value() && *fragment.end <= key;
  });
  CountTombstoneSearch(compared);
  return found == fragments_.end() ? nullptr : &*found;
}

const FragmentedTombstones::Fragment* FragmentedTombstones::Find(std::string_view key) const {
  const Fragment* fragment = FindAtOrAfter(key);
  return fragment != nullptr && fragment->start <= key ? fragment : nullptr;
}

Lsn FragmentedTombstones::MaxCovering(std::string_view key, Lsn snapshot) const {
  const Fragment* fragment = Find(key);
  return fragment == nullptr ? kMinLsn : MaxVisible(*fragment, snapshot);
}

Lsn FragmentedTombstones::MaxVisible(const Fragment& fragment, Lsn snapshot) {
  const auto found = std::lower_bound(fragment.lsns.begin(), fragment.lsns.end(), snapshot, std::greater<Lsn>());
  return found == fragment.lsns.end() ? kMinLsn : *found;
}

size_t FragmentedTombstones::memory_bytes() const {
  size_t bytes = fragments_.capacity() * sizeof(Fragment);
  for (const Fragment& fragment : fragments_) {
    bytes += fragment.start.capacity() + (fragment.end.has_value() ? fragment.end->capacity() : 0) +
             fragment.lsns.capacity() * sizeof(Lsn);
  }
  return bytes;
}

std::vector<RangeTombstone> FragmentedTombstones::ToTombstones() const {
  std::vector<RangeTombstone> tombstones;
  for (const Fragment& fragment : fragments_) {
    for (const Lsn lsn : fragment.lsns) tombstones.push_back({fragment.start, fragment.end, lsn});
  }
  return tombstones;
}

#ifndef NDEBUG
void CountTombstoneSearch(uint64_t compared) {
  searches.fetch_add(1, std::memory_order_relaxed);
  fragments_compared.fetch_add(compared, std::memory_order_relaxed);
}
#endif

TombstoneSearchCounters ReadTombstoneSearchCounters() {
  return {searches.load(std::memory_order_relaxed), fragments_compared.load(std::memory_order_relaxed)};
}

}  // namespace aeternus
