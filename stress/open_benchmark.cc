// What opening a tiny database costs on a simulated disk, where nothing waits for hardware: crash tests open millions.
#include <memory>

#include "absl/log/check.h"
#include "aeternus/engine.h"
#include "benchmark/benchmark.h"
#include "env/testing/sim_file_system.h"
#include "stress/sim_database.h"

namespace aeternus::stress {
namespace {

// A disk with `puts` keys in the log, and as many in a table when `with_table`.
std::unique_ptr<env::testing::SimFileSystem> TinyDisk(int puts, bool with_table) {
  SimDatabase database;
  CHECK_OK(database.Open());
  if (with_table) {
    CHECK_OK(PutNumbered(*database, 0, puts));
    CHECK_OK(FlushEverything(*database));
  }
  CHECK_OK(PutNumbered(*database, puts, 2 * puts));
  return database.disk().Fork();
}

void BM_Open(benchmark::State& state) {
  const auto disk = TinyDisk(static_cast<int>(state.range(0)), state.range(1) != 0);
  for (auto _ : state) {
    state.PauseTiming();
    auto database = std::make_unique<SimDatabase>(EngineConfig{}, disk->Fork());
    state.ResumeTiming();
    CHECK_OK(database->Open());
    state.PauseTiming();
    database.reset();
    state.ResumeTiming();
  }
}
BENCHMARK(BM_Open)
    ->ArgNames({"puts", "table"})
    ->Args({5, 0})
    ->Args({5, 1})
    ->Args({50, 1})
    ->Unit(benchmark::kMicrosecond);

void BM_CreateAndDrop(benchmark::State& state) {
  for (auto _ : state) {
    SimDatabase database;
    CHECK_OK(database.Open());
  }
}
BENCHMARK(BM_CreateAndDrop)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace aeternus::stress
