// Merging sorted sources in memory, beside a heap of their heads, as std::priority_queue keeps it, which makes no
// windows of what it finds. Argument: the number of sources. Keys are zero-padded numbers, dealt out to the sources at
// random; or in long runs, as after inserts in order.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <queue>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/types/span.h"
#include "base/entry.h"
#include "base/key_order.h"
#include "benchmark/benchmark.h"
#include "iterator/entry_iterator.h"
#include "iterator/merging_iterator.h"

namespace aeternus {
namespace {

constexpr uint64_t kEntries = 100'000;

struct Sources {
  std::vector<std::string> keys;
  std::vector<std::vector<EntryView>> entries;
};

Sources MakeSources(uint64_t count, uint64_t run_length) {
  Sources sources;
  sources.entries.resize(count);
  for (uint64_t i = 0; i < kEntries; ++i) sources.keys.push_back(absl::StrFormat("%016d", i));
  for (uint64_t i = 0; i < kEntries; ++i) {
    const uint64_t source = (i / run_length * 0x9e3779b97f4a7c15 >> 32) % count;
    sources.entries[source].push_back({sources.keys[i], Lsn(i + 1), EntryKind::kPut, "value"});
  }
  return sources;
}

// Shows them as they lie, in full windows.
class ArrayIterator final : public EntryIterator {
 public:
  explicit ArrayIterator(absl::Span<const EntryView> entries) : entries_(entries) {}

  void SeekToFirst() override { Show(0); }
  void SeekToLast() override { Show(entries_.size() - std::min(entries_.size(), kWindowMax)); }
  void Seek(std::string_view key, Lsn lsn) override {
    Show(CountBefore([&](const EntryView& e) { return CompareEntries(e.key, e.lsn, key, lsn) < 0; }));
  }
  void SeekBefore(std::string_view key) override {
    const size_t before = CountBefore([&](const EntryView& e) { return e.key < key; });
    before == 0 ? SetEnd() : Show(before - 1);
  }
  void NextWindow() override { Show(static_cast<size_t>(window_end() - entries_.data())); }
  void PrevWindow() override {
    const auto begin = static_cast<size_t>(window_begin() - entries_.data());
    begin == 0 ? SetEnd() : Show(begin - 1);
  }

 private:
  template <typename Predicate>
  size_t CountBefore(Predicate is_before) const {
    return static_cast<size_t>(std::partition_point(entries_.begin(), entries_.end(), is_before) - entries_.begin());
  }
  void Show(size_t first) {
    if (first == entries_.size()) return SetEnd();
    const EntryView* const begin = entries_.data() + first;
    SetWindow(begin, begin, begin + std::min(entries_.size() - first, kWindowMax));
  }

  const absl::Span<const EntryView> entries_;
};

template <uint64_t kRunLength>
void BM_Merge(benchmark::State& state) {
  const Sources sources = MakeSources(static_cast<uint64_t>(state.range(0)), kRunLength);
  for (auto _ : state) {
    std::vector<std::unique_ptr<EntryIterator>> iterators;
    for (const auto& entries : sources.entries) iterators.push_back(std::make_unique<ArrayIterator>(entries));
    const std::unique_ptr<EntryIterator> merged = NewMergingIterator(std::move(iterators));
    for (merged->SeekToFirst(); merged->Valid(); merged->Next()) benchmark::DoNotOptimize(merged->entry());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kEntries));
}

template <uint64_t kRunLength>
void BM_MergeByHeap(benchmark::State& state) {
  const Sources sources = MakeSources(static_cast<uint64_t>(state.range(0)), kRunLength);
  using Head = absl::Span<const EntryView>;
  const auto is_behind = [](const Head& a, const Head& b) {
    return CompareEntries(a[0].key, a[0].lsn, b[0].key, b[0].lsn) > 0;
  };
  for (auto _ : state) {
    std::priority_queue<Head, std::vector<Head>, decltype(is_behind)> heads(is_behind);
    for (const auto& entries : sources.entries) heads.push(entries);
    while (!heads.empty()) {
      Head head = heads.top();
      heads.pop();
      benchmark::DoNotOptimize(head[0]);
      head.remove_prefix(1);
      if (!head.empty()) heads.push(head);
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kEntries));
}

BENCHMARK(BM_Merge<1>)->Name("BM_MergeShuffled")->Arg(2)->Arg(4)->Arg(16);
BENCHMARK(BM_MergeByHeap<1>)->Name("BM_MergeShuffledByHeap")->Arg(2)->Arg(4)->Arg(16);
BENCHMARK(BM_Merge<1'000>)->Name("BM_MergeRuns")->Arg(2)->Arg(4)->Arg(16);
BENCHMARK(BM_MergeByHeap<1'000>)->Name("BM_MergeRunsByHeap")->Arg(2)->Arg(4)->Arg(16);

}  // namespace
}  // namespace aeternus
