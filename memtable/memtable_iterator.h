// Iterators over the point entries of one memtable (contract in iterator/entry_iterator.h): all versions of every key,
// or only what a snapshot sees. Each sees what was inserted before its last Seek..., and may see later entries.
//
// Windows are stretches of a leaf. The first one after a seek is short, for who seeks often wants few entries.
#ifndef AETERNUS_MEMTABLE_MEMTABLE_ITERATOR_H_
#define AETERNUS_MEMTABLE_MEMTABLE_ITERATOR_H_

#include <cstddef>
#include <string_view>
#include <vector>

#include "base/entry.h"
#include "base/types.h"
#include "iterator/entry_iterator.h"
#include "iterator/window_buffer.h"
#include "memtable/entry_tree.h"

namespace aeternus {

// What both have in common: a cursor on the first key of the window, and how many keys that has passed.
class MemtableIterator : public EntryIterator {
 public:
  void SeekToFirst() final;
  void SeekToLast() final;
  void SeekBefore(std::string_view key) final;
  void PrepareSeek(const SeekTarget& target, int step) final {
    SetEnd();
    cursor_.PrepareSeek(target.key, target.is_before, step);
  }

 protected:
  static constexpr size_t kFirstWindowSize = 4;

  explicit MemtableIterator(const EntryTree* tree) : cursor_(tree) {}

  // Windows of the keys from the cursor's on, or up to it, `max` at most. They leave the cursor on their first key.
  virtual void ShowAhead(size_t max) = 0;
  virtual void ShowBehind(size_t max) = 0;
  // From the window to the keys behind it, or before it.
  void ShowNextKeys();
  void ShowPrevKeys();

  EntryTree::Cursor cursor_;
  size_t keys_ = 0;  // that the window has passed
  WindowBuffer<EntryView, kWindowMax> entries_;
};

// Of each key the newest version with LSN <= snapshot, and nothing of keys that have none: however often a key was
// written, it takes one step.
class SnapshotIterator final : public MemtableIterator {
 public:
  // `tree` outlives it.
  SnapshotIterator(const EntryTree* tree, Lsn snapshot) : MemtableIterator(tree), snapshot_(snapshot) {}

  // Shows what another snapshot sees from now on. Unpositioned.
  void SetSnapshot(Lsn snapshot) {
    snapshot_ = snapshot;
    SetEnd();
  }

  void Seek(std::string_view key, Lsn lsn) override;
  void NextWindow() override { ShowNextKeys(); }
  void PrevWindow() override { ShowPrevKeys(); }

 private:
  void ShowAhead(size_t max) override;
  void ShowBehind(size_t max) override;

  Lsn snapshot_;
};

// Every version of every key. A window holds keys that have one version, or versions of one key.
class HistoryIterator final : public MemtableIterator {
 public:
  // `tree` outlives it.
  explicit HistoryIterator(const EntryTree* tree) : MemtableIterator(tree) {}

  void Seek(std::string_view key, Lsn lsn) override;
  void NextWindow() override;
  void PrevWindow() override;

 private:
  void ShowAhead(size_t max) override;
  void ShowBehind(size_t max) override;
  // Of the cursor's key: the versions from the one numbered `first` on, or up to before `end`.
  void ShowVersionsFrom(size_t first);
  void ShowVersionsUpTo(size_t end);

  // Of the cursor's key, if the window is one of versions: all of them, and the window's among them.
  std::vector<EntryTree::Version> versions_;
  size_t first_ = 0, end_ = 0;
};

}  // namespace aeternus

#endif  // AETERNUS_MEMTABLE_MEMTABLE_ITERATOR_H_
