// Inserts and finds in a memtable beside std::map, keys as the system benchmark has them: 16 zero-padded digits.
// Argument: number of entries.
#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "base/types.h"
#include "benchmark/benchmark.h"
#include "memtable/memtable.h"

namespace aeternus {
namespace {

// Decimal digits of `n`, most significant first.
std::string_view Key(uint64_t n, std::array<char, 16>* buffer) {
  for (size_t i = buffer->size(); i-- > 0; n /= 10) (*buffer)[i] = static_cast<char>('0' + n % 10);
  return {buffer->data(), buffer->size()};
}

// Visits each of [0, count) once in an order that looks random: a multiplication by an odd number modulo 2^k.
uint64_t Shuffled(uint64_t i, uint64_t count) { return (i * 0x9e3779b97f4a7c15) & (count - 1); }

enum class Order { kSequential, kRandom };
uint64_t At(Order order, uint64_t i, uint64_t count) { return order == Order::kSequential ? i : Shuffled(i, count); }

// 100 bytes.
constexpr std::string_view kValue =
    "vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv";

struct MemtableIndex {
  void Insert(std::string_view key, uint64_t lsn) { memtable.Put(key, Lsn(lsn), kValue); }
  bool Find(std::string_view key) const { return memtable.Find(key, kMaxLsn).has_value(); }
  Memtable memtable;
};
// With its filter, as the engine asks it.
struct FilteredMemtableIndex {
  void Insert(std::string_view key, uint64_t lsn) { memtable.Put(key, Lsn(lsn), kValue); }
  bool Find(std::string_view key) const {
    return memtable.MayContain(StableHash(key)) && memtable.Find(key, kMaxLsn).has_value();
  }
  Memtable memtable{nullptr, /*expected_bytes=*/size_t{64} << 20};
};
struct MapIndex {
  void Insert(std::string_view key, uint64_t) { map.emplace(key, kValue); }
  bool Find(std::string_view key) const { return map.find(key) != map.end(); }
  std::map<std::string, std::string, std::less<>> map;
};

template <typename Index, Order kOrder>
void BM_Insert(benchmark::State& state) {
  const auto count = static_cast<uint64_t>(state.range(0));
  std::array<char, 16> buffer;
  for (auto _ : state) {
    auto index = std::make_unique<Index>();
    for (uint64_t i = 0; i < count; ++i) index->Insert(Key(At(kOrder, i, count), &buffer), i + 1);
    state.PauseTiming();
    index.reset();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(static_cast<int64_t>(count) * state.iterations());
}

template <typename Index, Order kOrder>
void BM_Find(benchmark::State& state) {
  const auto count = static_cast<uint64_t>(state.range(0));
  std::array<char, 16> buffer;
  Index index;
  for (uint64_t i = 0; i < count; ++i) index.Insert(Key(Shuffled(i, count), &buffer), i + 1);
  uint64_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(index.Find(Key(At(kOrder, i, count), &buffer)));
    i = (i + 12'345) & (count - 1);  // not the order of insertion
  }
  state.SetItemsProcessed(state.iterations());
}

// Keys between those that are there, at random.
template <typename Index>
void BM_FindMissing(benchmark::State& state) {
  const auto count = static_cast<uint64_t>(state.range(0));
  std::array<char, 16> buffer;
  Index index;
  for (uint64_t i = 0; i < count; ++i) index.Insert(Key(2 * Shuffled(i, count), &buffer), i + 1);
  uint64_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(index.Find(Key(2 * Shuffled(i, count) + 1, &buffer)));
    i = (i + 12'345) & (count - 1);
  }
  state.SetItemsProcessed(state.iterations());
}

#define AETERNUS_BENCHMARK_INDEX(index)                                             \
  BENCHMARK_TEMPLATE(BM_Insert, index, Order::kSequential)->Arg(1 << 19);           \
  BENCHMARK_TEMPLATE(BM_Insert, index, Order::kRandom)->Arg(1 << 10)->Arg(1 << 19); \
  BENCHMARK_TEMPLATE(BM_Find, index, Order::kSequential)->Arg(1 << 19);             \
  BENCHMARK_TEMPLATE(BM_Find, index, Order::kRandom)->Arg(1 << 10)->Arg(1 << 19);   \
  BENCHMARK_TEMPLATE(BM_FindMissing, index)->Arg(1 << 19)

AETERNUS_BENCHMARK_INDEX(MemtableIndex);
AETERNUS_BENCHMARK_INDEX(FilteredMemtableIndex);
AETERNUS_BENCHMARK_INDEX(MapIndex);

}  // namespace
}  // namespace aeternus
