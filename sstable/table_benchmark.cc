// Cost of building a table and of reading one that is in memory. Keys are zero-padded numbers, as in the comparison
// with other stores; values are 100 bytes. Beside them, what it costs to copy as many bytes, and to find a key in a
// sorted array.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/hash.h"
#include "base/types.h"
#include "benchmark/benchmark.h"
#include "iterator/entry_iterator.h"
#include "sstable/builder.h"
#include "sstable/table.h"
#include "sstable/testing/table_harness.h"

namespace aeternus::sstable {
namespace {

using testing::Put;
using testing::TableHarness;
using testing::TableModel;

constexpr int64_t kKeys = 200'000;

// Even numbers are in the table, odd ones are not.
std::string Key(int64_t i) { return absl::StrFormat("%016d", 2 * i); }
std::string MissingKey(int64_t i) { return absl::StrFormat("%016d", 2 * i + 1); }

TableModel Model() {
  TableModel model;
  for (int64_t i = 0; i < kKeys; ++i) model.entries.push_back(Put(Key(i), 1 + i, std::string(100, 'v')));
  return model;
}

// One table for all benchmarks of the process, all of it in memory.
Table& WarmTable() {
  static TableHarness& harness = *new TableHarness(size_t{1} << 30);
  static Table& table = *[] {
    harness.Build(Model());
    auto* table = new std::shared_ptr<Table>(harness.Open());
    const std::unique_ptr<EntryIterator> it = (*table)->NewIterator();
    for (it->SeekToFirst(); it->Valid(); it->Next()) {
    }
    return table->get();
  }();
  return table;
}

void BM_Build(benchmark::State& state) {
  const TableModel model = Model();
  TableHarness harness;
  for (auto _ : state) harness.Build(model);
  state.SetItemsProcessed(state.iterations() * kKeys);
}
BENCHMARK(BM_Build)->Unit(benchmark::kMillisecond);

template <std::string (*MakeKey)(int64_t)>
void BM_Find(benchmark::State& state) {
  Table& table = WarmTable();
  int64_t i = state.thread_index() * 1000;
  for (auto _ : state) {
    i = (i + 7919 * 13) % kKeys;
    const std::string key = MakeKey(i);
    benchmark::DoNotOptimize(table.Find(key, StableHash(key), kMaxLsn));
  }
}
void BM_MakeKey(benchmark::State& state) {
  int64_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(Key(i = (i + 7919 * 13) % kKeys));
}
BENCHMARK(BM_MakeKey);  // part of what each Find below costs
BENCHMARK(BM_Find<Key>)->Name("BM_FindHit")->Threads(1)->Threads(2);
BENCHMARK(BM_Find<MissingKey>)->Name("BM_FindMiss")->Threads(1)->Threads(2);

void BM_Scan(benchmark::State& state) {
  const std::unique_ptr<EntryIterator> it = WarmTable().NewIterator();
  for (auto _ : state) {
    for (it->SeekToFirst(); it->Valid(); it->Next()) benchmark::DoNotOptimize(it->entry());
  }
  state.SetItemsProcessed(state.iterations() * kKeys);
}
BENCHMARK(BM_Scan)->Unit(benchmark::kMillisecond);

void BM_CopyAsMuch(benchmark::State& state) {
  const std::string from(kKeys * (16 + 100), 'v');
  std::string to(from.size(), '\0');
  for (auto _ : state) {
    std::memcpy(to.data(), from.data(), from.size());
    benchmark::DoNotOptimize(to.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * kKeys);
}
BENCHMARK(BM_CopyAsMuch)->Unit(benchmark::kMillisecond);

void BM_FindInSortedArray(benchmark::State& state) {
  std::vector<std::string> keys;
  for (int64_t i = 0; i < kKeys; ++i) keys.push_back(Key(i));
  int64_t i = 0;
  for (auto _ : state) {
    i = (i + 7919 * 13) % kKeys;
    benchmark::DoNotOptimize(std::lower_bound(keys.begin(), keys.end(), Key(i)));
  }
}
BENCHMARK(BM_FindInSortedArray);

void BM_Seek(benchmark::State& state) {
  const std::unique_ptr<EntryIterator> it = WarmTable().NewIterator();
  int64_t i = 0;
  for (auto _ : state) {
    it->Seek(Key(i = (i + 7919 * 13) % kKeys), kMaxLsn);
    benchmark::DoNotOptimize(it->entry());
  }
}
BENCHMARK(BM_Seek);

}  // namespace
}  // namespace aeternus::sstable
