// One writer, several readers, real threads: everything published is found, order never breaks. Meant for the thread
// sanitizer above all.
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/entry.h"
#include "base/hash.h"
#include "base/key_order.h"
#include "base/types.h"
#include "gtest/gtest.h"
#include "iterator/entry_iterator.h"
#include "iterator/fragmented_tombstones.h"
#include "iterator/testing/random.h"
#include "memtable/memtable.h"

namespace aeternus {
namespace {

using ::aeternus::testing::Random;

constexpr uint64_t kOperations = 30'000;
constexpr uint64_t kKeys = 4'001;  // prime to the stride: all keys are visited before one comes again

// The key of the point written at `lsn`: a walk over the key space that jumps, with ascending stretches.
std::string KeyOf(uint64_t lsn) { return absl::StrFormat("user%012d", (lsn / 8 * 1'237 + lsn % 8) % kKeys); }
// Every 64th operation deletes a range instead, of keys that no point has.
bool IsRange(uint64_t lsn) { return lsn % 64 == 0; }
std::string RangeStart(uint64_t lsn) { return absl::StrFormat("zone%012d", lsn); }

// What the writer and its readers share: the memtable, and the LSN up to which it may be read.
struct Shared {
  Memtable memtable{nullptr, /*expected_bytes=*/kOperations * 48};
  std::atomic<uint64_t> published{0};
  std::atomic<int> readers_running{0};
};
constexpr int kReaders = 4;

void Write(Shared* shared) {
  while (shared->readers_running < kReaders) std::this_thread::yield();
  for (uint64_t lsn = 1; lsn <= kOperations; ++lsn) {
    if (IsRange(lsn)) {
      shared->memtable.DeleteRange(RangeStart(lsn), RangeStart(lsn + 1), Lsn(lsn));
    } else {
      shared->memtable.Put(KeyOf(lsn), Lsn(lsn), KeyOf(lsn));
    }
    shared->published.store(lsn, std::memory_order_release);
  }
}

// Whatever was published is found, at its own LSN and at the published one.
void ReadPoints(Shared& shared, Random* random) {
  ++shared.readers_running;
  uint64_t published = 0;
  while ((published = shared.published.load(std::memory_order_acquire)) < kOperations) {
    if (published == 0) continue;
    const uint64_t lsn = 1 + random->Below(published);
    if (IsRange(lsn)) {
      ASSERT_EQ(shared.memtable.MaxCoveringTombstone(RangeStart(lsn), Lsn(published)), Lsn(lsn));
      ASSERT_EQ(shared.memtable.MaxCoveringTombstone(RangeStart(lsn), Lsn(lsn - 1)), kMinLsn);
      if (lsn % 4'096 == 0) {
        ASSERT_EQ(shared.memtable.range_tombstones()->MaxCovering(RangeStart(lsn), Lsn(lsn)), Lsn(lsn));
      }
      continue;
    }
    ASSERT_TRUE(shared.memtable.MayContain(StableHash(KeyOf(lsn))));
    const std::optional<Memtable::Version> at_lsn = shared.memtable.Find(KeyOf(lsn), Lsn(lsn));
    ASSERT_TRUE(at_lsn.has_value());
    ASSERT_EQ(at_lsn->lsn, Lsn(lsn));
    ASSERT_EQ(at_lsn->value, KeyOf(lsn));
    const std::optional<Memtable::Version> now = shared.memtable.Find(KeyOf(lsn), Lsn(published));
    ASSERT_TRUE(now.has_value());
    ASSERT_GE(now->lsn, Lsn(lsn));
  }
}

// A scan is in order, forward or backward, and holds everything that was published before it began.
void Scan(Shared& shared, bool forward) {
  ++shared.readers_running;
  uint64_t published = 0;
  while ((published = shared.published.load(std::memory_order_acquire)) < kOperations) {
    uint64_t points = 0;
    std::string last_key;
    Lsn last_lsn;
    const auto it = shared.memtable.NewHistoryIterator();
    for (forward ? it->SeekToFirst() : it->SeekToLast(); it->Valid(); forward ? it->Next() : it->Prev()) {
      const EntryView& entry = it->entry();
      if (!last_key.empty()) {
        const int order = CompareEntries(last_key, last_lsn, entry.key, entry.lsn);
        ASSERT_TRUE(forward ? order < 0 : order > 0);
      }
      last_key = entry.key;
      last_lsn = entry.lsn;
      if (entry.lsn.value <= published) ++points;
    }
    ASSERT_EQ(points, published - published / 64);
  }
}

TEST(MemtableConcurrency, ReadersBesideTheWriterFindEverythingPublished) {
  Shared shared;
  std::vector<std::thread> readers;
  for (uint64_t seed = 1; seed <= 2; ++seed) {
    readers.emplace_back([&shared, seed] {
      Random random = Random::ForTest();
      for (uint64_t i = 0; i < seed; ++i) random.Below(2);
      ReadPoints(shared, &random);
    });
  }
  readers.emplace_back([&shared] { Scan(shared, /*forward=*/true); });
  readers.emplace_back([&shared] { Scan(shared, /*forward=*/false); });
  Write(&shared);
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(shared.memtable.entry_count(), kOperations);
}

// New keys come between the place where a search stands and the key that it looks for, again and again.
TEST(MemtableConcurrency, APublishedKeyIsFoundWhileKeysAreInsertedRightBeforeIt) {
  constexpr uint64_t kNeighbours = 50'000;
  Memtable memtable;
  memtable.Put("m", Lsn(1), "old");
  memtable.Put("m", Lsn(2), "new");
  std::atomic<bool> started{false}, done{false};
  std::thread reader([&] {
    while (!done) {
      started = true;
      const std::optional<Memtable::Version> found = memtable.Find("m", Lsn(2));
      ASSERT_TRUE(found.has_value());
      ASSERT_EQ(found->value, "new");
      const auto it = memtable.NewIterator(Lsn(2));
      it->Seek("m", Lsn(2));
      ASSERT_TRUE(it->Valid());
      ASSERT_EQ(it->entry().lsn, Lsn(2));
    }
  });
  while (!started) std::this_thread::yield();
  for (uint64_t i = 0; i < kNeighbours; ++i) memtable.Put(absl::StrFormat("l%08d", i), Lsn(3 + i), "neighbour");
  done = true;
  reader.join();
}

}  // namespace
}  // namespace aeternus
