// Cost of building and probing the filters, for keys that are in them and keys that are not.
#include <cstdint>
#include <string>

#include "base/hash.h"
#include "benchmark/benchmark.h"
#include "bloom/concurrent_filter.h"
#include "bloom/filter.h"

namespace aeternus::bloom {
namespace {

std::string FilterOf(int64_t keys) {
  FilterBuilder builder(10);
  for (int64_t i = 0; i < keys; ++i) builder.Add(StableHash(1, i));
  return builder.Finish();
}

void BM_Build(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(FilterOf(state.range(0)));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_Build)->Arg(1'000)->Arg(1'000'000);

// `family` 1 probes keys of the filter, any other probes strangers.
void Probe(benchmark::State& state, uint64_t family) {
  const std::string bytes = FilterOf(state.range(0));
  const FilterView filter = FilterView::Parse(bytes).value();
  uint64_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(filter.MayContain(StableHash(family, i)));
    i = (i + 7919) % state.range(0);
  }
}
void BM_ProbeHit(benchmark::State& state) { Probe(state, 1); }
void BM_ProbeMiss(benchmark::State& state) { Probe(state, 2); }
BENCHMARK(BM_ProbeHit)->Arg(1'000)->Arg(1'000'000);
BENCHMARK(BM_ProbeMiss)->Arg(1'000)->Arg(1'000'000);

void BM_ConcurrentAdd(benchmark::State& state) {
  ConcurrentFilter filter(static_cast<size_t>(state.range(0)));
  uint64_t i = 0;
  for (auto _ : state) filter.Add(StableHash(1, ++i % static_cast<uint64_t>(state.range(0))));
}
void BM_ConcurrentProbeMiss(benchmark::State& state) {
  ConcurrentFilter filter(static_cast<size_t>(state.range(0)));
  for (int64_t i = 0; i < state.range(0); ++i) filter.Add(StableHash(1, i));
  uint64_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(filter.MayContain(StableHash(2, ++i)));
}
BENCHMARK(BM_ConcurrentAdd)->Arg(1'000)->Arg(1'000'000);
BENCHMARK(BM_ConcurrentProbeMiss)->Arg(1'000)->Arg(1'000'000);

}  // namespace
}  // namespace aeternus::bloom
