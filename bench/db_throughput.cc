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
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "aeternus/db.h"

ABSL_FLAG(uint64_t, keys, 1'000'000, "number of keys");
ABSL_FLAG(uint64_t, value_bytes, 100, "size of a value in bytes");
ABSL_FLAG(uint64_t, sync_writes, 2'000, "number of synced writes");
ABSL_FLAG(uint64_t, seeks, 20'000, "number of short scans");
ABSL_FLAG(uint64_t, write_buffer_bytes, aeternus::DbConfig().write_buffer_bytes, "size of a memtable in bytes");
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
void Row(const std::string& name, uint64_t n, const std::function<void()>& work) {
  const Clock::time_point begin = Clock::now();
  work();
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  std::printf("%-28s %10.0f ops/s %8.3f us/op %8.2f s\n", name.c_str(), static_cast<double>(n) / seconds,
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
    ScanRows("settled");
    Row("majorcompact", keys_, [&] { Check(db_->MajorCompact()); });
    Row("readrandom, compacted", keys_, [&] { ReadAll(""); });
    ScanRows("compacted");
    PrintMemory();
    Check(db_->Close());

    Open("sequential");
    std::vector<uint64_t> ascending(order_);
    std::sort(ascending.begin(), ascending.end());
    Row("fillseq", keys_, [&] { Fill(ascending); });
    ScanRows("sequential");
    Check(db_->Close());

    Open("synced");
    const uint64_t writes = std::min(absl::GetFlag(FLAGS_sync_writes), keys_);
    Row("fillsync", writes, [&] {
      for (uint64_t i = 0; i < writes; ++i) Check(db_->Put(Key(order_[i]), value_));
    });
    Check(db_->Close());
  }

 private:
  void Open(const char* name) {
    aeternus::DbConfig config;
    config.write_buffer_bytes = absl::GetFlag(FLAGS_write_buffer_bytes);
    db_ = Check(aeternus::Db::Open(dir_ + "/" + name, config));
  }

  void Fill(const std::vector<uint64_t>& order) {
    for (const uint64_t i : order) Check(db_->Put(Key(i), value_, {.sync = false}));
  }

  void ReadAll(const char* suffix) {
    aeternus::PinnedValue value;
    uint64_t found = 0;
    for (const uint64_t i : order_) found += Check(db_->Get({}, Key(i) + suffix, &value));
    if (found != (*suffix == '\0' ? keys_ : 0)) std::printf("found %lu of %lu\n", found, keys_);
  }

  // What is read of each pair is one byte of its value, so that its memory is touched.
  void ScanRows(const std::string& state) {
    for (const char* pass : {"", " again"}) {
      Row(absl::StrCat("scan, ", state, pass), keys_, [&] { Scan(/*forward=*/true); });
    }
    Row(absl::StrCat("reverse scan, ", state), keys_, [&] { Scan(/*forward=*/false); });
    const uint64_t seeks = std::min(absl::GetFlag(FLAGS_seeks), keys_);
    Row(absl::StrCat("seek+100, ", state), seeks, [&] {
      const auto it = Check(db_->NewIterator({}));
      for (uint64_t i = 0; i < seeks; ++i) Walk100(*it, order_[i]);
    });
    Row(absl::StrCat("new+seek+100, ", state), seeks, [&] {
      for (uint64_t i = 0; i < seeks; ++i) Walk100(*Check(db_->NewIterator({})), order_[i]);
    });
  }

  void Scan(bool forward) {
    const auto it = Check(db_->NewIterator({}));
    uint64_t n = 0;
    if (forward) {
      for (it->SeekToFirst(); it->Valid(); it->Next(), ++n) Use(*it);
    } else {
      for (it->SeekToLast(); it->Valid(); it->Prev(), ++n) Use(*it);
    }
    Check(it->status());
    if (n != keys_) std::printf("scanned %lu of %lu\n", n, keys_);
  }

  void Walk100(aeternus::Iterator& it, uint64_t from) {
    it.Seek(Key(from));
    for (int n = 0; n < 100 && it.Valid(); ++n, it.Next()) Use(it);
    Check(it.status());
  }

  void Use(const aeternus::Iterator& it) {
    used_ = used_ + it.key().size() + static_cast<unsigned char>(it.value()[0]);
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
  volatile uint64_t used_ = 0;
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
