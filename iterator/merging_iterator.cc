#include "iterator/merging_iterator.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "absl/strings/match.h"
#include "base/key_order.h"
#include "iterator/loser_tree.h"
#include "iterator/window_buffer.h"

namespace aeternus {
namespace {

// The sources' windows are merged into a window of the iterator's own, which ends where the first of them is used up:
// going on would take that source's views away. A source whose next entries come before those of all others lends its
// window out instead, and nothing is copied.
//
// Sources are compared by words, taken for a whole window at once: the eight key bytes behind a prefix that all keys of
// all current windows share. So words stay the bytes that tell keys apart even where all keys begin alike. As the
// windows move on the prefix shrinks, at most once per byte of it; when words tie too often, it is looked for anew.
class MergingIterator final : public EntryIterator {
 public:
  explicit MergingIterator(std::vector<std::unique_ptr<EntryIterator>> sources) {
    sources_.reserve(sources.size());
    for (auto& source : sources) sources_.push_back(std::make_unique<Source>(std::move(source)));
    live_.reserve(sources.size());
  }

  void SeekToFirst() override {
    Rebuild<true>([](EntryIterator& source) { source.SeekToFirst(); });
  }
  void SeekToLast() override {
    Rebuild<false>([](EntryIterator& source) { source.SeekToLast(); });
  }
  void Seek(std::string_view key, Lsn lsn) override {
    // A view of a source's window would die with that source's seek.
    target_.assign(key);
    PrepareSources({.key = target_, .lsn = lsn});
    Rebuild<true>([&](EntryIterator& source) { source.Seek(target_, lsn); });
  }
  void SeekBefore(std::string_view key) override {
    target_.assign(key);
    PrepareSources({.key = target_, .lsn = kMaxLsn, .is_before = true});
    Rebuild<false>([&](EntryIterator& source) { source.SeekBefore(target_); });
  }
  void NextWindow() override { is_forward_ ? Refill<true>() : TurnForward(); }
  void PrevWindow() override { is_forward_ ? TurnBackward() : Refill<false>(); }

 private:
  struct Source {
    explicit Source(std::unique_ptr<EntryIterator> iterator) : entries(std::move(iterator)) {}

    const std::unique_ptr<EntryIterator> entries;
    // What is left of its window, in the direction of travel: `count` entries from `at` on, with their words.
    const EntryView* at = nullptr;
    size_t count = 0;
    const uint64_t* word = nullptr;
    std::array<uint64_t, kWindowMax> words;
  };
  // A source's window is lent out for as many entries in a row.
  static constexpr size_t kLendMin = 8;
  // Ties in one window before the shared prefix is looked for anew.
  static constexpr size_t kTiesMax = 16;

  void PrepareSources(const SeekTarget& target) {
    for (int step = 0; step < kSeekSteps; ++step) {
      for (const auto& source : sources_) source->entries->PrepareSeek(target, step);
    }
  }

  // The entry `n` steps of travel from `at`.
  template <bool kForward>
  static const EntryView* Step(const EntryView* at, size_t n) {
    return kForward ? at + n : at - n;
  }

  // Positions every source by `position`, then the merge on the first of them.
  template <bool kForward, typename Position>
  void Rebuild(Position position) {
    ClearStatus();
    is_forward_ = kForward;
    used_up_ = nullptr;
    live_.clear();
    for (const auto& source : sources_) {
      position(*source->entries);
      if (source->entries->Valid()) {
        TakeWindow<kForward>(source.get());
        live_.push_back(source.get());
      } else if (!source->entries->status().ok()) {
        return Fail(source->entries->status());
      }
    }
    shared_prefix_ = SharedPrefix<kForward>();
    TakeAllWords<kForward>();
    ShowWindow<kForward>();
  }

  // The sources stand before the window, or are exhausted: they go to what follows it.
  void TurnForward() {
    const EntryView& last = window_end()[-1];
    const Lsn lsn(last.lsn.value - 1);  // no entry has LSN 0
    target_.assign(last.key);
    PrepareSources({.key = target_, .lsn = lsn});
    Rebuild<true>([&](EntryIterator& source) { source.Seek(target_, lsn); });
  }

  // The sources stand behind the window, or are exhausted: they go to what comes before it.
  void TurnBackward() {
    const Lsn lsn = window_begin()->lsn;
    target_.assign(window_begin()->key);
    PrepareSources({.key = target_, .lsn = lsn});
    Rebuild<false>([&](EntryIterator& source) {
      source.Seek(target_, lsn);
      if (source.Valid()) return source.Prev();
      if (source.status().ok()) source.SeekToLast();
    });
  }

