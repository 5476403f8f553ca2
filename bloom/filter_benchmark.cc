// Cost of building and probing the filters, for keys that are in them and keys that are not, beside that of a plain
// Bloom filter, whose probes fall anywhere.
#include <bit>
#include <cstdint>
#include <string>
#include <vector>

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
template <typename Filter>
void Probe(benchmark::State& state, const Filter& filter, uint64_t family) {
  uint64_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(filter.MayContain(StableHash(family, i)));
    i = (i + 7919) % static_cast<uint64_t>(state.range(0));
  }
}
void ProbeTable(benchmark::State& state, uint64_t family) {
  const std::string bytes = FilterOf(state.range(0));
  Probe(state, FilterView::Parse(bytes).value(), family);
}
void BM_ProbeHit(benchmark::State& state) { ProbeTable(state, 1); }
void BM_ProbeMiss(benchmark::State& state) { ProbeTable(state, 2); }
BENCHMARK(BM_ProbeHit)->Arg(1'000)->Arg(1'000'000);
BENCHMARK(BM_ProbeMiss)->Arg(1'000)->Arg(1'000'000);

// Bloom's own, 1970: ten bits a key, seven probes by double hashing, a power of two of bits.
class PlainFilter {
 public:
  explicit PlainFilter(uint64_t keys)
      : words_(std::bit_ceil(keys * 10) / 64 + 1), mask_(std::bit_ceil(keys * 10) - 1) {}

  void Add(uint64_t hash) {
    for (int i = 0; i < kProbes; ++i) words_[Bit(hash, i) / 64] |= uint64_t{1} << Bit(hash, i) % 64;
  }
  bool MayContain(uint64_t hash) const {
    for (int i = 0; i < kProbes; ++i) {
      if ((words_[Bit(hash, i) / 64] >> Bit(hash, i) % 64 & 1) == 0) return false;
    }
    return true;
  }

 private:
  static constexpr int kProbes = 7;
  uint64_t Bit(uint64_t hash, int i) const {
    return (hash + static_cast<uint64_t>(i) * (std::rotl(hash, 32) | 1)) & mask_;
  }

  std::vector<uint64_t> words_;
  const uint64_t mask_;
};

PlainFilter PlainFilterOf(int64_t keys) {
  PlainFilter filter(static_cast<uint64_t>(keys));
  for (int64_t i = 0; i < keys; ++i) filter.Add(StableHash(1, i));
  return filter;
}

void BM_PlainBuild(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(PlainFilterOf(state.range(0)));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_PlainBuild)->Arg(1'000)->Arg(1'000'000);

void BM_PlainProbeHit(benchmark::State& state) { Probe(state, PlainFilterOf(state.range(0)), 1); }
void BM_PlainProbeMiss(benchmark::State& state) { Probe(state, PlainFilterOf(state.range(0)), 2); }
BENCHMARK(BM_PlainProbeHit)->Arg(1'000)->Arg(1'000'000);
BENCHMARK(BM_PlainProbeMiss)->Arg(1'000)->Arg(1'000'000);

void BM_ConcurrentAdd(benchmark::State& state) {
  ConcurrentFilter filter(static_cast<size_t>(state.range(0)));
  uint64_t i = 0;
  for (auto _ : state) filter.Add(StableHash(1, ++i % static_cast<uint64_t>(state.range(0))));
}
void BM_ConcurrentProbeMiss(benchmark::State& state) {
  ConcurrentFilter filter(static_cast<size_t>(state.range(0)));
  for (int64_t i = 0; i < state.range(0); ++i) filter.Add(StableHash(1, i));
  Probe(state, filter, 2);
}
BENCHMARK(BM_ConcurrentAdd)->Arg(1'000)->Arg(1'000'000);
BENCHMARK(BM_ConcurrentProbeMiss)->Arg(1'000)->Arg(1'000'000);

}  // namespace
}  // namespace aeternus::bloom
