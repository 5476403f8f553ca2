#include "memtable/memtable_iterator.h"

#include <algorithm>
#include <memory>

namespace aeternus {

void MemtableIterator::SeekToFirst() {
  cursor_.SeekToFirst();
  ShowAhead(kFirstWindowSize);
}

void MemtableIterator::SeekToLast() {
  cursor_.SeekToLast();
  ShowBehind(kFirstWindowSize);
}

void MemtableIterator::SeekBefore(std::string_view key) {
  cursor_.SeekBefore(key);
  ShowBehind(kFirstWindowSize);
}

void MemtableIterator::ShowNextKeys() {
  cursor_.MoveInLeaf(static_cast<ptrdiff_t>(keys_) - 1);
  cursor_.Next();
  ShowAhead(kWindowMax);
}

void MemtableIterator::ShowPrevKeys() {
  cursor_.Prev();
  ShowBehind(kWindowMax);
}

// ---- what a snapshot sees ----

void SnapshotIterator::Seek(std::string_view key, Lsn lsn) {
  cursor_.Seek(key);
  // Of `key` itself, a version newer than the place sought lies before it.
  const bool is_there = cursor_.valid() && cursor_.key() == key;
  ShowAhead(is_there && lsn < snapshot_ ? 1 : kFirstWindowSize);
  if (is_there && Valid() && entry().key == key && entry().lsn > lsn) NextWindow();
}

void SnapshotIterator::ShowAhead(size_t max) {
  EntryView* const begin = entries_.begin();
  while (cursor_.valid()) {
    const EntryTree::Cursor::Taken taken = cursor_.TakeAhead(snapshot_, begin, max);
    keys_ = taken.keys;
    if (taken.entries > 0) return SetWindow(begin, begin, begin + taken.entries);
    cursor_.MoveInLeaf(static_cast<ptrdiff_t>(keys_) - 1);
    cursor_.Next();
  }
  SetEnd();
}

void SnapshotIterator::ShowBehind(size_t max) {
  EntryView* const end = entries_.end();
  while (cursor_.valid()) {
    const EntryTree::Cursor::Taken taken = cursor_.TakeBehind(snapshot_, end, max);
    keys_ = taken.keys;
    cursor_.MoveInLeaf(1 - static_cast<ptrdiff_t>(keys_));
    if (taken.entries > 0) return SetWindow(end - taken.entries, end - 1, end);
    cursor_.Prev();
  }
  SetEnd();
}

// ---- all versions ----

void HistoryIterator::Seek(std::string_view key, Lsn lsn) {
  cursor_.Seek(key);
  if (!cursor_.valid() || cursor_.key() != key) return ShowAhead(kFirstWindowSize);
  cursor_.TakeVersions(&versions_);
  const auto first = std::partition_point(versions_.begin(), versions_.end(),
                                          [lsn](const EntryTree::Version& version) { return version.lsn() > lsn; });
  ShowVersionsFrom(static_cast<size_t>(first - versions_.begin()));
}

void HistoryIterator::NextWindow() {
  if (end_ < versions_.size()) return ShowVersionsFrom(end_);
  ShowNextKeys();
}

void HistoryIterator::PrevWindow() {
  if (first_ > 0) return ShowVersionsUpTo(first_);
  ShowPrevKeys();
}

void HistoryIterator::ShowAhead(size_t max) {
  if (!cursor_.valid()) return SetEnd();
  EntryView* const begin = entries_.begin();
  versions_.clear();
  first_ = end_ = 0;
  keys_ = cursor_.TakeSingleAhead(begin, max).keys;
  if (keys_ > 0) return SetWindow(begin, begin, begin + keys_);
  cursor_.TakeVersions(&versions_);
  ShowVersionsFrom(0);
}

void HistoryIterator::ShowBehind(size_t max) {
  if (!cursor_.valid()) return SetEnd();
  EntryView* const end = entries_.end();
  versions_.clear();
  first_ = end_ = 0;
  keys_ = cursor_.TakeSingleBehind(end, max).keys;
  if (keys_ == 0) {
    cursor_.TakeVersions(&versions_);
    return ShowVersionsUpTo(versions_.size());
  }
  cursor_.MoveInLeaf(1 - static_cast<ptrdiff_t>(keys_));
  SetWindow(end - keys_, end - 1, end);
}

void HistoryIterator::ShowVersionsFrom(size_t first) {
  keys_ = 1;
  first_ = first;
  end_ = std::min(versions_.size(), first + kWindowMax);
  if (first_ == end_) return NextWindow();  // all versions of the key are newer than what was sought
  EntryView* const begin = entries_.begin();
  EntryView* out = begin;
  for (size_t i = first_; i < end_; ++i) std::construct_at(out++, versions_[i].view());
  SetWindow(begin, begin, out);
}

void HistoryIterator::ShowVersionsUpTo(size_t end) {
  keys_ = 1;
  end_ = end;
  first_ = end - std::min(end, kWindowMax);
  EntryView* out = entries_.end();
  for (size_t i = end_; i > first_; --i) std::construct_at(--out, versions_[i - 1].view());
  SetWindow(out, entries_.end() - 1, entries_.end());
}

}  // namespace aeternus
