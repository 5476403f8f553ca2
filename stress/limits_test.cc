// The stated limits, met exactly: keys to 64 KiB, values to 1 GiB, ResourceExhausted beyond.
#include <memory>
#include <optional>
#include <string>

#include "aeternus/engine.h"
#include "aeternus/pinned_value.h"
#include "aeternus/write_batch.h"
#include "base/entry.h"
#include "gtest/gtest.h"
#include "stress/sim_database.h"

namespace aeternus::stress {
namespace {

constexpr absl::StatusCode kTooLarge = absl::StatusCode::kResourceExhausted;

TEST(LimitsTest, KeysTo64KiB) {
  static_assert(kMaxKeySizeBytes == 65536);
  SimDatabase database;
  ASSERT_TRUE(database.Open().ok());
  const std::string largest(kMaxKeySizeBytes, 'k');
  const std::string too_large(kMaxKeySizeBytes + 1, 'k');
  ASSERT_TRUE(database->Put(largest, "v").ok());
  EXPECT_EQ(database->Put(too_large, "v").code(), kTooLarge);
  EXPECT_EQ(database->Delete(too_large).code(), kTooLarge);
  EXPECT_EQ(database->DeleteRange("a", too_large).code(), kTooLarge);
  EXPECT_EQ(database->DeleteRange(too_large, "z").code(), kTooLarge);
  for (int flushed = 0; flushed < 2; ++flushed) {
    EXPECT_EQ(database->Get(largest).value(), "v");
    EXPECT_EQ(ReadAll(*database).value(), (Contents{{largest, "v"}}));
    ASSERT_TRUE(FlushEverything(*database).ok());
    ASSERT_TRUE(database.Reopen().ok());
  }
  ASSERT_TRUE(database->DeleteRange("a", largest).ok()) << "a bound may be as large as a key";
  EXPECT_EQ(database->Get(largest).value(), "v") << "the end is exclusive";
}

TEST(LimitsTest, EveryRequestWithAKeyBeyondTheLimitIsRefusedAndBoundsOfReadsAreAny) {
  SimDatabase database;
  ASSERT_TRUE(database.Open().ok());
  const std::string largest(kMaxKeySizeBytes, 'k');
  const std::string too_large(kMaxKeySizeBytes + 1, 'k');
  ASSERT_TRUE(database->Put(largest, "v").ok());
  WriteBatch batch;
  batch.Put("good", "v");
  batch.Delete(too_large);
  EXPECT_EQ(database->Write(batch).code(), kTooLarge);
  EXPECT_EQ(database->Get("good").value(), std::nullopt) << "a batch is refused as a whole";
  EXPECT_EQ(database->Get(too_large).status().code(), kTooLarge);
  PinnedValue pinned;
  EXPECT_EQ(database->Get({}, too_large, &pinned).status().code(), kTooLarge);
  // A bound of a read is a place between keys: the one just behind the largest key is longer than a key can be.
  const std::string behind_largest = largest + '\0';
  EXPECT_EQ(database->Scan(largest, behind_largest).value().size(), 1u);
  EXPECT_EQ(database->Scan(behind_largest, "z").value().size(), 0u);
  const auto it = database->NewIterator({}, {.lower_bound = "a", .upper_bound = behind_largest}).value();
  it->SeekForPrev(std::string(4 * kMaxKeySizeBytes, 'k'));
  ASSERT_TRUE(it->Valid());
  EXPECT_EQ(it->key(), largest);
  it->Seek(behind_largest);
  EXPECT_FALSE(it->Valid());
  EXPECT_TRUE(it->status().ok()) << it->status();
}

// Keys that differ in their last byte only: no index separator can be shorter than they are.
TEST(LimitsTest, TheLargestKeysGoThroughLogMemtableTablesAndCompaction) {
  SimDatabase database({.write_buffer_bytes = size_t{1} << 20, .table = {.block_size_bytes = 256}});
  ASSERT_TRUE(database.Open().ok());
  const std::string stem(kMaxKeySizeBytes - 1, 'k');
  Contents expected;
  const auto expect_all = [&] {
    EXPECT_EQ(ReadAll(*database).value(), expected);
    for (int byte = 0; byte < 256; ++byte) {
      const std::string key = stem + static_cast<char>(byte);
      const auto found = expected.find(key);
      EXPECT_EQ(database->Get(key).value(),
                found == expected.end() ? std::nullopt : std::optional<std::string>(found->second));
    }
  };
  for (const int first : {0, 1}) {  // two generations of tables, whose keys alternate
    for (int byte = first; byte < 240; byte += 2) {
      const std::string key = stem + static_cast<char>(byte);
      expected[key] = std::to_string(byte);
      ASSERT_TRUE(database->Put(key, expected[key], {.sync = false}).ok());
    }
    ASSERT_TRUE(database.Reopen().ok()) << "from the log";
    expect_all();
    ASSERT_TRUE(FlushEverything(*database).ok());
  }
  ASSERT_TRUE(database->DeleteRange(stem + '\x10', stem + '\x20').ok());
  for (int byte = 0x10; byte < 0x20; ++byte) expected.erase(stem + static_cast<char>(byte));
  ASSERT_TRUE(FlushEverything(*database).ok());
  ASSERT_TRUE(database.Reopen().ok());
  expect_all();
  EXPECT_TRUE(database->Verify().ok());
  EXPECT_TRUE(database->MajorCompact().value());
  EXPECT_TRUE(database->Verify().ok());
  ASSERT_TRUE(database.Reopen().ok());
  expect_all();
}

TEST(LimitsTest, RefusedWritesLeaveTheDatabaseAsItWas) {
  SimDatabase database;
  ASSERT_TRUE(database.Open().ok());
  ASSERT_TRUE(database->Put("k", "v").ok());
  EXPECT_EQ(database->Put(std::string(kMaxKeySizeBytes + 1, 'k'), "v").code(), kTooLarge);
  EXPECT_EQ(database->Stats().value().state, EngineState::kHealthy);
  ASSERT_TRUE(database->Put("l", "w").ok());
  EXPECT_EQ(ReadAll(*database).value(), (Contents{{"k", "v"}, {"l", "w"}}));
}

}  // namespace
}  // namespace aeternus::stress
