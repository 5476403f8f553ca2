#include "memtable/memtable.h"

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "absl/log/check.h"
#include "base/hash.h"
#include "bloom/concurrent_filter.h"
#include "memtable/arena.h"
#include "memtable/entry_tree.h"
#include "memtable/range_tombstone_set.h"

namespace aeternus {

namespace {
// By then the size of an entry can be guessed; a search of so few is as fast as a filter, and to add them all to one
// takes a moment (50 us).
constexpr uint64_t kPointsBeforeFilter = 1024;
}  // namespace

struct Memtable::Impl {
  Impl(env::HugeBlockPool* pool, size_t expected_bytes) : expected_bytes(expected_bytes), arena(pool) {}

  void Insert(const EntryView& entry) {
    // Before the entry is published, so that whoever may look for it is told that it may be here.
    if (filter != nullptr) filter->Add(StableHash(entry.key));
    points.Insert(entry);
    Count(entry.key.size() + entry.value.size(), entry.lsn);
    if (entry_count.load(std::memory_order_relaxed) - range_count.load(std::memory_order_relaxed) ==
        kPointsBeforeFilter) {
      MakeFilter();
    }
  }
  void MakeFilter() {
    const size_t points_expected = expected_bytes / (entry_bytes.load(std::memory_order_relaxed) / kPointsBeforeFilter);
    if (points_expected <= 2 * kPointsBeforeFilter) return;
    filter = std::make_unique<bloom::ConcurrentFilter>(points_expected);
    EntryTree::Cursor cursor(&points);
    for (cursor.SeekToFirst(); cursor.valid(); cursor.Next()) filter->Add(StableHash(cursor.key()));
    readers_filter.store(filter.get(), std::memory_order_release);
  }

  // The counters are for others to look at; what publishes an entry is its link.
  void Count(size_t bytes, Lsn lsn) {
    DCHECK_GT(lsn.value, last_lsn.load(std::memory_order_relaxed)) << "LSNs ascend";
    Add(bytes + kEntryOverheadBytes, &entry_bytes);
    Add(uint64_t{1}, &entry_count);
    last_lsn.store(lsn.value, std::memory_order_relaxed);
  }
  // There is one writer: nothing has to be locked.
  template <typename T>
  static void Add(T n, std::atomic<T>* sum) {
    sum->store(sum->load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }

  const size_t expected_bytes;
  Arena arena;
  EntryTree points{&arena};
  std::unique_ptr<bloom::ConcurrentFilter> filter;  // the writer's
  std::atomic<const bloom::ConcurrentFilter*> readers_filter{nullptr};
  RangeTombstoneSet range_tombstones;
  std::atomic<size_t> entry_bytes{0};
  std::atomic<uint64_t> entry_count{0};  // points and range tombstones
  std::atomic<uint64_t> range_count{0};
  std::atomic<uint64_t> last_lsn{0};
};

Memtable::Memtable(env::HugeBlockPool* pool, size_t expected_bytes)
    : impl_(std::make_unique<Impl>(pool, expected_bytes)) {}

Memtable::~Memtable() = default;

void Memtable::Expect(std::string_view key) {
  if (impl_->filter != nullptr) impl_->filter->Expect(StableHash(key));
  impl_->points.Expect(key);
}

void Memtable::Put(std::string_view key, Lsn lsn, std::string_view value) {
  impl_->Insert({key, lsn, EntryKind::kPut, value});
}

void Memtable::Delete(std::string_view key, Lsn lsn) { impl_->Insert({key, lsn, EntryKind::kDelete, ""}); }

void Memtable::DeleteRange(std::string_view start, std::optional<std::string_view> end, Lsn lsn) {
  impl_->range_tombstones.Add(start, end, lsn);
  Impl::Add(uint64_t{1}, &impl_->range_count);
  impl_->Count(start.size() + (end.has_value() ? end->size() : 0), lsn);
}

struct Memtable::Loader::Impl {
  explicit Impl(Memtable* memtable) : memtable(memtable), points(&memtable->impl_->points) {}

  Memtable* const memtable;
  EntryTree::Loader points;
};

Memtable::Loader::Loader(Memtable* memtable) : impl_(std::make_unique<Impl>(memtable)) {}

Memtable::Loader::~Loader() = default;

void Memtable::Loader::Put(std::string_view key, Lsn lsn, std::string_view value) {
  impl_->points.Add({key, lsn, EntryKind::kPut, value});
  impl_->memtable->impl_->Count(key.size() + value.size(), lsn);
}

void Memtable::Loader::Delete(std::string_view key, Lsn lsn) {
  impl_->points.Add({key, lsn, EntryKind::kDelete, ""});
  impl_->memtable->impl_->Count(key.size(), lsn);
}

void Memtable::Loader::DeleteRange(std::string_view start, std::optional<std::string_view> end, Lsn lsn) {
  impl_->memtable->DeleteRange(start, end, lsn);
}

void Memtable::Loader::Finish() { impl_->points.Finish(); }

bool Memtable::MayContain(uint64_t hash) const {
  const bloom::ConcurrentFilter* const filter = impl_->readers_filter.load(std::memory_order_acquire);
  return filter == nullptr || filter->MayContain(hash);
}

std::optional<Memtable::Version> Memtable::Find(std::string_view key, Lsn snapshot) const {
  const std::optional<EntryView> entry = impl_->points.Find(key, snapshot);
  if (!entry.has_value()) return std::nullopt;
  return Version{entry->lsn, entry->kind, entry->value};
}

Lsn Memtable::MaxCoveringTombstone(std::string_view key, Lsn snapshot) const {
  return impl_->range_tombstones.MaxCovering(key, snapshot);
}

bool Memtable::has_range_tombstones() const { return !impl_->range_tombstones.empty(); }

std::shared_ptr<const FragmentedTombstones> Memtable::range_tombstones() const {
  return impl_->range_tombstones.Merged();
}

std::vector<std::shared_ptr<const FragmentedTombstones>> Memtable::range_tombstone_layers() const {
  return impl_->range_tombstones.Layers();
}

std::unique_ptr<SnapshotIterator> Memtable::NewIterator(Lsn snapshot) const {
  return std::make_unique<SnapshotIterator>(&impl_->points, snapshot);
}

std::unique_ptr<EntryIterator> Memtable::NewHistoryIterator() const {
  return std::make_unique<HistoryIterator>(&impl_->points);
}

bool Memtable::empty() const { return entry_count() == 0; }

size_t Memtable::entry_bytes() const { return impl_->entry_bytes.load(std::memory_order_relaxed); }

size_t Memtable::memory_bytes() const {
  const bloom::ConcurrentFilter* const filter = impl_->readers_filter.load(std::memory_order_acquire);
  return impl_->arena.memory_bytes() + impl_->range_tombstones.memory_bytes() +
         (filter != nullptr ? filter->memory_bytes() : 0);
}

uint64_t Memtable::entry_count() const { return impl_->entry_count.load(std::memory_order_relaxed); }

uint64_t Memtable::point_count() const { return entry_count() - impl_->range_count.load(std::memory_order_relaxed); }

Lsn Memtable::last_lsn() const { return Lsn(impl_->last_lsn.load(std::memory_order_relaxed)); }

}  // namespace aeternus
