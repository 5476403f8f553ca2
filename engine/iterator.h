// A lazy, bidirectional iterator over the visible keys of a database at one moment, within bounds. Reads blocks as it
// comes to them.
//
//   auto it = db->NewIterator({}, {.lower_bound = "user/", .upper_bound = "user0"}).value();
//   for (it->SeekToFirst(); it->Valid(); it->Next()) Use(it->key(), it->value());
//   if (!it->status().ok()) ...          // damage or an I/O error: a different thing from the end (invariant 7)
//
// Without a snapshot in the ReadOptions it sees the moment of its creation, or of the last Refresh. Destroy it before
// the database is closed; after the database object is gone, it may still be destroyed safely and nothing else.
//
// Thread safety: one thread at a time.
#ifndef AETERNUS_ENGINE_ITERATOR_H_
#define AETERNUS_ENGINE_ITERATOR_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"

namespace aeternus {

struct IteratorOptions {
  std::optional<std::string> lower_bound;  // inclusive; absent: unbounded
  std::optional<std::string> upper_bound;  // exclusive; absent: unbounded
};

// Pairs are made ready in windows, a few dozen together where they lie together, so that a step inside a window is a
// step of a pointer, done here; only at its borders, and for seeks, a virtual function is called.
class Iterator {
 public:
  Iterator() = default;
  Iterator(const Iterator&) = delete;
  Iterator& operator=(const Iterator&) = delete;
  virtual ~Iterator() = default;

  bool Valid() const { return window_.at != window_.end; }
  virtual void SeekToFirst() = 0;
  virtual void SeekToLast() = 0;
  virtual void Seek(std::string_view target) = 0;         // first key >= target
  virtual void SeekForPrev(std::string_view target) = 0;  // last key <= target
  void Next() {                                           // needs Valid()
    if (++window_.at == window_.end) NextWindow();
  }
  void Prev() {  // needs Valid()
    if (window_.at == window_.begin) return PrevWindow();
    --window_.at;
  }
  // Views live until the iterator moves, is refreshed or destroyed. Need Valid().
  std::string_view key() const { return window_.at->first; }
  std::string_view value() const { return window_.at->second; }
  // OK while valid and at the end; else why it ended early.
  virtual absl::Status status() const = 0;
  // The LSN of the last write it sees.
  virtual uint64_t lsn() const = 0;
  // Sees the present from now on, unpositioned. FailedPrecondition for an iterator over a snapshot.
  virtual absl::Status Refresh() = 0;

 protected:
  using Pair = std::pair<std::string_view, std::string_view>;  // key, value
  // The pairs [begin, end) in order of their keys, and the current one. All null: not valid.
  struct Window {
    const Pair* begin = nullptr;
    const Pair* at = nullptr;
    const Pair* end = nullptr;
  };
  void SetWindow(const Window& window) { window_ = window; }
  // Shows the window whose first pair is the one behind the window, or whose last pair is the one before it. `at` is
  // anywhere.
  virtual void NextWindow() = 0;
  virtual void PrevWindow() = 0;

 private:
  Window window_;
};

}  // namespace aeternus

#endif  // AETERNUS_ENGINE_ITERATOR_H_
