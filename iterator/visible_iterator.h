// What a reader at a snapshot sees: of each key the newest version with LSN <= snapshot, unless it is a delete or a
// visible range tombstone covers it. Forward and backward, within [lower, upper). The only place in the project that
// decides this for scans (invariant 4); point reads use the same rule in engine/view.
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
#include <vector>

#include "absl/status/status.h"
#include "base/entry.h"
#include "iterator/entry_iterator.h"
#include "iterator/fragmented_tombstones.h"

namespace aeternus {

class VisibleIterator {
 public:
  struct Options {
    Lsn snapshot = kMaxLsn;
    std::optional<std::string> lower = std::nullopt;  // inclusive; absent: unbounded
    std::optional<std::string> upper = std::nullopt;  // exclusive; absent: unbounded
  };

  // `entries`: all layers merged. `tombstones`: those of each layer that has any, kept alive by the shared pointers.
  VisibleIterator(std::unique_ptr<EntryIterator> entries,
                  std::vector<std::shared_ptr<const FragmentedTombstones>> tombstones, Options options);
  VisibleIterator(VisibleIterator&&) noexcept;
  VisibleIterator& operator=(VisibleIterator&&) noexcept;
  ~VisibleIterator();

  bool Valid() const { return valid_; }
  // Views live until the iterator moves.
  std::string_view key() const;
  std::string_view value() const;
  // OK at the end and while valid; the error that ended the iteration otherwise.
  const absl::Status& status() const;

  void SeekToFirst();
  void SeekToLast();
  // First visible key >= target (and >= lower).
  void Seek(std::string_view target);
  // Last visible key <= target (and < upper).
  void SeekForPrev(std::string_view target);
  void Next();  // needs Valid()
  void Prev();  // needs Valid()

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  bool valid_ = false;
};

}  // namespace aeternus

#endif  // AETERNUS_ITERATOR_VISIBLE_ITERATOR_H_
