// Many threads on one Db while it flushes and compacts: writers on key ranges of their own, each checked against its
// own model; readers that hold every observer's view to the rules. Meant for the thread sanitizer, too.
//
// Writer w owns the keys "w/..." and writes its pair "w/a", "w/b" only together, in one batch, with a counter that only
// grows. A reader must never see the two differ (invariant 2) nor the counter fall.
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "aeternus/db.h"
#include "aeternus/iterator.h"
#include "aeternus/snapshot.h"
#include "aeternus/write_batch.h"
#include "gtest/gtest.h"
#include "stress/rng.h"
#include "stress/seed.h"
#include "stress/sim_database.h"
#include "stress/temp_directory.h"

namespace aeternus::stress {
namespace {

constexpr int kWriters = 3;
constexpr int kReaders = 2;

DbConfig SmallConfig() {
  DbConfig config;
  config.write_buffer_bytes = 4096;
  config.compaction.min_table_size_bytes = 1024;
  config.compaction.min_threshold = 2;
  config.compaction.tombstone_ratio = 0.1;
  return config;
}

std::string OwnKey(int writer, std::string_view name) { return absl::StrCat(writer, "/", name); }

class Writer {
 public:
  Writer(Db& db, int number, uint64_t seed) : db_(db), number_(number), rng_(seed) {}

  void Run(int steps) {
    for (int step = 0; step < steps && !testing::Test::HasFailure(); ++step) {
      WritePair(step);
      for (int i = 0; i < 3; ++i) WriteSomething();
      ReadOwnKey();
    }
  }
  const Contents& contents() const { return contents_; }

 private:
  std::string RandomKey() { return OwnKey(number_, absl::StrFormat("k%03d", rng_.Below(100))); }

  void WritePair(int counter) {
    WriteBatch batch;
    for (std::string_view name : {"a", "b"}) {
      contents_[OwnKey(number_, name)] = absl::StrCat(counter);
      batch.Put(OwnKey(number_, name), absl::StrCat(counter));
    }
    const absl::Status status = db_.Write(batch, {.sync = rng_.OneIn(20)});
    EXPECT_TRUE(status.ok()) << status;
  }

  void WriteSomething() {
    const std::string key = RandomKey();
    const WriteOptions options{.sync = rng_.OneIn(20)};
    absl::Status status;
    if (rng_.OneIn(10)) {
      const std::string end = absl::StrCat(key.substr(0, key.size() - 1), "~");
      contents_.erase(contents_.lower_bound(key), contents_.lower_bound(end));
      status = db_.DeleteRange(key, end, options);
    } else if (rng_.OneIn(4)) {
      contents_.erase(key);
      status = db_.Delete(key, options);
    } else {
      contents_[key] = absl::StrCat("v", rng_.Next());
      status = db_.Put(key, contents_[key], options);
    }
    EXPECT_TRUE(status.ok()) << status;
  }

  void ReadOwnKey() {
    const std::string key = RandomKey();
    const auto it = contents_.find(key);
    EXPECT_EQ(db_.Get(key).value(), it == contents_.end() ? std::nullopt : std::optional(it->second)) << key;
  }

  Db& db_;
  const int number_;
  Rng rng_;
  Contents contents_;
};

class Reader {
 public:
  Reader(Db& db, uint64_t seed) : db_(db), rng_(seed), counters_(kWriters, -1) {}

  void Run(const std::atomic<bool>& writers_done) {
    while (!writers_done && !testing::Test::HasFailure()) {
      if (rng_.OneIn(2)) {
        CheckPairAtSnapshot();
      } else {
        CheckIterator();
      }
    }
  }

 private:
  static int64_t Counter(const std::optional<std::string>& value) {
    int64_t counter = -1;
    EXPECT_TRUE(!value.has_value() || absl::SimpleAtoi(*value, &counter)) << *value;
    return counter;
  }

