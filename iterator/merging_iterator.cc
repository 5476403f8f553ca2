#include "iterator/merging_iterator.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/match.h"
#include "base/key_order.h"

namespace aeternus {
namespace {

// A binary heap of the sources that are valid, the next one in the direction of travel on top.
//
// Two sources are compared by their words first: the eight key bytes behind the prefix that all current keys share. The
// shared prefix is found when the heap is built and only shrinks as the sources move on, at most once per byte of it;
// so words stay the bytes that tell keys apart even where all keys begin alike.
class MergingIterator final : public EntryIterator {
 public:
  explicit MergingIterator(std::vector<std::unique_ptr<EntryIterator>> sources) : sources_(std::move(sources)) {
    heap_.reserve(sources_.size());
  }

  void SeekToFirst() override {
    Rebuild(/*forward=*/true, [](EntryIterator& source) { source.SeekToFirst(); });
  }
  void SeekToLast() override {
    Rebuild(/*forward=*/false, [](EntryIterator& source) { source.SeekToLast(); });
  }
  void Seek(std::string_view key, Lsn lsn) override {
    Rebuild(/*forward=*/true, [&](EntryIterator& source) { source.Seek(key, lsn); });
  }
  void SeekBefore(std::string_view key) override {
    Rebuild(/*forward=*/false, [&](EntryIterator& source) { source.SeekBefore(key); });
  }

  void Next() override {
    if (!forward_) return TurnForward();
    heap_.front().source->Next();
    TopMoved();
  }
  void Prev() override {
    if (forward_) return TurnBackward();
    heap_.front().source->Prev();
    TopMoved();
  }

 private:
  struct Head {
    EntryIterator* source;
    uint64_t word;
  };

  // Positions every source by `position`, then the merge on the first of them.
  template <typename Position>
  void Rebuild(bool forward, Position position) {
    ClearStatus();
    forward_ = forward;
    heap_.clear();
    for (const auto& source : sources_) {
      position(*source);
      if (source->Valid()) {
        heap_.push_back({source.get(), 0});
      } else if (!source->status().ok()) {
        return SetError(source->status());
      }
    }
    FindSharedPrefix();
    for (size_t i = heap_.size() / 2; i-- > 0;) SiftDown(i);
    ShowTop();
  }

  // The other sources stand before the current entry, or are exhausted: they go to what follows it.
  void TurnForward() {
    const std::string key(entry().key);
    const Lsn lsn = entry().lsn;
    EntryIterator* const current = heap_.front().source;
    Rebuild(/*forward=*/true, [&](EntryIterator& source) {
      if (&source == current) return source.Next();
      source.Seek(key, lsn);
    });
  }

  // The other sources stand behind the current entry, or are exhausted: they go to what comes before it.
  void TurnBackward() {
    const std::string key(entry().key);
    const Lsn lsn = entry().lsn;
    EntryIterator* const current = heap_.front().source;
    Rebuild(/*forward=*/false, [&](EntryIterator& source) {
      if (&source == current) return source.Prev();
      source.Seek(key, lsn);
      if (source.Valid()) return source.Prev();
      if (source.status().ok()) source.SeekToLast();
    });
  }

  void TopMoved() {
    Head& top = heap_.front();
    if (!top.source->Valid()) {
      // Where it would have come next is unknown; nothing behind the last entry may be shown.
      if (!top.source->status().ok()) return SetError(top.source->status());
      top = heap_.back();
      heap_.pop_back();
    } else if (heap_.size() > 1) {
      UpdateWord(&top);
    }
    SiftDown(0);
    ShowTop();
  }

  void ShowTop() {
    if (heap_.empty()) return SetEnd();
    SetEntry(heap_.front().source->entry());
  }

  bool ComesBefore(const Head& a, const Head& b) const {
    if (a.word != b.word) return (a.word < b.word) == forward_;
    const EntryView& left = a.source->entry();
    const EntryView& right = b.source->entry();
    const int order = CompareEntries(left.key, left.lsn, right.key, right.lsn);
    return forward_ ? order < 0 : order > 0;
  }

  void SiftDown(size_t i) {
    for (;;) {
      size_t child = 2 * i + 1;
      if (child >= heap_.size()) return;
      if (child + 1 < heap_.size() && ComesBefore(heap_[child + 1], heap_[child])) ++child;
      if (!ComesBefore(heap_[child], heap_[i])) return;
      std::swap(heap_[i], heap_[child]);
      i = child;
    }
  }

  void FindSharedPrefix() {
    shared_prefix_ = heap_.empty() ? "" : heap_.front().source->entry().key;
    ShrinkSharedPrefix();
  }

  // Shortens the shared prefix to what all current keys share, and takes all words anew.
  void ShrinkSharedPrefix() {
    for (const Head& head : heap_) {
      shared_prefix_.resize(CommonPrefixSize(shared_prefix_, head.source->entry().key));
    }
    for (Head& head : heap_) head.word = KeyPrefix(head.source->entry().key, shared_prefix_.size());
  }

  void UpdateWord(Head* head) {
    const std::string_view key = head->source->entry().key;
    if (!absl::StartsWith(key, shared_prefix_)) return ShrinkSharedPrefix();
    head->word = KeyPrefix(key, shared_prefix_.size());
  }

  const std::vector<std::unique_ptr<EntryIterator>> sources_;
  std::vector<Head> heap_;
  std::string shared_prefix_;
  bool forward_ = true;
};

}  // namespace

std::unique_ptr<EntryIterator> NewMergingIterator(std::vector<std::unique_ptr<EntryIterator>> sources) {
  if (sources.size() == 1) return std::move(sources.front());
  return std::make_unique<MergingIterator>(std::move(sources));
}

}  // namespace aeternus
