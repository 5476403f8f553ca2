#include "memtable/memtable.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/entry.h"
#include "base/hash.h"
#include "base/types.h"
#include "gtest/gtest.h"
#include "iterator/entry_iterator.h"
#include "iterator/fragmented_tombstones.h"
#include "iterator/testing/entry_moves.h"
#include "iterator/testing/history.h"
#include "iterator/testing/random.h"
#include "iterator/testing/vector_iterator.h"

namespace aeternus {
namespace {

using ::aeternus::testing::EntryMove;
using ::aeternus::testing::ExpectSameEntry;
using ::aeternus::testing::History;
using ::aeternus::testing::HistoryKey;
using ::aeternus::testing::Operation;
using ::aeternus::testing::OwnedEntry;
using ::aeternus::testing::Random;
using ::aeternus::testing::RandomEntryMove;
using ::aeternus::testing::RandomHistory;
using ::aeternus::testing::VectorIterator;

void Apply(const Operation& operation, Memtable* memtable) {
  switch (operation.kind) {
    case EntryKind::kPut:
      return memtable->Put(operation.key, operation.lsn, operation.value);
    case EntryKind::kDelete:
      return memtable->Delete(operation.key, operation.lsn);
    default:
      return memtable->DeleteRange(operation.key, operation.end, operation.lsn);
  }
}

// A point read, as the engine makes it of one layer.
std::optional<std::string> Get(const Memtable& memtable, std::string_view key, Lsn snapshot) {
  const std::optional<Memtable::Version> found = memtable.Find(key, snapshot);
  if (!found.has_value() || found->kind == EntryKind::kDelete) return std::nullopt;
  if (memtable.MaxCoveringTombstone(key, snapshot) > found->lsn) return std::nullopt;
  return std::string(found->value);
}

std::map<std::string, std::string> GetAll(const Memtable& memtable, uint64_t key_count, Lsn snapshot) {
  std::map<std::string, std::string> found;
  for (uint64_t n = 0; n < key_count; ++n) {
    if (auto value = Get(memtable, HistoryKey(n), snapshot)) found[HistoryKey(n)] = *value;
  }
  return found;
}

TEST(Memtable, PointReadsSeeTheModelAtEverySnapshot) {
  constexpr uint64_t kKeys = 20;
  Random random = Random::ForTest();
  for (int round = 0; round < 20; ++round) {
    const History history = RandomHistory(&random, 120, kKeys);
    Memtable memtable;
    for (const Operation& operation : history.operations) Apply(operation, &memtable);
    for (uint64_t snapshot = 0; snapshot <= 121; ++snapshot) {
      ASSERT_EQ(GetAll(memtable, kKeys, Lsn(snapshot)), history.VisibleAt(Lsn(snapshot))) << "at " << snapshot;
    }
  }
}

TEST(Memtable, ALoadedOneIsAsOneThatWasWritten) {
  constexpr uint64_t kKeys = 20;
  Random random = Random::ForTest();
  for (int round = 0; round < 20; ++round) {
    const History history = RandomHistory(&random, 120, kKeys);
    Memtable written, loaded;
    Memtable::Loader loader(&loaded);
    for (const Operation& operation : history.operations) {
      Apply(operation, &written);
      switch (operation.kind) {
        case EntryKind::kPut:
          loader.Put(operation.key, operation.lsn, operation.value);
          break;
        case EntryKind::kDelete:
          loader.Delete(operation.key, operation.lsn);
          break;
        default:
          loader.DeleteRange(operation.key, operation.end, operation.lsn);
      }
    }
    loader.Finish();
    for (uint64_t snapshot = 0; snapshot <= 121; ++snapshot) {
      ASSERT_EQ(GetAll(loaded, kKeys, Lsn(snapshot)), history.VisibleAt(Lsn(snapshot))) << "at " << snapshot;
    }
    EXPECT_EQ(loaded.entry_count(), written.entry_count());
    EXPECT_EQ(loaded.entry_bytes(), written.entry_bytes());
    EXPECT_EQ(loaded.last_lsn(), written.last_lsn());
  }
}

// Seeks go to keys of a history of `key_count`, and a few others.
void ExpectSameWalks(EntryIterator& actual, std::vector<OwnedEntry> entries, uint64_t key_count, uint64_t lsn_bound,
                     Random* random) {
  VectorIterator expected(std::move(entries));
  EXPECT_FALSE(actual.Valid());
  for (int step = 0; step < 300; ++step) {
    const EntryMove move = RandomEntryMove(random, HistoryKey(random->Below(key_count + 2)), lsn_bound);
    move(expected);
    move(actual);
    ASSERT_NO_FATAL_FAILURE(ExpectSameEntry(actual, expected));
  }
}

TEST(Memtable, AHistoryIteratorWalksAsOneOverASortedVector) {
  Random random = Random::ForTest();
  struct {
    uint64_t operations, keys;
    int rounds;
  } const cases[] = {
      {60, 12, 20}, {1'000, 12, 20}, {3'000, 2'000, 5}};  // the second has hot keys, the third a tall tree
  for (const auto& [operations, keys, rounds] : cases) {
    for (int round = 0; round < rounds; ++round) {
      const History history = RandomHistory(&random, operations, keys);
      Memtable memtable;
      for (const Operation& operation : history.operations) Apply(operation, &memtable);
      ASSERT_NO_FATAL_FAILURE(
          ExpectSameWalks(*memtable.NewHistoryIterator(), history.Points(), keys, operations + 2, &random));
    }
  }
}

TEST(Memtable, AnIteratorAtASnapshotWalksOverTheNewestVersionsThatItSees) {
  Random random = Random::ForTest();
  for (int round = 0; round < 105; ++round) {
    const uint64_t operations = round < 100 ? 60 : 3'000;
    const uint64_t keys = round < 100 ? 12 : 2'000;
    const History history = RandomHistory(&random, operations, keys);
    Memtable memtable;
    for (const Operation& operation : history.operations) Apply(operation, &memtable);
    const Lsn snapshot(random.Below(operations + 2));
    auto seen = history.Points();
    std::erase_if(seen, [&](const auto& entry) { return entry.lsn > snapshot; });
    // In internal order the newest version comes first.
    const auto same_key = [](const auto& a, const auto& b) { return a.key == b.key; };
    seen.erase(std::unique(seen.begin(), seen.end(), same_key), seen.end());
    ASSERT_NO_FATAL_FAILURE(ExpectSameWalks(*memtable.NewIterator(snapshot), seen, keys, operations + 2, &random));
  }
}

TEST(Memtable, AnIteratorGoesOnToALaterSnapshot) {
  Memtable memtable;
  memtable.Put("a", Lsn(1), "1");
  const auto it = memtable.NewIterator(Lsn(1));
  it->SeekToFirst();
  memtable.Put("a", Lsn(2), "2");
  memtable.Put("b", Lsn(3), "3");
  it->SetSnapshot(Lsn(3));
  EXPECT_FALSE(it->Valid());
  it->SeekToFirst();
  ASSERT_TRUE(it->Valid());
  EXPECT_EQ(it->entry().value, "2");
  it->Next();
  ASSERT_TRUE(it->Valid());
  EXPECT_EQ(it->entry().value, "3");
}

TEST(Memtable, AnIteratorSeesWhatWasInsertedBeforeItsSeek) {
  Memtable memtable;
  memtable.Put("a", Lsn(1), "1");
  const auto it = memtable.NewIterator(kMaxLsn);
  memtable.Put("b", Lsn(2), "2");
  it->SeekToFirst();
  it->Next();
  ASSERT_TRUE(it->Valid());
  EXPECT_EQ(it->entry().key, "b");
  it->Next();
  EXPECT_FALSE(it->Valid());
}

TEST(Memtable, CountsEncodedBytes) {
  Memtable memtable;
  EXPECT_TRUE(memtable.empty());
  EXPECT_EQ(memtable.last_lsn(), kMinLsn);
  memtable.Put("key", Lsn(1), "value");
  memtable.Delete("key", Lsn(3));
  memtable.DeleteRange("aa", "bbb", Lsn(4));
  memtable.DeleteRange("c", std::nullopt, Lsn(5));
  EXPECT_EQ(memtable.entry_bytes(), 8u + 3u + 5u + 1u + 4 * Memtable::kEntryOverheadBytes);
  EXPECT_EQ(memtable.entry_count(), 4u);
  EXPECT_EQ(memtable.last_lsn(), Lsn(5));
  EXPECT_FALSE(memtable.empty());
  EXPECT_GE(memtable.memory_bytes(), 11u);
}

// Keys that `memtable` says it may have, among 1000 that it has not.
size_t StrangersAdmitted(const Memtable& memtable) {
  size_t admitted = 0;
  for (int i = 0; i < 1000; ++i) admitted += memtable.MayContain(StableHash("stranger" + std::to_string(i))) ? 1 : 0;
  return admitted;
}

TEST(Memtable, SaysOfEveryKeyItHoldsThatItMayBeThereAndOfFewOthers) {
  constexpr uint64_t kKeys = 20'000;
  constexpr size_t kEntryBytes = 32;
  Memtable memtable(nullptr, /*expected_bytes=*/kKeys * kEntryBytes);
  for (uint64_t n = 0; n < kKeys; ++n) {
    const uint64_t lsn = 1 + 2 * n;
    // Range tombstones in between are no keys.
    if (n % 3 == 0) memtable.DeleteRange("zone1", "zone2", Lsn(lsn));
    n % 2 == 0 ? memtable.Put(HistoryKey(n), Lsn(lsn + 1), "value") : memtable.Delete(HistoryKey(n), Lsn(lsn + 1));
    for (const uint64_t key : {uint64_t{0}, n / 2, n}) ASSERT_TRUE(memtable.MayContain(StableHash(HistoryKey(key))));
    if (n == 1022) {
      EXPECT_EQ(StrangersAdmitted(memtable), 1000u) << "while searching is as fast";
    } else if (n == 1023) {
      EXPECT_LT(StrangersAdmitted(memtable), 10u);
    }
  }
  for (uint64_t n = 0; n < kKeys; ++n) ASSERT_TRUE(memtable.MayContain(StableHash(HistoryKey(n)))) << n;
  EXPECT_LT(StrangersAdmitted(memtable), 50u);
}

TEST(Memtable, OneThatWasNotToldItsSizeOrWasLoadedOrIsSmallDeniesNoKey) {
  const auto fill = [](auto* to, Lsn lsn) { to->Put(HistoryKey(lsn.value), lsn, "value"); };
  Memtable not_told, loaded(nullptr, 1 << 20), small(nullptr, /*expected_bytes=*/30'000);
  Memtable::Loader loader(&loaded);
  for (Lsn lsn(1); lsn < Lsn(5000); ++lsn.value) fill(&loader, lsn);
  loader.Finish();
  for (Lsn lsn(5000); lsn < Lsn(9000); ++lsn.value) fill(&loaded, lsn);
  for (Lsn lsn(1); lsn < Lsn(5000); ++lsn.value) {
    fill(&not_told, lsn);
    fill(&small, lsn);
  }
  for (const Memtable* memtable : {&not_told, &loaded, &small}) EXPECT_EQ(StrangersAdmitted(*memtable), 1000u);
}

TEST(Memtable, CountsTheMemoryOfItsFilter) {
  const auto memory_of = [](size_t expected_bytes) {
    Memtable memtable(nullptr, expected_bytes);
    for (Lsn lsn(1); lsn < Lsn(2000); ++lsn.value) memtable.Put(HistoryKey(lsn.value), lsn, "value");
    return memtable.memory_bytes();
  };
  EXPECT_GT(memory_of(64 << 20), memory_of(0) + (1 << 20));
  EXPECT_LT(memory_of(64 << 20), memory_of(0) + (8 << 20));
}

TEST(Memtable, OneOfASmallWriteBufferIsSmall) {
  Memtable memtable;
  for (uint64_t lsn = 1; memtable.entry_bytes() < 512; ++lsn) memtable.Put(HistoryKey(lsn), Lsn(lsn), "value");
  EXPECT_LT(memtable.memory_bytes(), 4'096u);
}

TEST(Memtable, RangeTombstonesTakeMemoryToo) {
  Memtable memtable;
  for (uint64_t lsn = 1; lsn <= 1000; ++lsn) {
    memtable.DeleteRange(HistoryKey(2 * lsn), HistoryKey(2 * lsn + 1), Lsn(lsn));
  }
  EXPECT_GT(memtable.memory_bytes(), 1000u * 2 * 4);
}

TEST(Memtable, OnlyRangeTombstonesIsNotEmpty) {
  Memtable memtable;
  EXPECT_FALSE(memtable.has_range_tombstones());
  EXPECT_TRUE(memtable.range_tombstones()->empty());
  memtable.DeleteRange("a", "b", Lsn(1));
  EXPECT_FALSE(memtable.empty());
  EXPECT_TRUE(memtable.has_range_tombstones());
  EXPECT_EQ(memtable.range_tombstones()->ToTombstones(), (std::vector<RangeTombstone>{{"a", "b", Lsn(1)}}));
  EXPECT_EQ(memtable.range_tombstone_layers().size(), 1u);
}

TEST(Memtable, EmptyValuesAndValuesWithZerosAreKept) {
  Memtable memtable;
  const std::string zeros(3, '\0');
  memtable.Put("empty", Lsn(1), "");
  memtable.Put(zeros, Lsn(2), zeros);
  EXPECT_EQ(memtable.Find("empty", kMaxLsn)->value, "");
  EXPECT_EQ(memtable.Find("empty", kMaxLsn)->kind, EntryKind::kPut);
  EXPECT_EQ(memtable.Find(zeros, kMaxLsn)->value, zeros);
}

}  // namespace
}  // namespace aeternus
