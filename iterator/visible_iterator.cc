#include "iterator/visible_iterator.h"

#include <algorithm>
#include <utility>

#include "absl/types/span.h"
#include "iterator/tombstone_cursor.h"
#include "iterator/window_buffer.h"

namespace aeternus {
namespace {

// Entries of one key that are passed one by one before a seek passes the rest.
constexpr size_t kStepsMax = 8;

// Whether `entry` is another version of the key that comes right before it in internal order. The versions of a key
// have descending LSNs and most neighbours differ at their end, so that keys are rarely compared.
bool IsOlderVersion(const EntryView& entry, std::string_view before, Lsn before_lsn) {
  return entry.lsn < before_lsn && entry.key.size() == before.size() &&
         (before.empty() || entry.key.back() == before.back()) && entry.key == before;
}

}  // namespace

// Where the entries stand, seen from the window of pairs:
//   kBehind       in the window of entries that the pairs were taken from, all of which is done with. So it is after a
//                 move forward, and the next window is right behind.
//   kBefore       on the last entry before the first pair's key, or behind an end. So it is after a move backward.
//   kElsewhere    nowhere of use: to go on, the entries are sought.
struct VisibleIterator::Impl {
  enum class Place { kBehind, kBefore, kElsewhere };
  // A key met last, moving forward, and what is known of it. Its versions may go on behind the window of entries.
  struct LastKey {
    std::string key;
    Lsn lsn;               // of the version met last; kMinLsn: none was met, and nothing is older
    bool is_done = false;  // what a reader sees of the key is decided
    size_t steps = 0;      // versions met
  };

  Impl(std::unique_ptr<EntryIterator> merged, std::vector<std::shared_ptr<const FragmentedTombstones>> layers,
       Options given)
      : entries(std::move(merged)), tombstones(std::move(layers), given.snapshot), options(std::move(given)) {}

  // From where the entries stand to the first window of pairs in that direction; none at the end or at an error.
  Window FindForward();
  Window FindBackward();
  // Appends what is visible of a window of entries; of a stretch of it, of which `cover` is the newest tombstone.
  void TakeForward(absl::Span<const EntryView> window);
  void TakeStretchForward(absl::Span<const EntryView> window, Lsn cover);
  // Prepends what is visible of the keys whose versions all are in the entries' window.
  void TakeBackward();
  // Prepends the key on which the entries stand if it is visible, and moves before it. False at an error.
  bool TakeKeyBackward();
  bool TakeHotKeyBackward();

  void StepForward();
  void SeekForward(std::string_view key, Lsn lsn);
  void SeekBackward(const std::optional<std::string>& before);
  bool IsVisible(Lsn lsn, EntryKind kind, std::string_view of_key) {
    return kind == EntryKind::kPut && tombstones.MaxCovering(of_key) <= lsn;
  }
  bool IsBehindBounds(std::string_view k) const { return options.upper.has_value() && k >= *options.upper; }
  bool IsBeforeBounds(std::string_view k) const { return options.lower.has_value() && k < *options.lower; }
  absl::Span<const EntryView> WithinBounds(absl::Span<const EntryView> window);

