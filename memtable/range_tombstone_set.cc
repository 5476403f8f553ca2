#include "memtable/range_tombstone_set.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "absl/types/span.h"

namespace aeternus {
namespace {

constexpr uint64_t kLogBlockSize = 64;
static_assert(kLogBlockSize % RangeTombstoneSet::kTailSize == 0);

std::shared_ptr<const FragmentedTombstones> MergeAll(
    absl::Span<const std::shared_ptr<const FragmentedTombstones>> parts) {
  std::vector<const FragmentedTombstones*> pointers;
  for (const auto& part : parts) pointers.push_back(part.get());
  return std::make_shared<const FragmentedTombstones>(FragmentedTombstones::Merge(pointers));
}

std::shared_ptr<const FragmentedTombstones> Fragment(std::vector<RangeTombstone> tombstones) {
  return std::make_shared<const FragmentedTombstones>(FragmentedTombstones::Build(std::move(tombstones)));
}

}  // namespace

struct RangeTombstoneSet::LogBlock {
  // Each destroys the next one in turn: not by a recursion as deep as there are blocks.
  ~LogBlock() {
    while (next != nullptr) next = std::move(next->next);
  }

  std::array<LogEntry, kLogBlockSize> entries;
  std::unique_ptr<LogBlock> next;  // there before an entry of it counts
};

RangeTombstoneSet::RangeTombstoneSet() : merged_(std::make_shared<const FragmentedTombstones>()) {}

RangeTombstoneSet::~RangeTombstoneSet() = default;

void RangeTombstoneSet::Add(std::string_view start, std::optional<std::string_view> end, Lsn lsn) {
  // An empty range covers nothing, and leaves nothing behind.
  if (!end.has_value() || start < *end) {
    const uint64_t slot = logged_.load(std::memory_order_relaxed);
    if (slot % kLogBlockSize == 0) {
      std::unique_ptr<LogBlock>& next = slot == 0 ? log_ : log_end_->next;
      next = std::make_unique<LogBlock>();
      log_end_ = next.get();
      log_bytes_.fetch_add(sizeof(LogBlock), std::memory_order_relaxed);
    }
    log_end_->entries[slot % kLogBlockSize] = {map_.Add(start, end, lsn), lsn};
    logged_.store(slot + 1, std::memory_order_release);
  }
  is_used_.store(true, std::memory_order_release);
}

std::shared_ptr<const FragmentedTombstones> RangeTombstoneSet::Merged() const {
  env::MutexLock lock(&mu_);
  Fold();
  const uint64_t count = std::max(folded_, tail_end_);
  if (merged_count_ != count) {
    merged_ = MergeAll(LayersLocked());
    merged_count_ = count;
  }
  return merged_;
}

std::vector<std::shared_ptr<const FragmentedTombstones>> RangeTombstoneSet::Layers() const {
  if (empty()) return {};
  env::MutexLock lock(&mu_);
  Fold();
  return LayersLocked();
}

std::vector<RangeTombstoneSet::Fragments> RangeTombstoneSet::LayersLocked() const {
  std::vector<Fragments> layers;
  for (const Run& run : runs_) layers.push_back(run.fragments);
  if (tail_ != nullptr) layers.push_back(tail_);
  return layers;
}

void RangeTombstoneSet::Fold() const {
  const uint64_t count = logged_.load(std::memory_order_acquire);
  if (count == std::max(folded_, tail_end_)) return;
  const uint64_t whole = count - count % kTailSize;
  if (whole > folded_) {
    Run newest{whole - folded_, Fragment(Logged(folded_, whole, &folded_block_))};
    while (!runs_.empty() && runs_.back().tombstone_count <= newest.tombstone_count) {
      const Run& last = runs_.back();
      newest = Run{last.tombstone_count + newest.tombstone_count, MergeAll({last.fragments, newest.fragments})};
      runs_.pop_back();
    }
    runs_.push_back(std::move(newest));
    folded_ = whole;
  }
  const LogBlock* block = folded_block_;
  tail_ = count > folded_ ? Fragment(Logged(folded_, count, &block)) : nullptr;
  tail_end_ = count;
  size_t bytes = tail_ == nullptr ? 0 : tail_->memory_bytes();
  for (const Run& run : runs_) bytes += sizeof(Run) + run.fragments->memory_bytes();
  fragment_bytes_.store(bytes, std::memory_order_relaxed);
}

std::vector<RangeTombstone> RangeTombstoneSet::Logged(uint64_t begin, uint64_t end, const LogBlock** block) const {
  std::vector<RangeTombstone> tombstones;
  tombstones.reserve(end - begin);
  for (uint64_t i = begin; i < end; ++i) {
    if (i % kLogBlockSize == 0) *block = *block == nullptr ? log_.get() : (*block)->next.get();
    const LogEntry& entry = (*block)->entries[i % kLogBlockSize];
    RangeTombstone& tombstone = tombstones.emplace_back();
    tombstone.start = entry.bounds.start;
    if (entry.bounds.end.has_value()) tombstone.end.emplace(*entry.bounds.end);
    tombstone.lsn = entry.lsn;
  }
  return tombstones;
}

}  // namespace aeternus
