// Cost of scans beside std::map: over one table, over three tables whose keys lie between one another, over the same
// three after two fifths of their keys were deleted by range tombstones that are still in the memtable, over a
// memtable, and over a memtable in which some keys have very many versions. Keys are 16 zero-padded digits, values 100
// bytes, and of each pair the key and a byte of the value are read.
//
//   ./bazelw run --config=release //engine:scan_benchmark
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "aeternus/engine.h"
#include "aeternus/iterator.h"
#include "aeternus/options.h"
#include "benchmark/benchmark.h"
#include "env/testing/sim_env.h"

namespace aeternus {
namespace {

constexpr uint64_t kKeys = uint64_t{1} << 20;
constexpr int kSteps = 100;  // of a short scan
constexpr uint64_t kRangeKeys = 100;
constexpr uint64_t kKeysPerRange = 250;  // of which the rest stay

std::string Key(uint64_t i) { return absl::StrFormat("%016d", i); }
// Visits each of [0, kKeys) once in an order that looks random.
uint64_t Shuffled(uint64_t i) { return (i * 0x9e3779b97f4a7c15) & (kKeys - 1); }

void Check(const absl::Status& status) {
  if (!status.ok()) std::abort();
}

enum class Shape { kOneTable, kThreeTables, kDeletedRanges, kMemtable, kHotKeys };

class Database {
 public:
  explicit Database(Shape shape) {
    EngineConfig config{.write_buffer_bytes = size_t{256} << 20, .memory_budget_bytes = size_t{1} << 30};
    config.env = env_.env();
    engine_ = Engine::Open("/db", config).value();
    const uint64_t parts = shape == Shape::kMemtable || shape == Shape::kHotKeys ? 1 : 3;
    for (uint64_t part = 0; part < parts; ++part) {
      for (uint64_t i = part; i < kKeys; i += parts) Put(Shuffled(i));
      if (parts > 1) Flush();
    }
    if (shape == Shape::kOneTable) Check(engine_->MajorCompact().status());
    for (uint64_t i = 0; shape == Shape::kDeletedRanges && i < kKeys; i += kKeysPerRange) {
      Check(engine_->DeleteRange(Key(i), Key(i + kRangeKeys), {.sync = false}));
    }
    // Every thousandth key was written a hundred times more.
    for (uint64_t i = 0; shape == Shape::kHotKeys && i < kKeys / 10; ++i) Put(i / 100 * 1000);
    const std::unique_ptr<Iterator> it = NewIterator();
    for (it->SeekToFirst(); it->Valid(); it->Next()) continue;  // warms the cache
  }

  std::unique_ptr<Iterator> NewIterator() { return engine_->NewIterator({}).value(); }

  static Database& Of(Shape shape) {
    static std::map<Shape, std::unique_ptr<Database>>& databases = *new std::map<Shape, std::unique_ptr<Database>>();
    std::unique_ptr<Database>& database = databases[shape];
    if (database == nullptr) database = std::make_unique<Database>(shape);
    return *database;
  }

 private:
  void Put(uint64_t i) { Check(engine_->Put(Key(i), std::string(100, 'v'), {.sync = false})); }

  void Flush() {
    Check(engine_->FreezeMemtable().status());
    Check(engine_->FlushAllFrozen().status());
  }

