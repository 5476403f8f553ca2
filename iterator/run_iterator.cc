#include "iterator/run_iterator.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/types/span.h"
#include "base/entry.h"
#include "base/key_order.h"
#include "base/types.h"

namespace aeternus {
namespace {

class RunIterator final : public EntryIterator {
 public:
  explicit RunIterator(std::vector<RunPart> parts) : parts_(std::move(parts)), opened_(parts_.size()) {}

  void SeekToFirst() override {
    GiveUpPrepared();
    if (parts_.empty()) return End();
    Part(0).SeekToFirst();
    ShowForward();
  }
  void SeekToLast() override {
    GiveUpPrepared();
    if (parts_.empty()) return End();
    Part(parts_.size() - 1).SeekToLast();
    ShowBackward();
  }
  void Seek(std::string_view key, Lsn lsn) override {
    prepared_ = nullptr;
    const size_t part = PartAtOrBehind(key);
    if (part == parts_.size()) return End();
    Part(part).Seek(key, lsn);
    ShowForward();
  }
  void SeekBefore(std::string_view key) override {
    prepared_ = nullptr;
    const size_t parts = PartsThatBeginBefore(key);
    if (parts == 0) return End();
    Part(parts - 1).SeekBefore(key);
    ShowBackward();
  }
  void SkipTo(std::string_view key) override {
    const size_t part = PartAtOrBehind(key);
    if (part == parts_.size()) return End();
    if (part == at_) {
      source_->SkipTo(key);
    } else {
      Part(part).Seek(key, kMaxLsn);
    }
    ShowForward();
  }
  void PrepareSeek(const SeekTarget& target, int step) override {
    if (step == 0) {
      prepared_ = nullptr;
      SetEnd();
      const size_t part = target.is_before ? PartsThatBeginBefore(target.key) - 1 : PartAtOrBehind(target.key);
      if (part < parts_.size()) prepared_ = &Part(part);
    }
    if (prepared_ != nullptr) prepared_->PrepareSeek(target, step);
  }
  void NextWindow() override {
    source_->NextWindow();
    ShowForward();
  }
  void PrevWindow() override {
    source_->PrevWindow();
    ShowBackward();
  }

 private:
  // The first part that does not end below `key`: if that lies behind its last entry, then also before the next part's
  // first one.
  size_t PartAtOrBehind(std::string_view key) const {
    const auto ends_below = [key](const RunPart& part) {
      if (!part.largest.has_value()) return false;
      const int c = CompareKeys(*part.largest, key);
      return part.largest_is_exclusive ? c <= 0 : c < 0;
    };
    return static_cast<size_t>(std::partition_point(parts_.begin(), parts_.end(), ends_below) - parts_.begin());
  }
  size_t PartsThatBeginBefore(std::string_view key) const {
    const auto begins_before = [key](const RunPart& part) { return CompareKeys(part.smallest, key) < 0; };
    return static_cast<size_t>(std::partition_point(parts_.begin(), parts_.end(), begins_before) - parts_.begin());
  }

  // Makes a part the one in which the iterator stands.
  EntryIterator& Part(size_t part) {
    if (opened_[part] == nullptr) opened_[part] = parts_[part].open();
    at_ = part;
    source_ = opened_[part].get();
    return *source_;
  }
  void GiveUpPrepared() {
    if (prepared_ != nullptr) std::exchange(prepared_, nullptr)->SeekToFirst();
  }

  // The window of the part, or of the next one that has an entry.
  void ShowForward() {
    while (!source_->Valid()) {
      if (!source_->status().ok()) return SetError(source_->status());
      if (at_ + 1 == parts_.size()) return End();
      Part(at_ + 1).SeekToFirst();
    }
    Show();
  }
  void ShowBackward() {
    while (!source_->Valid()) {
      if (!source_->status().ok()) return SetError(source_->status());
      if (at_ == 0) return End();
      Part(at_ - 1).SeekToLast();
    }
    Show();
  }
  void Show() {
    const absl::Span<const EntryView> ahead = source_->ahead();
    ClearStatus();
    SetWindow(source_->behind().data(), ahead.data(), ahead.data() + ahead.size());
  }
  void End() {
    ClearStatus();
    SetEnd();
  }

  const std::vector<RunPart> parts_;
  std::vector<std::unique_ptr<EntryIterator>> opened_;  // null: not yet
  size_t at_ = 0;                                       // the part in which the iterator stands,
  EntryIterator* source_ = nullptr;                     // and its entries
  EntryIterator* prepared_ = nullptr;                   // the part for which a seek is prepared
};

}  // namespace

std::unique_ptr<EntryIterator> NewRunIterator(std::vector<RunPart> parts) {
  return std::make_unique<RunIterator>(std::move(parts));
}

}  // namespace aeternus
