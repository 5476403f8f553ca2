// An EntryIterator over a vector, for tests, with windows of the size and damage at the place that the test wants.
//
//   VectorIterator it({{"a", Lsn(2), EntryKind::kPut, "v"}, {"b", Lsn(1), EntryKind::kDelete, ""}});
//   it.ShowWindowsOf(3);     // instead of one entry after the other
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

#include "absl/log/check.h"
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

  // `size` entries at most: fewer before damage, and at either end.
  void ShowWindowsOf(size_t size) { window_max_ = size; }

  // Seeks and windows so far.
  uint64_t moves() const { return moves_; }

  void SeekToFirst() override {
    steps_ = 0;
    ShowFrom(0);
  }
  void SeekToLast() override {
    steps_ = 0;
    ShowUpTo(entries_.size());
  }
  void Seek(std::string_view key, Lsn lsn) override {
    EndPreparedSeek(key, lsn);
    ShowFrom(CountBefore([&](const OwnedEntry& e) { return CompareEntries(e.key, e.lsn, key, lsn) < 0; }));
  }
  void SeekBefore(std::string_view key) override {
    EndPreparedSeek(key, kMaxLsn);
    ShowUpTo(CountBefore([&](const OwnedEntry& e) { return e.key < key; }));
  }
  void NextWindow() override { ShowFrom(end_); }
  void PrevWindow() override { ShowUpTo(begin_); }
  // Takes the window away, and dies when steps or the seek do not follow one another as they have to.
  void PrepareSeek(const SeekTarget& target, int step) override {
    if (step == 0) {
      steps_ = 0;
      prepared_ = {std::string(target.key), target.lsn};
      SetEnd();
      copies_.reset();
      views_.reset();
    }
    CHECK_EQ(steps_++, step);
    CHECK(prepared_ == std::pair(std::string(target.key), target.lsn));
    CHECK(!target.is_before || target.lsn == kMaxLsn);
  }

 private:
  void EndPreparedSeek(std::string_view key, Lsn lsn) {
    if (steps_ == 0) return;
    CHECK_EQ(steps_, kSeekSteps);
    CHECK(prepared_ == std::pair(std::string(key), lsn));
    steps_ = 0;
  }

  template <typename Predicate>
  size_t CountBefore(Predicate is_before) const {
    return static_cast<size_t>(std::partition_point(entries_.begin(), entries_.end(), is_before) - entries_.begin());
  }

  bool IsWhole(size_t index) const { return index < entries_.size() && broken_ != index; }

  // The window that begins at `index`.
  void ShowFrom(size_t index) {
    size_t end = index;
    while (end - index < window_max_ && IsWhole(end)) ++end;
    Show(index, index, end);
  }
  // The window that ends before `index`.
  void ShowUpTo(size_t index) {
    if (index == 0) return Show(0, 0, 0, /*is_behind_last=*/false);
    if (!IsWhole(index - 1)) return ShowFrom(index - 1);
    size_t begin = index;
    while (begin > 0 && index - begin < window_max_ && IsWhole(begin - 1)) --begin;
    Show(begin, index - 1, index);
  }

  void Show(size_t begin, size_t at, size_t end, bool is_behind_last = true) {
    ++moves_;
    ClearStatus();
    begin_ = begin;
    end_ = end;
    if (begin == end) return is_behind_last && broken_ == begin ? SetError(error_) : SetEnd();
    // A copy per window, so that a view used after a move is found by the address sanitizer.
    auto copies = std::make_unique<std::vector<OwnedEntry>>(entries_.begin() + begin, entries_.begin() + end);
    auto views = std::make_unique<std::vector<EntryView>>();
    for (const OwnedEntry& copy : *copies) views->push_back(copy.view());
    copies_ = std::move(copies);
    views_ = std::move(views);
    SetWindow(views_->data(), views_->data() + (at - begin), views_->data() + views_->size());
  }

  std::vector<OwnedEntry> entries_;
  size_t window_max_ = 1;
  // The window, or where it would be.
  size_t begin_ = 0;
  size_t end_ = 0;
  std::unique_ptr<std::vector<OwnedEntry>> copies_;
  std::unique_ptr<std::vector<EntryView>> views_;
  uint64_t moves_ = 0;
  int steps_ = 0;  // of PrepareSeek, since the last seek
  std::pair<std::string, Lsn> prepared_;
  std::optional<size_t> broken_;
  absl::Status error_;
};

}  // namespace aeternus::testing

#endif  // AETERNUS_ITERATOR_TESTING_VECTOR_ITERATOR_H_