  // The next window in the direction of travel.
  template <bool kForward>
  void Refill() {
    if (Source* const source = std::exchange(used_up_, nullptr); source != nullptr) {
      kForward ? source->entries->NextWindow() : source->entries->PrevWindow();
      // Where it would have come next is unknown; nothing behind the last entry may be shown.
      if (!source->entries->status().ok()) return Fail(source->entries->status());
      if (source->entries->Valid()) {
        TakeWindow<kForward>(source);
        if (TakeWords<kForward>(source) && is_tree_built_) Replay<kForward>(source);
      } else {
        live_.erase(std::find(live_.begin(), live_.end(), source));
        is_tree_built_ = false;
      }
    }
    if (ties_ > kTiesMax) FindLongerPrefix<kForward>();
    ties_ = 0;
    ShowWindow<kForward>();
  }

  void Fail(absl::Status status) {
    live_.clear();
    SetError(std::move(status));
  }

  template <bool kForward>
  void ShowWindow() {
    if (live_.empty()) return SetEnd();
    if (live_.size() == 1) return Lend<kForward>(live_[0], live_[0]->count);
    if (const auto [a, b] = TwoInPlay(); a != nullptr) {
      is_tree_built_ = false;
      return ShowWindowOfTwo<kForward>(a, b);
    }
    if (!is_tree_built_) BuildTree<kForward>();
    Source* const first = live_[tree_.winner()];
    const size_t count = CountToLend(*first, tree_.runner_up_word());
    if (count == 0) return MergeWindow<kForward>();
    Lend<kForward>(first, count);
    if (used_up_ == nullptr) Replay<kForward>(first);
  }

  // The sources that have a part in what comes before the first window is used up, if no more than two have: as where
  // all others have entries of other keys alone. Nulls otherwise.
  std::pair<Source*, Source*> TwoInPlay() const {
    if (live_.size() == 2) return {live_[0], live_[1]};
    uint64_t limit = std::numeric_limits<uint64_t>::max();
    for (const Source* const source : live_) limit = std::min(limit, source->word[source->count - 1]);
    Source* found[2] = {nullptr, nullptr};
    size_t count = 0;
    for (Source* const source : live_) {
      if (*source->word > limit) continue;
      if (count == 2) return {nullptr, nullptr};
      found[count++] = source;
    }
    // One alone is merged with any other, of which nothing comes in between.
    if (count == 1) found[1] = live_[0] == found[0] ? live_[1] : live_[0];
    return {found[0], found[1]};
  }

  template <bool kForward>
  void ShowWindowOfTwo(Source* a, Source* b) {
    if (*b->word < *a->word) std::swap(a, b);
    if (const size_t count = CountToLend(*a, *b->word); count > 0) return Lend<kForward>(a, count);
    MergeTwo<kForward>(a, b);
  }

  // How many entries of the first source come before everybody else's, of which `limit` is the least word; 0: not
  // enough to lend its window out.
  static size_t CountToLend(const Source& first, uint64_t limit) {
    if (first.count < kLendMin || first.word[kLendMin - 1] >= limit) return 0;
    return static_cast<size_t>(std::lower_bound(first.word, first.word + first.count, limit) - first.word);
  }

  // Shows `count` of the first source's own entries.
  template <bool kForward>
  void Lend(Source* source, size_t count) {
    const EntryView* const first = source->at;
    if (kForward) {
      SetWindow(first, first, first + count);
    } else {
      SetWindow(first + 1 - count, first, first + 1);
    }
    Advance<kForward>(source, count);
  }

  template <bool kForward>
  void MergeWindow() {
    EntryView* const begin = kForward ? buffer_.begin() : buffer_.end();
    EntryView* out = begin;
    Source* const* const live = live_.data();
    size_t winner = tree_.winner();
    for (size_t room = kWindowMax; room > 0; --room) {
      Source* const source = live[winner];
      std::construct_at(kForward ? out++ : --out, *source->at);
      if (Advance<kForward>(source, 1)) break;
      winner = tree_.Replay(winner, *source->word, Tie<kForward>{this});
    }
    kForward ? SetWindow(begin, begin, out) : SetWindow(out, begin - 1, begin);
  }

  // The same for two sources, as most merges have: each next entry is one comparison away, and no branch depends on who
  // wins it.
  template <bool kForward>
  void MergeTwo(Source* a, Source* b) {
    const EntryView *a_at = a->at, *b_at = b->at;
    const uint64_t *a_word = a->word, *b_word = b->word;
    const uint64_t *const a_end = a_word + a->count, *const b_end = b_word + b->count;
    EntryView* const begin = kForward ? buffer_.begin() : buffer_.end();
    EntryView* out = begin;
    for (size_t room = kWindowMax; room > 0 && a_word != a_end && b_word != b_end; --room) {
      bool takes_a = *a_word < *b_word;
      if (*a_word == *b_word) [[unlikely]] {
        a->at = a_at;
        b->at = b_at;
        takes_a = ComesBefore<kForward>(*a, *b);
      }
      std::construct_at(kForward ? out++ : --out, takes_a ? *a_at : *b_at);
      a_at = Step<kForward>(a_at, takes_a);
      a_word += takes_a;
      b_at = Step<kForward>(b_at, !takes_a);
      b_word += !takes_a;
    }
    for (const auto& [source, at, word, end] :
         {std::tuple(a, a_at, a_word, a_end), std::tuple(b, b_at, b_word, b_end)}) {
      source->at = at;
      source->word = word;
      source->count = static_cast<size_t>(end - word);
      if (source->count == 0) used_up_ = source;
    }
    kForward ? SetWindow(begin, begin, out) : SetWindow(out, begin - 1, begin);
  }

