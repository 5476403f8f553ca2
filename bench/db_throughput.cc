// Prints what a Db does per second on this machine: the quick look before the side-by-side comparison with peers.
//
//   ./bazelw run --config=release //bench:db_throughput -- --keys=1000000 --value_bytes=100
//
// Keys are 16 B zero-padded decimals, values half compressible. Each row is one pass over `keys` operations. Timings
// are for reading, not for asserting: they differ from run to run and from machine to machine.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/random/random.h"
#include "absl/strings/str_format.h"
#include "aeternus/db.h"

ABSL_FLAG(uint64_t, keys, 1'000'000, "number of keys");
ABSL_FLAG(uint64_t, value_bytes, 100, "size of a value in bytes");
ABSL_FLAG(uint64_t, sync_writes, 2'000, "number of synced writes");
ABSL_FLAG(uint64_t, seed, 1, "seed of the key order");
ABSL_FLAG(std::string, dir, "", "directory for the database; a fresh temporary one if empty");

namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void Die(const absl::Status& status) {
  std::fprintf(stderr, "db_throughput: %s\n", status.ToString().c_str());
  std::exit(1);
}

void Check(const absl::Status& status) {
  if (!status.ok()) Die(status);
}

template <typename T>
T Check(absl::StatusOr<T> value) {
  if (!value.ok()) Die(value.status());
  return *std::move(value);
}

std::string Key(uint64_t i) { return absl::StrFormat("%016d", i); }

// Runs `work` over `n` operations and prints its rate.
void Row(const char* name, uint64_t n, const std::function<void()>& work) {
  const Clock::time_point begin = Clock::now();
  work();
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  std::printf("%-24s %10.0f ops/s %8.3f us/op %8.2f s\n", name, static_cast<double>(n) / seconds,
              seconds * 1e6 / static_cast<double>(n), seconds);
  std::fflush(stdout);
}

class Bench {
 public:
  Bench(std::string dir, uint64_t keys) : dir_(std::move(dir)), keys_(keys) {
    absl::BitGen random(std::seed_seq{absl::GetFlag(FLAGS_seed)});
    order_.resize(keys);
    for (uint64_t i = 0; i < keys; ++i) order_[i] = i;
    std::shuffle(order_.begin(), order_.end(), random);
    value_.resize(absl::GetFlag(FLAGS_value_bytes), 'x');
    for (size_t i = 0; i < value_.size() / 2; ++i) value_[i] = absl::Uniform<char>(random, 'a', 'z');
  }

  void Run() {
    Open("random");
    Row("fillrandom", keys_, [&] { Fill(order_); });
    Row("readrandom", keys_, [&] { ReadAll(""); });
    Row("settle", keys_, [&] {
      Check(db_->Flush());
      Check(db_->WaitForBackgroundWork());
    });
    Row("readrandom, settled", keys_, [&] { ReadAll(""); });
    Row("readmissing, settled", keys_, [&] { ReadAll("x"); });
    Row("scan", keys_, [&] { Scan(); });
    Row("majorcompact", keys_, [&] { Check(db_->MajorCompact()); });
    Row("readrandom, compacted", keys_, [&] { ReadAll(""); });
    Row("scan, compacted", keys_, [&] { Scan(); });
    PrintMemory();
    Check(db_->Close());

    Open("sequential");
    std::vector<uint64_t> ascending(order_);
    std::sort(ascending.begin(), ascending.end());
    Row("fillseq", keys_, [&] { Fill(ascending); });
    Check(db_->Close());

    Open("synced");
    const uint64_t writes = std::min(absl::GetFlag(FLAGS_sync_writes), keys_);
    Row("fillsync", writes, [&] {
      for (uint64_t i = 0; i < writes; ++i) Check(db_->Put(Key(order_[i]), value_));
    });
    Check(db_->Close());
  }

 private:
  void Open(const char* name) { db_ = Check(aeternus::Db::Open(dir_ + "/" + name, {})); }

  void Fill(const std::vector<uint64_t>& order) {
    for (const uint64_t i : order) Check(db_->Put(Key(i), value_, {.sync = false}));
  }

  void ReadAll(const char* suffix) {
    aeternus::PinnedValue value;
    uint64_t found = 0;
    for (const uint64_t i : order_) found += Check(db_->Get({}, Key(i) + suffix, &value));
    if (found != (*suffix == '\0' ? keys_ : 0)) std::printf("found %lu of %lu\n", found, keys_);
  }

  void Scan() {
    const auto it = Check(db_->NewIterator({}));
    uint64_t n = 0;
    for (it->SeekToFirst(); it->Valid(); it->Next()) ++n;
    Check(it->status());
    if (n != keys_) std::printf("scanned %lu of %lu\n", n, keys_);
  }

  void PrintMemory() {
    const aeternus::Stats stats = Check(db_->Stats());
    std::printf("memory: %.1f of %.1f MiB (blocks, filters and indexes %.1f MiB), tables: %zu, %.1f MiB\n",
                static_cast<double>(stats.memory_used_bytes) / 1048576.0,
                static_cast<double>(stats.memory_limit_bytes) / 1048576.0,
                static_cast<double>(stats.frame_memory_bytes) / 1048576.0, stats.table_count,
                static_cast<double>(stats.table_bytes) / 1048576.0);
  }

  const std::string dir_;
  const uint64_t keys_;
  std::vector<uint64_t> order_;
  std::string value_;
  std::unique_ptr<aeternus::Db> db_;
};

}  // namespace

int main(int argc, char** argv) {
  absl::ParseCommandLine(argc, argv);
  namespace fs = std::filesystem;
  std::string dir = absl::GetFlag(FLAGS_dir);
  const bool is_temporary = dir.empty();
  if (is_temporary) {
    std::string pattern = (fs::temp_directory_path() / "aeternus_bench_XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) Die(absl::InternalError("cannot make a temporary directory"));
    dir = pattern;
  }
  Bench(dir, absl::GetFlag(FLAGS_keys)).Run();
  if (is_temporary) fs::remove_all(dir);
  return 0;
}
