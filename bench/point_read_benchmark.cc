// Point reads of a settled database: one thread and two, keys that are there and keys that are not, one at a time and
// many at once, and beside range tombstones. What is asked for changes with every read, so most of it is not in the
// processor's caches; all of it is in the database's.
//
//   ./bazelw run --config=release //bench:point_read_benchmark -- --benchmark_min_time=2
//
// AETERNUS_BENCH_KEYS is the number of keys, a million unless it says otherwise. Keys are 16 B zero-padded decimals,
// values 100 B.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/random/random.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "aeternus/db.h"
#include "benchmark/benchmark.h"

namespace aeternus {
namespace {

size_t KeyCount() {
  const char* text = std::getenv("AETERNUS_BENCH_KEYS");
  return text == nullptr ? 1'000'000 : static_cast<size_t>(std::atoll(text));
}

void Check(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "point_read_benchmark: %s\n", status.ToString().c_str());
  std::exit(1);
}

// Where it lies behind no key of the database, and behind all.
enum class Tombstones { kNone, kInMemtable, kInTable };

std::string Key(size_t i) {
  char text[32];
  std::snprintf(text, sizeof(text), "%016zu", i);
  return text;
}

// A database in a directory of its own, filled in random order and settled.
class Database {
 public:
  explicit Database(Tombstones tombstones) {
    std::string pattern = (std::filesystem::temp_directory_path() / "aeternus_bench_XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) Check(absl::InternalError("no temporary directory"));
    dir_ = pattern;
    absl::StatusOr<std::unique_ptr<Db>> db = Db::Open(dir_, {});
    Check(db.status());
    db_ = *std::move(db);
    absl::BitGen random(std::seed_seq{1});
    std::vector<size_t> order(KeyCount());
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::shuffle(order.begin(), order.end(), random);
    // Keys are even numbers; tombstones lie in between.
    for (const size_t i : order) Check(db_->Put(Key(2 * i), std::string(100, 'v'), {.sync = false}));
    Settle();
    if (tombstones != Tombstones::kNone) {
      for (size_t i = 0; i < kTombstones; ++i) {
        const size_t at = order[i % order.size()];
        Check(db_->DeleteRange(Key(2 * at) + "a", Key(2 * at) + "b", {.sync = false}));
      }
    }
    if (tombstones == Tombstones::kInTable) Settle();
    std::shuffle(order.begin(), order.end(), random);
    for (const size_t i : order) keys_.push_back(Key(2 * i));
    for (const size_t i : order) missing_.push_back(Key(2 * i + 1));
    for (const std::string& key : keys_) Check(db_->Get(key).status());  // all of it is in memory
  }
  ~Database() {
    db_.reset();
    std::filesystem::remove_all(dir_);
  }

  static constexpr size_t kTombstones = 100'000;
  Db& db() { return *db_; }
  const std::vector<std::string>& keys() const { return keys_; }
  const std::vector<std::string>& missing() const { return missing_; }

  // One for all benchmarks that ask for the same.
  static Database& Of(Tombstones tombstones) {
    static std::unique_ptr<Database> current;
    static Tombstones current_tombstones;
    if (current == nullptr || current_tombstones != tombstones) {
      current.reset();
      current = std::make_unique<Database>(tombstones);
      current_tombstones = tombstones;
    }
    return *current;
  }

 private:
  void Settle() {
    Check(db_->Flush());
    Check(db_->WaitForBackgroundWork());
  }

  std::string dir_;
  std::unique_ptr<Db> db_;
  std::vector<std::string> keys_, missing_;
};

template <Tombstones kWhere>
void MakeDatabase(const benchmark::State&) {
  Database::Of(kWhere);
}

template <Tombstones kWhere, bool kMissing>
void BM_Get(benchmark::State& state) {
  Database& database = Database::Of(kWhere);
  const std::vector<std::string>& keys = kMissing ? database.missing() : database.keys();
  size_t i = keys.size() / 2 * static_cast<size_t>(state.thread_index());
  PinnedValue value;
  for (auto _ : state) {
    const absl::StatusOr<bool> found = database.db().Get({}, keys[i], &value);
    if (*found == kMissing) state.SkipWithError("it was found, or was not");
    if (++i == keys.size()) i = 0;
  }
  state.SetItemsProcessed(state.iterations());
}

void BM_GetCopy(benchmark::State& state) {
  Database& database = Database::Of(Tombstones::kNone);
  size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(database.db().Get(database.keys()[i]));
    if (++i == database.keys().size()) i = 0;
  }
  state.SetItemsProcessed(state.iterations());
}

template <bool kMissing>
void BM_MultiGet(benchmark::State& state) {
  Database& database = Database::Of(Tombstones::kNone);
  const auto n = static_cast<size_t>(state.range(0));
  const std::vector<std::string>& all = kMissing ? database.missing() : database.keys();
  std::vector<std::string_view> keys(n);
  std::vector<PinnedValue> values(n);
  size_t i = all.size() / 2 * static_cast<size_t>(state.thread_index());
  for (auto _ : state) {
    for (std::string_view& key : keys) {
      key = all[i];
      if (++i == all.size()) i = 0;
    }
    const auto found = database.db().MultiGet({}, keys, absl::MakeSpan(values));
    if (*found.back() == kMissing) state.SkipWithError("it was found, or was not");
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

constexpr auto kNone = Tombstones::kNone;
constexpr auto kInMemtable = Tombstones::kInMemtable;
constexpr auto kInTable = Tombstones::kInTable;

BENCHMARK(BM_Get<kNone, false>)->Name("Get")->Setup(MakeDatabase<kNone>)->UseRealTime()->Threads(1)->Threads(2);
BENCHMARK(BM_Get<kNone, true>)->Name("GetMissing")->Setup(MakeDatabase<kNone>)->UseRealTime()->Threads(1)->Threads(2);
BENCHMARK(BM_GetCopy)->Name("GetCopy")->Setup(MakeDatabase<kNone>);
BENCHMARK(BM_MultiGet<false>)
    ->Name("MultiGet")
    ->Setup(MakeDatabase<kNone>)
    ->UseRealTime()
    ->Arg(1)
    ->Arg(16)
    ->Arg(100)
    ->ThreadRange(1, 2);
BENCHMARK(BM_MultiGet<true>)->Name("MultiGetMissing")->Setup(MakeDatabase<kNone>)->UseRealTime()->Arg(100);
BENCHMARK(BM_Get<kInMemtable, false>)->Name("GetBesideTombstonesInMemtable")->Setup(MakeDatabase<kInMemtable>);
BENCHMARK(BM_Get<kInTable, false>)->Name("GetBesideTombstonesInTable")->Setup(MakeDatabase<kInTable>);

}  // namespace
}  // namespace aeternus
