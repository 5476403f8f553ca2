#include "iterator/visible_iterator.h"

#include <utility>

#include "iterator/tombstone_cursor.h"

namespace aeternus {
namespace {

// Entries of one key that are passed one by one before a seek passes the rest.
constexpr int kStepsMax = 8;

}  // namespace

// Where the entries stand while the iterator is valid:
//   kOnEntry      on the visible version itself, whose key and value are read in place. So it is after every move
//                 forward, for the newest visible version is the first that is met.
//   kBeforeKey    before all versions of the current key, which the members key_ and value_ hold. So it is after a
//                 move backward: the newest visible version is met last, known only when the next key is met.
struct VisibleIterator::Impl {
  enum class Place { kOnEntry, kBeforeKey };

  Impl(std::unique_ptr<EntryIterator> merged, std::vector<std::shared_ptr<const FragmentedTombstones>> layers,
       Options given)
      : entries(std::move(merged)), tombstones(std::move(layers), given.snapshot), options(std::move(given)) {}

  // All return whether there is a visible entry, which then is the current one.
  bool FindForward();
  bool FindBackward();
  bool ResolveInPlace();

  void SeekForward(std::string_view target);
  void SeekBackward(const std::optional<std::string>& before);
  bool IsVisible(Lsn lsn, EntryKind kind, std::string_view of_key) {
    return kind == EntryKind::kPut && tombstones.MaxCovering(of_key) <= lsn;
  }
  bool IsBehindBounds(std::string_view k) const { return options.upper.has_value() && k >= *options.upper; }
  bool IsBeforeBounds(std::string_view k) const { return options.lower.has_value() && k < *options.lower; }

  const std::unique_ptr<EntryIterator> entries;
  TombstoneCursor tombstones;
  const Options options;
  Place place = Place::kOnEntry;
  std::string key;           // of the entries looked at last; a copy, for views die when the entries move
  std::string value;         // kBeforeKey only
  bool key_is_done = false;  // moving forward: what a reader sees of `key` is decided
};

void VisibleIterator::Impl::SeekForward(std::string_view target) {
  key_is_done = false;
  entries->Seek(target, options.snapshot);
}

void VisibleIterator::Impl::SeekBackward(const std::optional<std::string>& before) {
  if (before.has_value()) {
    entries->SeekBefore(*before);
  } else {
    entries->SeekToLast();
  }
}

// From the entry on which the entries stand. Versions of `key` are passed over if `key_is_done`.
bool VisibleIterator::Impl::FindForward() {
  place = Place::kOnEntry;
  int steps = 0;
  while (entries->Valid()) {
    const EntryView& entry = entries->entry();
    if (IsBehindBounds(entry.key)) return false;
    if (entry.key != key) {
      key = entry.key;
      key_is_done = false;
      steps = 0;
    }
    if (!key_is_done && entry.lsn <= options.snapshot) {
      key_is_done = true;
      if (IsVisible(entry.lsn, entry.kind, entry.key)) return true;
    }
    if (++steps <= kStepsMax) {
      entries->Next();
    } else {
      // No entry has LSN 0, so that behind (key, 0) the next key begins.
      entries->Seek(key, key_is_done ? kMinLsn : options.snapshot);
      steps = 0;
    }
  }
  return false;
}

// From the entry on which the entries stand, the oldest version of its key.
bool VisibleIterator::Impl::FindBackward() {
  while (entries->Valid()) {
    if (IsBeforeBounds(entries->entry().key)) return false;
    key = entries->entry().key;
    Lsn newest;  // of the versions met at or below the snapshot
    EntryKind kind = EntryKind::kInvalid;
    int steps = 0;
    while (entries->Valid() && entries->entry().key == key && steps <= kStepsMax) {
      const EntryView& entry = entries->entry();
      if (entry.lsn <= options.snapshot) {
        newest = entry.lsn;
        kind = entry.kind;
        value = entry.value;
      }
      entries->Prev();
      ++steps;
    }
    // Unread versions could be newer ones: with an error nothing is known of this key.
    if (!entries->status().ok()) return false;
    if (entries->Valid() && entries->entry().key == key) {
      if (ResolveInPlace()) return true;
      if (!entries->status().ok()) return false;
      entries->SeekBefore(key);
      continue;
    }
    if (kind != EntryKind::kInvalid && IsVisible(newest, kind, key)) {
      place = Place::kBeforeKey;
      return true;
    }
  }
  return false;
}

// Seeks the newest visible version of `key`, passing over however many there are.
bool VisibleIterator::Impl::ResolveInPlace() {
  entries->Seek(key, options.snapshot);
  if (!entries->Valid() || entries->entry().key != key) return false;
  place = Place::kOnEntry;
  key_is_done = true;
  return IsVisible(entries->entry().lsn, entries->entry().kind, key);
}

VisibleIterator::VisibleIterator(std::unique_ptr<EntryIterator> entries,
                                 std::vector<std::shared_ptr<const FragmentedTombstones>> tombstones, Options options)
    : impl_(std::make_unique<Impl>(std::move(entries), std::move(tombstones), std::move(options))) {}

VisibleIterator::VisibleIterator(VisibleIterator&&) noexcept = default;
VisibleIterator& VisibleIterator::operator=(VisibleIterator&&) noexcept = default;
VisibleIterator::~VisibleIterator() = default;

std::string_view VisibleIterator::key() const {
  return impl_->place == Impl::Place::kOnEntry ? impl_->entries->entry().key : std::string_view(impl_->key);
}

std::string_view VisibleIterator::value() const {
  return impl_->place == Impl::Place::kOnEntry ? impl_->entries->entry().value : std::string_view(impl_->value);
}

const absl::Status& VisibleIterator::status() const { return impl_->entries->status(); }

void VisibleIterator::SeekToFirst() {
  if (impl_->options.lower.has_value()) return Seek(*impl_->options.lower);
  impl_->key_is_done = false;
  impl_->entries->SeekToFirst();
  valid_ = impl_->FindForward();
}

void VisibleIterator::SeekToLast() {
  impl_->SeekBackward(impl_->options.upper);
  valid_ = impl_->FindBackward();
}

void VisibleIterator::Seek(std::string_view target) {
  if (impl_->IsBeforeBounds(target)) target = *impl_->options.lower;
  impl_->SeekForward(target);
  valid_ = impl_->FindForward();
}

void VisibleIterator::SeekForPrev(std::string_view target) {
  if (impl_->IsBehindBounds(target)) return SeekToLast();
  // The least key above `target`.
  impl_->SeekBackward(std::string(target) + '\0');
  valid_ = impl_->FindBackward();
}

void VisibleIterator::Next() {
  if (impl_->place == Impl::Place::kOnEntry) {
    impl_->entries->Next();
  } else {
    impl_->key_is_done = true;
    impl_->entries->Seek(impl_->key, kMinLsn);
  }
  valid_ = impl_->FindForward();
}

void VisibleIterator::Prev() {
  // The views of the entry die with the seek; `key` is the same key.
  if (impl_->place == Impl::Place::kOnEntry) impl_->entries->SeekBefore(impl_->key);
  valid_ = impl_->FindBackward();
}

}  // namespace aeternus