  // Whether the window of `source`, which stays first until it gets another, is used up.
  template <bool kForward>
  bool Advance(Source* source, size_t count) {
    source->at = Step<kForward>(source->at, count);
    source->word += count;
    source->count -= count;
    if (source->count == 0) used_up_ = source;
    return source->count == 0;
  }

  // The first source has moved.
  template <bool kForward>
  void Replay(const Source* source) {
    tree_.Replay(*source->word, Tie<kForward>{this});
  }

  // Decides between sources whose words tie: seldom, or for each key where many have a version of it.
  template <bool kForward>
  struct Tie {
    MergingIterator* merge;
    bool operator()(size_t a, size_t b) const {
      return merge->ComesBefore<kForward>(*merge->live_[a], *merge->live_[b]);
    }
  };
  template <bool kForward>
  bool ComesBefore(const Source& a, const Source& b) {
    // Where the words hold all that is left of both keys, these are versions of one.
    const size_t size = a.at->key.size();
    if (size == b.at->key.size() && size <= shared_prefix_.size() + sizeof(uint64_t)) {
      return kForward ? a.at->lsn > b.at->lsn : a.at->lsn < b.at->lsn;
    }
    return ComesBeforeAsAWhole<kForward>(a, b);
  }
  template <bool kForward>
  [[gnu::noinline]] bool ComesBeforeAsAWhole(const Source& a, const Source& b) {
    ++ties_;
    const int order = CompareEntries(a.at->key, a.at->lsn, b.at->key, b.at->lsn);
    return kForward ? order < 0 : order > 0;
  }

  template <bool kForward>
  void BuildTree() {
    is_tree_built_ = true;
    tree_.Build(
        live_.size(), [this](size_t i) { return *live_[i]->word; }, Tie<kForward>{this});
  }

  template <bool kForward>
  static void TakeWindow(Source* source) {
    const absl::Span<const EntryView> window = kForward ? source->entries->ahead() : source->entries->behind();
    source->at = kForward ? window.data() : &window.back();
    source->count = window.size();
  }

  // Takes the words of one source's window, unless it has nobody to be compared with. False when all were taken anew,
  // for the shared prefix had to shrink.
  template <bool kForward>
  bool TakeWords(Source* source) {
    source->word = source->words.data();
    if (live_.size() == 1) {
      source->words[0] = 0;
      return true;
    }
    const EntryView* const last = Step<kForward>(source->at, source->count - 1);
    if (!absl::StartsWith(source->at->key, shared_prefix_) || !absl::StartsWith(last->key, shared_prefix_)) {
      shared_prefix_ = SharedPrefix<kForward>();
      TakeAllWords<kForward>();
      return false;
    }
    for (size_t i = 0; i < source->count; ++i) {
      const uint64_t word = KeyPrefix(Step<kForward>(source->at, i)->key, shared_prefix_.size());
      source->words[i] = kForward ? word : ~word;  // what comes first has the least word either way
    }
    return true;
  }

  template <bool kForward>
  void TakeAllWords() {
    for (Source* const source : live_) TakeWords<kForward>(source);
    is_tree_built_ = false;
  }

  // Of all keys in what is left of the windows: what the ends of a sorted sequence share, all of it shares.
  template <bool kForward>
  std::string_view SharedPrefix() const {
    std::string_view prefix = live_.empty() ? "" : live_.front()->at->key;
    for (const Source* const source : live_) {
      for (const size_t i : {size_t{0}, source->count - 1}) {
        prefix = prefix.substr(0, CommonPrefixSize(prefix, Step<kForward>(source->at, i)->key));
      }
    }
    return prefix;
  }

  template <bool kForward>
  void FindLongerPrefix() {
    const std::string_view prefix = SharedPrefix<kForward>();
    if (prefix.size() <= shared_prefix_.size()) return;
    shared_prefix_ = prefix;
    TakeAllWords<kForward>();
  }

  std::vector<std::unique_ptr<Source>> sources_;
  std::vector<Source*> live_;  // those that have entries left; the tree knows them by their place here
  LoserTree tree_;
  bool is_tree_built_ = false;  // of all of them as they stand, up to one that is used up
  Source* used_up_ = nullptr;   // the first one, when it needs another window before it can be asked for more
  std::string shared_prefix_;
  std::string target_;  // of the last seek
  size_t ties_ = 0;
  bool is_forward_ = true;
  WindowBuffer<EntryView, kWindowMax> buffer_;
};

}  // namespace

std::unique_ptr<EntryIterator> NewMergingIterator(std::vector<std::unique_ptr<EntryIterator>> sources) {
  if (sources.size() == 1) return std::move(sources.front());
  return std::make_unique<MergingIterator>(std::move(sources));
}

}  // namespace aeternus
