// The internal iterator: point entries of one layer (or several, merged) in internal order (base/entry.h), every
// version of every key. Range tombstones are not among them; they travel as FragmentedTombstones.
//
// Contract of every implementation:
//   - made invalid; a Seek... positions it; Next/Prev need Valid().
//   - when Valid(), entry() is the current entry; its views live until the iterator moves or dies.
//   - when not Valid(), status() tells the end (OK) from damage or an I/O error (invariant 7). An error is sticky until
//     the next Seek...
//   - it holds what it reads alive (memtable arena, table and block pins).
// The current entry sits in the base class, so that a step over many layers pays no virtual call to look at it.
//
// Thread safety: one thread at a time; different iterators of one source may be used by different threads.
#ifndef AETERNUS_ITERATOR_ENTRY_ITERATOR_H_
#define AETERNUS_ITERATOR_ENTRY_ITERATOR_H_

#include <string_view>

#include "absl/status/status.h"
#include "base/entry.h"

namespace aeternus {

class EntryIterator {
 public:
  virtual ~EntryIterator() = default;

  bool Valid() const { return valid_; }
  const EntryView& entry() const { return entry_; }
  const absl::Status& status() const { return status_; }

  virtual void SeekToFirst() = 0;
  virtual void SeekToLast() = 0;
  // The first entry at or behind (key, lsn): the newest version of `key` with LSN <= lsn, or else the next key's
  // newest.
  virtual void Seek(std::string_view key, Lsn lsn) = 0;
  // The last entry (the oldest version) of the greatest key below `key`.
  virtual void SeekBefore(std::string_view key) = 0;
  virtual void Next() = 0;
  virtual void Prev() = 0;

 protected:
  void SetEntry(const EntryView& entry) {
    entry_ = entry;
    valid_ = true;
  }
  void SetEnd() { valid_ = false; }
  void SetError(absl::Status status) {
    valid_ = false;
    status_ = std::move(status);
  }
  // Called by implementations at the start of each Seek...
  void ClearStatus() {
    if (!status_.ok()) status_ = absl::OkStatus();
  }

 private:
  EntryView entry_;
  bool valid_ = false;
  absl::Status status_;
};

}  // namespace aeternus

#endif  // AETERNUS_ITERATOR_ENTRY_ITERATOR_H_
