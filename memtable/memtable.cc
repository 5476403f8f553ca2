#include "memtable/memtable.h"

#include <atomic>
#include <cstddef>
#include <string>
#include <utility>

#include "absl/log/check.h"
#include "iterator/window_buffer.h"
#include "memtable/arena.h"
#include "memtable/entry_tree.h"
#include "memtable/range_tombstone_set.h"

namespace aeternus {
namespace {

// Shows windows that are stretches of a leaf. The first one after a seek is short, for who seeks often wants few
// entries.
class MemtableIterator final : public EntryIterator {
 public:
  explicit MemtableIterator(const EntryTree* tree) : cursor_(tree) {}

  void SeekToFirst() override {
    cursor_.SeekToFirst();
    ShowAhead(kFirstWindowSize);
  }
  void SeekToLast() override {
    cursor_.SeekToLast();
    ShowBehind(kFirstWindowSize);
  }
  void Seek(std::string_view key, Lsn lsn) override {
    cursor_.Seek(key, lsn);
    ShowAhead(kFirstWindowSize);
  }
  void SeekBefore(std::string_view key) override {
    cursor_.SeekBefore(key, kMaxLsn);
    ShowBehind(kFirstWindowSize);
  }
  void NextWindow() override {
    cursor_.MoveInLeaf(window_end() - window_begin() - 1);
    cursor_.Next();
    ShowAhead(kWindowMax);
  }
  void PrevWindow() override {
    cursor_.Prev();
    ShowBehind(kWindowMax);
  }

 private:
  static constexpr size_t kFirstWindowSize = 4;

  // Windows from the cursor's entry on, or up to it. They leave the cursor on their first entry.
  void ShowAhead(size_t max) {
    if (!cursor_.valid()) return SetEnd();
    EntryView* const begin = entries_.begin();
    SetWindow(begin, begin, begin + cursor_.TakeAhead(begin, max));
  }
  void ShowBehind(size_t max) {
    if (!cursor_.valid()) return SetEnd();
    EntryView* const end = entries_.end();
    const size_t n = cursor_.TakeBehind(end, max);
    cursor_.MoveInLeaf(1 - static_cast<ptrdiff_t>(n));
    SetWindow(end - n, end - 1, end);
  }

  EntryTree::Cursor cursor_;
  WindowBuffer<EntryView, kWindowMax> entries_;
};

}  // namespace

struct Memtable::Impl {
  // The counters are for others to look at; what publishes an entry is its link.
  void Count(size_t bytes, Lsn lsn) {
    DCHECK_GT(lsn.value, last_lsn.load(std::memory_order_relaxed)) << "LSNs ascend";
    entry_bytes.fetch_add(bytes + kEntryOverheadBytes, std::memory_order_relaxed);
    entry_count.fetch_add(1, std::memory_order_relaxed);
    last_lsn.store(lsn.value, std::memory_order_relaxed);
  }

  Arena arena;
  EntryTree points{&arena};
  RangeTombstoneSet range_tombstones;
  std::atomic<size_t> entry_bytes{0};
  std::atomic<uint64_t> entry_count{0};  // points and range tombstones
  std::atomic<uint64_t> range_count{0};
  std::atomic<uint64_t> last_lsn{0};
};

Memtable::Memtable() : impl_(std::make_unique<Impl>()) {}

Memtable::~Memtable() = default;

void Memtable::Put(std::string_view key, Lsn lsn, std::string_view value) {
  impl_->points.Insert({key, lsn, EntryKind::kPut, value});
  impl_->Count(key.size() + value.size(), lsn);
}

void Memtable::Delete(std::string_view key, Lsn lsn) {
  impl_->points.Insert({key, lsn, EntryKind::kDelete, ""});
  impl_->Count(key.size(), lsn);
}

void Memtable::DeleteRange(std::string_view start, std::optional<std::string_view> end, Lsn lsn) {
  impl_->range_tombstones.Add(start, end, lsn);
  impl_->range_count.fetch_add(1, std::memory_order_relaxed);
  impl_->Count(start.size() + (end.has_value() ? end->size() : 0), lsn);
}

std::optional<Memtable::Version> Memtable::Find(std::string_view key, Lsn snapshot) const {
  const std::optional<EntryView> entry = impl_->points.FindAtOrAfter(key, snapshot);
  if (!entry.has_value() || entry->key != key) return std::nullopt;
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

std::unique_ptr<EntryIterator> Memtable::NewIterator() const {
  return std::make_unique<MemtableIterator>(&impl_->points);
}

bool Memtable::empty() const { return entry_count() == 0; }

size_t Memtable::entry_bytes() const { return impl_->entry_bytes.load(std::memory_order_relaxed); }

size_t Memtable::memory_bytes() const { return impl_->arena.memory_bytes() + impl_->range_tombstones.memory_bytes(); }

uint64_t Memtable::entry_count() const { return impl_->entry_count.load(std::memory_order_relaxed); }

uint64_t Memtable::point_count() const { return entry_count() - impl_->range_count.load(std::memory_order_relaxed); }

Lsn Memtable::last_lsn() const { return Lsn(impl_->last_lsn.load(std::memory_order_relaxed)); }

}  // namespace aeternus
