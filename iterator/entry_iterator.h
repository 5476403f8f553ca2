// The internal iterator: point entries of one layer (or several, merged) in internal order (base/entry.h), every
// version of every key; or, where a layer is read for a snapshot, those that the snapshot sees. Range tombstones are
// not among them; they travel as FragmentedTombstones.
//
// Contract of every implementation:
//   - made invalid; a Seek... positions it; Next/Prev need Valid().
//   - when Valid(), entry() is the current entry; its views live until the iterator moves or dies.
//   - when not Valid(), status() tells the end (OK) from damage or an I/O error (invariant 7). An error is sticky until
//     the next Seek...
//   - it holds what it reads alive (memtable arena, table and block pins).
//
// Windows. An iterator shows its entries in windows: stretches that follow one another in internal order, decoded
// together into an array. Moving inside a window is a step of a pointer, done here; only at its borders the
// implementation is called, for the window behind it or before it. So what a virtual call and the set-up of a decoder
// cost is shared by all entries of a window, and whoever merges or filters may take a whole window at once:
//
//   for (const EntryView& entry : it->ahead()) ...       // the current entry and those behind it in its window
//   it->NextWindow();                                    // then the first entry behind them all
//
//   - a window holds kWindowMax entries at most, and as few as the implementation likes: one is always right.
//   - an error is met where its entry would have come: what comes before it is shown first, in a window that ends
//   there.
//   - the views of all entries of a window live until the iterator leaves the window, seeks or dies.
//
// Seeks in steps. What a seek costs is cache misses, one after the other. Whoever has several iterators to seek may let
// them wait for theirs together, each step of all before the next step of any:
//
//   for (int step = 0; step < EntryIterator::kSeekSteps; ++step) {
//     for (EntryIterator* it : all) it->PrepareSeek(target, step);
//   }
//   for (EntryIterator* it : all) it->Seek(target.key, target.lsn);              // or SeekBefore, as the target says
//
// Thread safety: one thread at a time; different iterators of one source may be used by different threads.
#ifndef AETERNUS_ITERATOR_ENTRY_ITERATOR_H_
#define AETERNUS_ITERATOR_ENTRY_ITERATOR_H_

#include <cstddef>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "base/entry.h"

namespace aeternus {

class EntryIterator {
 public:
  static constexpr size_t kWindowMax = 64;

  EntryIterator() = default;
  EntryIterator(const EntryIterator&) = delete;
  EntryIterator& operator=(const EntryIterator&) = delete;
  virtual ~EntryIterator() = default;

  bool Valid() const { return at_ != end_; }
  const EntryView& entry() const { return *at_; }
  const absl::Status& status() const { return status_; }

  virtual void SeekToFirst() = 0;
  virtual void SeekToLast() = 0;
  // The first entry at or behind (key, lsn): the newest version of `key` with LSN <= lsn, or else the next key's
  // newest. `key` may be a view of the current window.
  virtual void Seek(std::string_view key, Lsn lsn) = 0;
  // The last entry (the oldest version) of the greatest key below `key`, which may be a view of the current window.
  virtual void SeekBefore(std::string_view key) = 0;
  // Seek(key, kMaxLsn) by one who has come a long way and goes on behind `key`, which is behind the current entry: it
  // may show long windows at once. `key` is no view of the window. Needs Valid().
  virtual void SkipTo(std::string_view key) { Seek(key, kMaxLsn); }
  // Where a seek goes: Seek(key, lsn), or SeekBefore(key), whose lsn is kMaxLsn.
  struct SeekTarget {
    std::string_view key;
    Lsn lsn;
    bool is_before = false;
  };
  // A step, from 0, of the seek that follows the last of them. Steps from 0 again, SeekToFirst and SeekToLast give it
  // up. It ends the current window, of which the key is no view. Errors are the seek's to tell. Does nothing where
  // there is nothing to wait for.
  static constexpr int kSeekSteps = 4;
  virtual void PrepareSeek(const SeekTarget& /*target*/, int /*step*/) {}
  void Next() {
    if (++at_ == end_) NextWindow();
  }
  void Prev() {
    if (at_ == begin_) return PrevWindow();
    --at_;
  }

  // Of the current window, in internal order: the current entry and those behind it; the current entry and those before
  // it. Need Valid().
  absl::Span<const EntryView> ahead() const { return {at_, static_cast<size_t>(end_ - at_)}; }
  absl::Span<const EntryView> behind() const { return {begin_, static_cast<size_t>(at_ - begin_) + 1}; }
  // To the first entry behind the current window, or the last one before it. Need a window, but for the place in it.
  virtual void NextWindow() = 0;
  virtual void PrevWindow() = 0;
  // To an entry of the current window.
  void MoveTo(const EntryView* entry) { at_ = entry; }

 protected:
  // The entries [begin, end) are the window, `at` the current one. They belong to the implementation.
  void SetWindow(const EntryView* begin, const EntryView* at, const EntryView* end) {
    begin_ = begin;
    at_ = at;
    end_ = end;
  }
  // A window of one.
  void SetEntry(const EntryView& entry) {
    entry_ = entry;
    SetWindow(&entry_, &entry_, &entry_ + 1);
  }
  void SetEnd() { begin_ = at_ = end_ = nullptr; }
  void SetError(absl::Status status) {
    SetEnd();
    status_ = std::move(status);
  }
  // Called by implementations at the start of each Seek...
  void ClearStatus() {
    if (!status_.ok()) status_ = absl::OkStatus();
  }
  const EntryView* window_begin() const { return begin_; }
  const EntryView* window_end() const { return end_; }

 private:
  const EntryView* begin_ = nullptr;
  const EntryView* at_ = nullptr;
  const EntryView* end_ = nullptr;
  EntryView entry_;
  absl::Status status_;
};

}  // namespace aeternus

#endif  // AETERNUS_ITERATOR_ENTRY_ITERATOR_H_
