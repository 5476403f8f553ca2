#include "iterator/covered_run_skipper.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/types/span.h"
#include "iterator/tombstone_cursor.h"

namespace aeternus {
namespace {

// Entries of a run that are passed one by one before a seek passes the rest: most runs are short.
constexpr size_t kStepsMax = 8;

class CoveredRunSkipper final : public EntryIterator {
 public:
  CoveredRunSkipper(std::unique_ptr<EntryIterator> source, Lsn max_lsn, TombstoneCursor tombstones)
      : source_(std::move(source)), max_lsn_(max_lsn), tombstones_(std::move(tombstones)) {}

  void SeekToFirst() override {
    source_->SeekToFirst();
    SkipForward();
  }
  void SeekToLast() override {
    source_->SeekToLast();
    SkipBackward();
  }
  void Seek(std::string_view key, Lsn lsn) override {
    source_->Seek(key, lsn);
    SkipForward();
  }
  void SeekBefore(std::string_view key) override {
    source_->SeekBefore(key);
    SkipBackward();
  }
  void PrepareSeek(const SeekTarget& target, int step) override { source_->PrepareSeek(target, step); }
  void NextWindow() override {
    source_->MoveTo(window_end() - 1);
    source_->Next();
    SkipForward();
  }
  void PrevWindow() override {
    source_->MoveTo(window_begin());
    source_->Prev();
    SkipBackward();
  }

 private:
  bool IsCovered(const EntryView& entry) { return tombstones_.MaxCovering(entry.key) > max_lsn_; }
  // Whether one look tells that nothing of the window is covered.
  bool IsFree(absl::Span<const EntryView> window) {
    const std::optional<Lsn> cover = tombstones_.MaxCoveringAll(window.front().key, window.back().key);
    return cover.has_value() && *cover <= max_lsn_;
  }

  // Behind the entries of [at, end) that lie, like the first of them, which was asked about last, where one answer
  // holds.
  const EntryView* EndOfAnswer(const EntryView* at, const EntryView* end) const {
    return at + tombstones_.CountWithin({at, static_cast<size_t>(end - at)});
  }

  // From the entry on which the source stands to the next one that is not covered. What is shown is as much of the
  // source's window as lies between that and the covered one that follows.
  void SkipForward() {
    size_t passed = 0;
    while (source_->Valid()) {
      const absl::Span<const EntryView> window = source_->ahead();
      const EntryView* const end = window.data() + window.size();
      if (IsFree(window)) return Show(window.data(), window.data(), end);
      const EntryView* begin = window.data();
      while (begin != end && IsCovered(*begin)) begin = EndOfAnswer(begin, end);
      if (begin != end) {
        const EntryView* at = EndOfAnswer(begin, end);
        while (at != end && !IsCovered(*at)) at = EndOfAnswer(at, end);
        return Show(begin, begin, at);
      }
      passed += window.size();
      if (passed < kStepsMax) {
        source_->NextWindow();
        continue;
      }
      // The last entry lies where the last answer holds.
      if (!tombstones_.upper().has_value()) break;  // the rest is hidden
      passed = 0;
      source_->SkipTo(*tombstones_.upper());
    }
    Finish();
  }

  void SkipBackward() {
    size_t passed = 0;
    while (source_->Valid()) {
      const absl::Span<const EntryView> window = source_->behind();
      const EntryView* const begin = window.data();
      if (IsFree(window)) return Show(begin, &window.back(), begin + window.size());
      const EntryView* end = begin + window.size();
      while (end != begin && IsCovered(end[-1])) --end;
      if (end != begin) {
        const EntryView* at = end - 1;
        while (at != begin && !IsCovered(at[-1])) --at;
        return Show(at, end - 1, end);
      }
      passed += window.size();
      if (passed < kStepsMax) {
        source_->PrevWindow();
        continue;
      }
      passed = 0;
      source_->SeekBefore(tombstones_.lower());
    }
    Finish();
  }

  void Show(const EntryView* begin, const EntryView* at, const EntryView* end) {
    ClearStatus();
    SetWindow(begin, at, end);
  }
  // At an end of the source, its error, or where all that follows is hidden.
  void Finish() {
    if (!source_->status().ok()) return SetError(source_->status());
    ClearStatus();
    SetEnd();
  }

  const std::unique_ptr<EntryIterator> source_;
  const Lsn max_lsn_;
  TombstoneCursor tombstones_;
};

}  // namespace

std::unique_ptr<EntryIterator> SkipCoveredRuns(std::unique_ptr<EntryIterator> source, Lsn max_lsn,
                                               std::vector<std::shared_ptr<const FragmentedTombstones>> layers,
                                               Lsn snapshot) {
  const bool any_is_newer =
      std::any_of(layers.begin(), layers.end(), [&](const auto& layer) { return layer->max_lsn() > max_lsn; });
  if (!any_is_newer) return source;
  return std::make_unique<CoveredRunSkipper>(std::move(source), max_lsn, TombstoneCursor(std::move(layers), snapshot));
}

}  // namespace aeternus