  void CheckPairAtSnapshot() {
    const int writer = static_cast<int>(rng_.Below(kWriters));
    const std::unique_ptr<const Snapshot> snapshot = db_.GetSnapshot().value();
    const ReadOptions options{.snapshot = snapshot.get()};
    const int64_t a = Counter(db_.Get(OwnKey(writer, "a"), options).value());
    if (rng_.OneIn(4)) std::this_thread::yield();
    const int64_t b = Counter(db_.Get(OwnKey(writer, "b"), options).value());
    EXPECT_EQ(a, b) << "a batch was half visible";
    int64_t& last = counters_[static_cast<size_t>(writer)];
    EXPECT_GE(a, last) << "a later snapshot saw an older state";
    last = std::max(last, a);
  }

  void CheckIterator() {
    const std::unique_ptr<Iterator> iterator = db_.NewIterator({}).value();
    const Contents forward = Walk(*iterator, &Iterator::SeekToFirst, &Iterator::Next);
    const Contents backward = Walk(*iterator, &Iterator::SeekToLast, &Iterator::Prev);
    EXPECT_EQ(forward, backward) << "one iterator saw two moments";
    for (int writer = 0; writer < kWriters; ++writer) {
      const auto a = forward.find(OwnKey(writer, "a")), b = forward.find(OwnKey(writer, "b"));
      ASSERT_EQ(a == forward.end(), b == forward.end());
      EXPECT_TRUE(a == forward.end() || a->second == b->second) << "a batch was half visible";
    }
  }

  static Contents Walk(Iterator& iterator, void (Iterator::*first)(), void (Iterator::*step)()) {
    Contents contents;
    size_t rows = 0;
    for ((iterator.*first)(); iterator.Valid(); (iterator.*step)(), ++rows) {
      contents.emplace(iterator.key(), iterator.value());
    }
    EXPECT_TRUE(iterator.status().ok()) << iterator.status();
    EXPECT_EQ(contents.size(), rows) << "a key came twice";
    return contents;
  }

  Db& db_;
  Rng rng_;
  std::vector<int64_t> counters_;  // the latest seen of each writer's pair
};

void Maintain(Db& db, uint64_t seed, const std::atomic<bool>& writers_done) {
  Rng rng(seed);
  while (!writers_done && !testing::Test::HasFailure()) {
    const absl::Status status = rng.OneIn(3) ? db.MajorCompact().status() : db.Flush();
    EXPECT_TRUE(status.ok()) << status;
    EXPECT_TRUE(db.Stats().ok());
    std::this_thread::yield();
  }
}

TEST(DbThreadsTest, WritersReadersAndMaintenanceKeepToTheRules) {
  const uint64_t seed = SeedsOrFirst(1)[0];
  SCOPED_TRACE(absl::StrCat("replay (the schedule is the machine's): ", ReplayCommand(seed)));
  const TempDirectory dir;
  std::unique_ptr<Db> db = Db::Open(dir.path(), SmallConfig()).value();
  std::vector<Writer> writers;
  std::vector<Reader> readers;
  for (int w = 0; w < kWriters; ++w) writers.emplace_back(*db, w, seed * 100 + static_cast<uint64_t>(w));
  for (int r = 0; r < kReaders; ++r) readers.emplace_back(*db, seed * 200 + static_cast<uint64_t>(r));

  std::atomic<bool> writers_done{false};
  std::vector<std::thread> writing, watching;
  for (Writer& writer : writers) writing.emplace_back([&writer] { writer.Run(IsLongRun() ? 20'000 : 1'000); });
  for (Reader& reader : readers) watching.emplace_back([&] { reader.Run(writers_done); });
  watching.emplace_back([&] { Maintain(*db, seed, writers_done); });
  for (std::thread& thread : writing) thread.join();
  writers_done = true;
  for (std::thread& thread : watching) thread.join();

  Contents expected;
  for (const Writer& writer : writers) expected.insert(writer.contents().begin(), writer.contents().end());
  EXPECT_EQ(ReadAll(*db).value(), expected);
  ASSERT_TRUE(db->WaitForBackgroundWork().ok());
  EXPECT_TRUE(db->Verify().ok());
  ASSERT_TRUE(db->Close().ok());
  db = Db::Open(dir.path(), SmallConfig()).value();
  EXPECT_EQ(ReadAll(*db).value(), expected);
}

}  // namespace
}  // namespace aeternus::stress