  const std::unique_ptr<EntryIterator> entries;
  TombstoneCursor tombstones;
  Options options;
  Place place = Place::kElsewhere;
  bool met_upper = false;  // kBehind only: what follows is behind the bounds
  LastKey last;
  // Moving backward, the greatest pair of a window, for its entry is left before the pair is known to be visible.
  std::string key;
  std::string value;
  std::string target;  // of a seek
  // The pairs. Moving forward they begin at the front, moving backward they end at the back.
  WindowBuffer<Pair, EntryIterator::kWindowMax + 1> buffer;
  Pair* begin = nullptr;
  Pair* end = nullptr;
};

// ---- forward ----

VisibleIterator::Window VisibleIterator::Impl::FindForward() {
  begin = end = buffer.begin();
  while (entries->Valid()) {
    const absl::Span<const EntryView> ahead = entries->ahead();
    const absl::Span<const EntryView> window = WithinBounds(ahead);
    met_upper = window.size() < ahead.size();
    TakeForward(window);
    place = Place::kBehind;
    if (begin != end) return {begin, begin, end};
    if (met_upper) break;
    StepForward();
  }
  place = Place::kElsewhere;
  return {};
}

// What of the window comes before the upper bound.
absl::Span<const EntryView> VisibleIterator::Impl::WithinBounds(absl::Span<const EntryView> window) {
  if (!IsBehindBounds(window.back().key)) return window;
  const auto behind =
      std::partition_point(window.begin(), window.end(), [&](const EntryView& e) { return e.key < *options.upper; });
  return window.first(static_cast<size_t>(behind - window.begin()));
}

void VisibleIterator::Impl::TakeForward(absl::Span<const EntryView> window) {
  while (!window.empty()) {
    const Lsn cover = tombstones.MaxCovering(window.front().key);
    const size_t size = tombstones.CountWithin(window);
    TakeStretchForward(window.first(size), cover);
    window.remove_prefix(size);
  }
}

void VisibleIterator::Impl::TakeStretchForward(absl::Span<const EntryView> window, Lsn cover) {
  const Lsn snapshot = options.snapshot;
  std::string_view current = last.key;
  Lsn current_lsn = last.lsn;
  bool is_done = last.is_done;
  const EntryView* first_of_current = nullptr;  // null: it began before this window
  Pair* out = end;
  for (const EntryView& entry : window) {
    if (!IsOlderVersion(entry, current, current_lsn)) {
      current = entry.key;
      first_of_current = &entry;
      is_done = false;
    }
    current_lsn = entry.lsn;
    if (is_done || entry.lsn > snapshot) continue;
    is_done = true;
    if (entry.kind != EntryKind::kPut) continue;
    if (cover > entry.lsn) continue;
    std::construct_at(out++, entry.key, entry.value);
  }
  end = out;
  if (first_of_current != nullptr) {
    last.key.assign(current);
    last.steps = static_cast<size_t>(window.end() - first_of_current);
  } else {
    last.steps += window.size();
  }
  last.lsn = current_lsn;
  last.is_done = is_done;
}

// To the entries behind the window that was taken; many versions of one key are passed by a seek.
void VisibleIterator::Impl::StepForward() {
  if (last.steps <= kStepsMax) return entries->NextWindow();
  last.steps = 0;
  // No entry has LSN 0, so that behind (key, 0) the next key begins.
  entries->Seek(last.key, last.is_done ? kMinLsn : options.snapshot);
}

void VisibleIterator::Impl::SeekForward(std::string_view k, Lsn lsn) {
  last.lsn = kMinLsn;
  last.steps = 0;
  entries->Seek(k, lsn);
}

// ---- backward ----

VisibleIterator::Window VisibleIterator::Impl::FindBackward() {
  begin = end = buffer.end();
  while (entries->Valid() && !IsBeforeBounds(entries->entry().key)) {
    place = Place::kBefore;
    if (!TakeKeyBackward()) break;
    if (place == Place::kBefore) TakeBackward();
    if (begin != end) return {begin, end - 1, end};
  }
  place = Place::kElsewhere;
  return {};
}

bool VisibleIterator::Impl::TakeKeyBackward() {
  key.assign(entries->entry().key);
  Lsn newest;  // of the versions met at or below the snapshot
  EntryKind kind = EntryKind::kInvalid;
  size_t steps = 0;
  do {
    const EntryView& entry = entries->entry();
    if (entry.lsn <= options.snapshot) {
      newest = entry.lsn;
      kind = entry.kind;
      value.assign(entry.value);
    }
    entries->Prev();
  } while (++steps <= kStepsMax && entries->Valid() && entries->entry().key == key);
  // Unread versions could be newer ones: with an error nothing is known of this key.
  if (!entries->status().ok()) return false;
  if (entries->Valid() && entries->entry().key == key) return TakeHotKeyBackward();
  if (kind != EntryKind::kInvalid && IsVisible(newest, kind, key)) std::construct_at(--begin, key, value);
  return true;
}

// Seeks the newest visible version of `key`, passing over however many there are.
bool VisibleIterator::Impl::TakeHotKeyBackward() {
  entries->Seek(key, options.snapshot);
  if (entries->Valid() && entries->entry().key == key && IsVisible(entries->entry().lsn, entries->entry().kind, key)) {
    value.assign(entries->entry().value);
    std::construct_at(--begin, key, value);
    place = Place::kElsewhere;
    return true;
  }
  if (!entries->status().ok()) return false;
  entries->SeekBefore(key);
  return entries->status().ok();
}

void VisibleIterator::Impl::TakeBackward() {
  if (!entries->Valid()) return;
  const absl::Span<const EntryView> window = entries->behind();
  const std::optional<Lsn> cover = tombstones.MaxCoveringAll(window.front().key, window.back().key);
  const bool may_leave_bounds = IsBeforeBounds(window.front().key);
  const EntryView* at = &window.back();
  while (true) {
    const EntryView* oldest = at;
    const EntryView* newest_visible = nullptr;
    // Over the versions of one key. Those of the window's first key may go on before it.
    for (;; --at) {
      if (at->lsn <= options.snapshot) newest_visible = at;
      if (at == window.begin() || !IsOlderVersion(*at, at[-1].key, at[-1].lsn)) break;
    }
    if (at == window.begin() || (may_leave_bounds && IsBeforeBounds(at->key))) return entries->MoveTo(oldest);
    --at;
    if (newest_visible == nullptr || newest_visible->kind != EntryKind::kPut) continue;
    const Lsn covering = cover.has_value() ? *cover : tombstones.MaxCovering(newest_visible->key);
    if (covering <= newest_visible->lsn) std::construct_at(--begin, newest_visible->key, newest_visible->value);
  }
}

void VisibleIterator::Impl::SeekBackward(const std::optional<std::string>& before) {
  if (before.has_value()) {
    entries->SeekBefore(*before);
  } else {
    entries->SeekToLast();
  }
}

// ---- the iterator ----

VisibleIterator::VisibleIterator(std::unique_ptr<EntryIterator> entries,
                                 std::vector<std::shared_ptr<const FragmentedTombstones>> tombstones, Options options)
    : impl_(std::make_unique<Impl>(std::move(entries), std::move(tombstones), std::move(options))) {}

VisibleIterator::VisibleIterator(VisibleIterator&&) noexcept = default;
VisibleIterator& VisibleIterator::operator=(VisibleIterator&&) noexcept = default;
VisibleIterator::~VisibleIterator() = default;

const absl::Status& VisibleIterator::status() const { return impl_->entries->status(); }

void VisibleIterator::SetSnapshot(Lsn snapshot) {
  impl_->options.snapshot = snapshot;
  impl_->place = Impl::Place::kElsewhere;
  window_ = {};
}

void VisibleIterator::SeekToFirst() {
  if (impl_->options.lower.has_value()) return Seek(*impl_->options.lower);
  impl_->last.lsn = kMinLsn;
  impl_->last.steps = 0;
  impl_->entries->SeekToFirst();
  window_ = impl_->FindForward();
}

void VisibleIterator::SeekToLast() {
  impl_->SeekBackward(impl_->options.upper);
  window_ = impl_->FindBackward();
}

void VisibleIterator::Seek(std::string_view target) {
  // A copy: values may be sought, too, and what they are views of goes with the window.
  impl_->target.assign(impl_->IsBeforeBounds(target) ? std::string_view(*impl_->options.lower) : target);
  impl_->SeekForward(impl_->target, impl_->options.snapshot);
  window_ = impl_->FindForward();
}

void VisibleIterator::SeekForPrev(std::string_view target) {
  if (impl_->IsBehindBounds(target)) return SeekToLast();
  // The least key above `target`.
  impl_->target.assign(target);
  impl_->target.push_back('\0');
  impl_->entries->SeekBefore(impl_->target);
  window_ = impl_->FindBackward();
}

void VisibleIterator::NextWindow() {
  if (impl_->place == Impl::Place::kBehind) {
    if (impl_->met_upper) {
      window_ = {};
      return;
    }
    impl_->StepForward();
  } else {
    impl_->SeekForward(window_.end[-1].first, kMinLsn);
  }
  window_ = impl_->FindForward();
}

void VisibleIterator::PrevWindow() {
  if (impl_->place != Impl::Place::kBefore) {
    impl_->entries->SeekBefore(window_.begin->first);
  }
  window_ = impl_->FindBackward();
}

}  // namespace aeternus
