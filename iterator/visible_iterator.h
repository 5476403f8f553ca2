// What a reader at a snapshot sees: of each key the newest version with LSN <= snapshot, unless it is a delete or a
// visible range tombstone covers it. Forward and backward, within [lower, upper). The only place in the project that
// decides this for scans (invariant 4); point reads use the same rule in engine/view.
//
// Entries are taken and filtered a window at a time (entry_iterator.h), and what is visible of them is shown as a
// window of pairs. What holds for all of a window is asked once: which tombstone covers it, whether it lies within the
// bounds.
//
// Keys with many versions are passed by a seek after a few steps, so that a hot key costs no more than a cold one.
// Keys that a range tombstone covers are looked at one by one, for any of them may have a version that is newer than
// the tombstone; a layer that is older as a whole passes them faster (covered_run_skipper.h). Which tombstones cover a
// key costs amortized O(1) for keys in order (tombstone_cursor.h).
//
// Thread safety: one thread at a time.
#ifndef AETERNUS_ITERATOR_VISIBLE_ITERATOR_H_
#define AETERNUS_ITERATOR_VISIBLE_ITERATOR_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "base/entry.h"
#include "iterator/entry_iterator.h"
#include "iterator/fragmented_tombstones.h"

namespace aeternus {

class VisibleIterator {
 public:
  using Pair = std::pair<std::string_view, std::string_view>;  // key, value
  struct Options {
    Lsn snapshot = kMaxLsn;
    std::optional<std::string> lower = std::nullopt;  // inclusive; absent: unbounded
    std::optional<std::string> upper = std::nullopt;  // exclusive; absent: unbounded
  };
  // The pairs [begin, end), and the current one; all null when there is none.
  struct Window {
    const Pair* begin = nullptr;
    const Pair* at = nullptr;
    const Pair* end = nullptr;
  };

  // `entries`: all layers merged. `tombstones`: those of each layer that has any, kept alive by the shared pointers.
  VisibleIterator(std::unique_ptr<EntryIterator> entries,
                  std::vector<std::shared_ptr<const FragmentedTombstones>> tombstones, Options options);
  VisibleIterator(VisibleIterator&&) noexcept;
  VisibleIterator& operator=(VisibleIterator&&) noexcept;
  ~VisibleIterator();

  bool Valid() const { return window_.at != window_.end; }
  // Views live until the iterator leaves its window, seeks or dies.
  std::string_view key() const { return window_.at->first; }
  std::string_view value() const { return window_.at->second; }
  // Sees another snapshot from now on, unpositioned. The tombstones that are visible must be the same at both.
  void SetSnapshot(Lsn snapshot);
  // OK at the end and while valid; the error that ended the iteration otherwise.
  const absl::Status& status() const;

  void SeekToFirst();
  void SeekToLast();
  // First visible key >= target (and >= lower). `target` may be a view of the current window.
  void Seek(std::string_view target);
  // Last visible key <= target (and < upper). `target` may be a view of the current window.
  void SeekForPrev(std::string_view target);
  void Next() {  // needs Valid()
    if (++window_.at == window_.end) NextWindow();
  }
  void Prev() {  // needs Valid()
    if (window_.at == window_.begin) return PrevWindow();
    --window_.at;
  }

  // For those who walk through the window by themselves. NextWindow and PrevWindow go to the first pair behind it, or
  // the last one before it, wherever in it `at` is; they need a window.
  const Window& window() const { return window_; }
  void NextWindow();
  void PrevWindow();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  Window window_;
};

}  // namespace aeternus

#endif  // AETERNUS_ITERATOR_VISIBLE_ITERATOR_H_
