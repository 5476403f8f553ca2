#include "iterator/covered_run_skipper.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "iterator/tombstone_cursor.h"

namespace aeternus {
namespace {

// Entries of a run that are passed one by one before a seek passes the rest: most runs are short.
constexpr int kStepsMax = 8;

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
  void Next() override {
    source_->Next();
    SkipForward();
  }
  void Prev() override {
    source_->Prev();
    SkipBackward();
  }

 private:
  bool OnCovered() { return source_->Valid() && tombstones_.MaxCovering(source_->entry().key) > max_lsn_; }

  void SkipForward() {
    for (int steps = 1; OnCovered(); ++steps) {
      if (steps % kStepsMax != 0) {
        source_->Next();
      } else if (tombstones_.upper().has_value()) {
        source_->Seek(*tombstones_.upper(), kMaxLsn);
      } else {
        return Finish();  // the rest is hidden
      }
    }
    Show();
  }

  void SkipBackward() {
    for (int steps = 1; OnCovered(); ++steps) {
      if (steps % kStepsMax != 0) {
        source_->Prev();
      } else {
        source_->SeekBefore(tombstones_.lower());
      }
    }
    Show();
  }

  void Show() {
    if (!source_->status().ok()) return SetError(source_->status());
    if (!source_->Valid()) return Finish();
    ClearStatus();
    SetEntry(source_->entry());
  }
  void Finish() {
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