  env::testing::SimEnv env_{/*seed=*/1};
  std::unique_ptr<Engine> engine_;
};

uint64_t Use(std::string_view key, std::string_view value) {
  return key.size() + static_cast<unsigned char>(value.front());
}

// The measured work; not inlined, so that a profiler can be told to count this and nothing else.
[[gnu::noinline]] void WalkForward(Iterator& it) {
  uint64_t used = 0;
  for (it.SeekToFirst(); it.Valid(); it.Next()) used += Use(it.key(), it.value());
  benchmark::DoNotOptimize(used);
}
[[gnu::noinline]] void WalkBackward(Iterator& it) {
  uint64_t used = 0;
  for (it.SeekToLast(); it.Valid(); it.Prev()) used += Use(it.key(), it.value());
  benchmark::DoNotOptimize(used);
}
[[gnu::noinline]] void WalkShort(Iterator& it, std::string_view from) {
  uint64_t used = 0;
  it.Seek(from);
  for (int n = 0; n < kSteps && it.Valid(); ++n, it.Next()) used += Use(it.key(), it.value());
  benchmark::DoNotOptimize(used);
}
[[gnu::noinline]] void WalkShortAnew(Database& database, std::string_view from) {
  WalkShort(*database.NewIterator(), from);
}

template <Shape kShape>
void BM_Forward(benchmark::State& state) {
  const std::unique_ptr<Iterator> it = Database::Of(kShape).NewIterator();
  for (auto _ : state) WalkForward(*it);
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kKeys));
}
template <Shape kShape>
void BM_Backward(benchmark::State& state) {
  const std::unique_ptr<Iterator> it = Database::Of(kShape).NewIterator();
  for (auto _ : state) WalkBackward(*it);
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kKeys));
}
template <Shape kShape>
void BM_Short(benchmark::State& state) {
  const std::unique_ptr<Iterator> it = Database::Of(kShape).NewIterator();
  uint64_t i = 0;
  for (auto _ : state) WalkShort(*it, Key(Shuffled(++i)));
}
template <Shape kShape>
void BM_ShortRefreshed(benchmark::State& state) {
  const std::unique_ptr<Iterator> it = Database::Of(kShape).NewIterator();
  uint64_t i = 0;
  for (auto _ : state) {
    Check(it->Refresh());
    WalkShort(*it, Key(Shuffled(++i)));
  }
}
template <Shape kShape>
void BM_ShortAnew(benchmark::State& state) {
  Database& database = Database::Of(kShape);
  uint64_t i = 0;
  for (auto _ : state) WalkShortAnew(database, Key(Shuffled(++i)));
}

#define AETERNUS_SCAN_BENCHMARKS(shape)                         \
  BENCHMARK(BM_Forward<shape>)->Unit(benchmark::kMillisecond);  \
  BENCHMARK(BM_Backward<shape>)->Unit(benchmark::kMillisecond); \
  BENCHMARK(BM_Short<shape>);                                   \
  BENCHMARK(BM_ShortRefreshed<shape>);                          \
  BENCHMARK(BM_ShortAnew<shape>)
AETERNUS_SCAN_BENCHMARKS(Shape::kOneTable);
AETERNUS_SCAN_BENCHMARKS(Shape::kThreeTables);
AETERNUS_SCAN_BENCHMARKS(Shape::kDeletedRanges);
AETERNUS_SCAN_BENCHMARKS(Shape::kMemtable);
AETERNUS_SCAN_BENCHMARKS(Shape::kHotKeys);

const std::map<std::string, std::string, std::less<>>& Map() {
  static const auto& map = *[] {
    auto* made = new std::map<std::string, std::string, std::less<>>();
    for (uint64_t i = 0; i < kKeys; ++i) made->emplace(Key(Shuffled(i)), std::string(100, 'v'));
    return made;
  }();
  return map;
}

void BM_MapForward(benchmark::State& state) {
  const auto& map = Map();
  for (auto _ : state) {
    uint64_t used = 0;
    for (const auto& [key, value] : map) used += Use(key, value);
    benchmark::DoNotOptimize(used);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kKeys));
}
BENCHMARK(BM_MapForward)->Unit(benchmark::kMillisecond);

void BM_MapShort(benchmark::State& state) {
  const auto& map = Map();
  uint64_t i = 0;
  for (auto _ : state) {
    uint64_t used = 0;
    auto it = map.lower_bound(Key(Shuffled(++i)));
    for (int n = 0; n < kSteps && it != map.end(); ++n, ++it) used += Use(it->first, it->second);
    benchmark::DoNotOptimize(used);
  }
}
BENCHMARK(BM_MapShort);

}  // namespace
}  // namespace aeternus
