// An EntryIterator over a vector, for tests, with damage where the test wants it.
//
//   VectorIterator it({{"a", Lsn(2), EntryKind::kPut, "v"}, {"b", Lsn(1), EntryKind::kDelete, ""}});
//   it.BreakAt(1);           // whoever steps or seeks onto "b" gets an error; whoever jumps over it does not
#ifndef AETERNUS_ITERATOR_TESTING_VECTOR_ITERATOR_H_
#define AETERNUS_ITERATOR_TESTING_VECTOR_ITERATOR_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "base/entry.h"
#include "base/key_order.h"
#include "base/types.h"
#include "iterator/entry_iterator.h"

namespace aeternus::testing {

// An entry that owns its bytes.
struct OwnedEntry {
  std::string key;
  Lsn lsn;
  EntryKind kind = EntryKind::kPut;
  std::string value = {};

  EntryView view() const { return {key, lsn, kind, value}; }
  friend bool operator==(const OwnedEntry&, const OwnedEntry&) = default;
};

inline bool InternalOrder(const OwnedEntry& a, const OwnedEntry& b) {
  return CompareEntries(a.key, a.lsn, b.key, b.lsn) < 0;
}

class VectorIterator final : public EntryIterator {
 public:
  // Sorts `entries`.
  explicit VectorIterator(std::vector<OwnedEntry> entries) : entries_(std::move(entries)) {
    std::sort(entries_.begin(), entries_.end(), InternalOrder);
  }

  // Entry `index` cannot be read; entries_.size() breaks the step behind the last entry.
  void BreakAt(size_t index, absl::Status error = absl::DataLossError("broken on purpose")) {
    broken_ = index;
    error_ = std::move(error);
  }

  // Moves of any kind so far.
  uint64_t moves() const { return moves_; }

  void SeekToFirst() override { MoveTo(0); }
  void SeekToLast() override { MoveBefore(entries_.size()); }
  void Seek(std::string_view key, Lsn lsn) override {
    MoveTo(CountBefore([&](const OwnedEntry& e) { return CompareEntries(e.key, e.lsn, key, lsn) < 0; }));
  }
  void SeekBefore(std::string_view key) override {
    MoveBefore(CountBefore([&](const OwnedEntry& e) { return e.key < key; }));
  }
  void Next() override { MoveTo(at_ + 1); }
  void Prev() override { MoveBefore(at_); }

 private:
  template <typename Predicate>
  size_t CountBefore(Predicate is_before) const {
    return static_cast<size_t>(std::partition_point(entries_.begin(), entries_.end(), is_before) - entries_.begin());
  }

  void MoveBefore(size_t index) {
    if (index > 0) return MoveTo(index - 1);
    ++moves_;
    ClearStatus();
    SetEnd();
  }

  void MoveTo(size_t index) {
    ++moves_;
    ClearStatus();
    at_ = index;
    if (broken_ == index) return SetError(error_);
    if (index >= entries_.size()) return SetEnd();
    // A copy per visit, so that a view used after a move is found by the address sanitizer.
    current_ = std::make_unique<OwnedEntry>(entries_[index]);
    SetEntry(current_->view());
  }

  std::vector<OwnedEntry> entries_;
  size_t at_ = 0;
  uint64_t moves_ = 0;
  std::unique_ptr<OwnedEntry> current_;
  std::optional<size_t> broken_;
  absl::Status error_;
};

}  // namespace aeternus::testing

#endif  // AETERNUS_ITERATOR_TESTING_VECTOR_ITERATOR_H_
