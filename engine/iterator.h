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

#include "absl/status/status.h"

namespace aeternus {

struct IteratorOptions {
  std::optional<std::string> lower_bound;  // inclusive; absent: unbounded
  std::optional<std::string> upper_bound;  // exclusive; absent: unbounded
};

class Iterator {
 public:
  virtual ~Iterator() = default;

  virtual bool Valid() const = 0;
  virtual void SeekToFirst() = 0;
  virtual void SeekToLast() = 0;
  virtual void Seek(std::string_view target) = 0;         // first key >= target
  virtual void SeekForPrev(std::string_view target) = 0;  // last key <= target
  virtual void Next() = 0;                                // needs Valid()
  virtual void Prev() = 0;                                // needs Valid()
  // Views live until the iterator moves, is refreshed or destroyed. Need Valid().
  virtual std::string_view key() const = 0;
  virtual std::string_view value() const = 0;
  // OK while valid and at the end; else why it ended early.
  virtual absl::Status status() const = 0;
  // The LSN of the last write it sees.
  virtual uint64_t lsn() const = 0;
  // Sees the present from now on, unpositioned. FailedPrecondition for an iterator over a snapshot.
  virtual absl::Status Refresh() = 0;
};

}  // namespace aeternus

#endif  // AETERNUS_ENGINE_ITERATOR_H_
