#include "memtable/range_tombstone_set.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/types/span.h"

namespace aeternus {
namespace {

size_t MemoryBytes(const RangeTombstone& tombstone) {
  return tombstone.start.capacity() + (tombstone.end.has_value() ? tombstone.end->capacity() : 0);
}

std::shared_ptr<const FragmentedTombstones> Fragment(absl::Span<const RangeTombstone> tombstones) {
  return std::make_shared<const FragmentedTombstones>(
      FragmentedTombstones::Build({tombstones.begin(), tombstones.end()}));
}

std::shared_ptr<const FragmentedTombstones> MergeAll(
    absl::Span<const std::shared_ptr<const FragmentedTombstones>> parts) {
  std::vector<const FragmentedTombstones*> pointers;
  for (const auto& part : parts) pointers.push_back(part.get());
  return std::make_shared<const FragmentedTombstones>(FragmentedTombstones::Merge(pointers));
}

}  // namespace

struct RangeTombstoneSet::Generation {
  std::vector<Run> runs;  // each larger than the next
  std::array<RangeTombstone, kTailSize> tail_slots;
  // Slots below it are filled and do not change any more; stored with release after the slot.
  std::atomic<size_t> tail_count{0};

  absl::Span<const RangeTombstone> tail() const {
    return absl::MakeConstSpan(tail_slots).first(tail_count.load(std::memory_order_acquire));
  }
  std::vector<std::shared_ptr<const FragmentedTombstones>> Layers() const {
    std::vector<std::shared_ptr<const FragmentedTombstones>> layers;
    for (const Run& run : runs) layers.push_back(run.fragments);
    if (!tail().empty()) layers.push_back(Fragment(tail()));
    // Empty ranges leave nothing behind.
    std::erase_if(layers, [](const auto& layer) { return layer->empty(); });
    return layers;
  }
};

RangeTombstoneSet::RangeTombstoneSet() : merged_(std::make_shared<const FragmentedTombstones>()) {}

RangeTombstoneSet::~RangeTombstoneSet() = default;

std::shared_ptr<const RangeTombstoneSet::Generation> RangeTombstoneSet::Current() const {
  env::MutexLock lock(&mu_);
  return current_;
}

std::shared_ptr<RangeTombstoneSet::Generation> RangeTombstoneSet::Fold(const Generation& full) const {
  auto next = std::make_shared<Generation>();
  next->runs = full.runs;
  Run newest{full.tail().size(), Fragment(full.tail())};
  while (!next->runs.empty() && next->runs.back().tombstone_count <= newest.tombstone_count) {
    const Run& last = next->runs.back();
    newest = Run{last.tombstone_count + newest.tombstone_count, MergeAll({last.fragments, newest.fragments})};
    next->runs.pop_back();
  }
  next->runs.push_back(std::move(newest));
  return next;
}

void RangeTombstoneSet::Add(RangeTombstone tombstone) {
  std::shared_ptr<Generation> generation;
  {
    env::MutexLock lock(&mu_);
    if (current_ == nullptr) {
      current_ = std::make_shared<Generation>();
      memory_bytes_.store(sizeof(Generation), std::memory_order_relaxed);
    }
    generation = current_;
  }
  const size_t slot = generation->tail_count.load(std::memory_order_relaxed);
  memory_bytes_.fetch_add(MemoryBytes(tombstone), std::memory_order_relaxed);
  generation->tail_slots[slot] = std::move(tombstone);
  generation->tail_count.store(slot + 1, std::memory_order_release);
  count_.fetch_add(1, std::memory_order_release);
  if (slot + 1 < kTailSize) return;

  std::shared_ptr<Generation> folded = Fold(*generation);
  size_t memory_bytes = sizeof(Generation);
  for (const Run& run : folded->runs) memory_bytes += sizeof(Run) + run.fragments->memory_bytes();
  memory_bytes_.store(memory_bytes, std::memory_order_relaxed);
  env::MutexLock lock(&mu_);
  current_ = std::move(folded);
}

Lsn RangeTombstoneSet::MaxCovering(std::string_view key, Lsn snapshot) const {
  if (empty()) return kMinLsn;
  const std::shared_ptr<const Generation> generation = Current();
  Lsn max = kMinLsn;
  for (const Run& run : generation->runs) max = std::max(max, run.fragments->MaxCovering(key, snapshot));
  for (const RangeTombstone& tombstone : generation->tail()) {
    if (tombstone.lsn > max && tombstone.lsn <= snapshot && tombstone.Covers(key)) max = tombstone.lsn;
  }
  return max;
}

std::shared_ptr<const FragmentedTombstones> RangeTombstoneSet::Merged() const {
  const uint64_t count = count_.load(std::memory_order_acquire);
  std::shared_ptr<const Generation> generation;
  {
    env::MutexLock lock(&mu_);
    if (merged_count_ == count) return merged_;
    generation = current_;
  }
  // The generation was read after the count: it holds at least as many.
  std::shared_ptr<const FragmentedTombstones> merged = MergeAll(generation->Layers());
  env::MutexLock lock(&mu_);
  if (count > merged_count_) {
    merged_ = merged;
    merged_count_ = count;
  }
  return merged;
}

std::vector<std::shared_ptr<const FragmentedTombstones>> RangeTombstoneSet::Layers() const {
  if (empty()) return {};
  return Current()->Layers();
}

}  // namespace aeternus
