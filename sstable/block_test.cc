#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/coding.h"
#include "base/entry.h"
#include "base/hash.h"
#include "base/types.h"
#include "gtest/gtest.h"
#include "iterator/testing/random.h"
#include "sstable/block_builder.h"
#include "sstable/block_reader.h"

namespace aeternus::sstable {
namespace {

using aeternus::testing::Random;

struct Entry {
  std::string key;
  uint64_t lsn;
  std::string value;
};

std::string Encode(const std::vector<Entry>& entries) {
  BlockBuilder builder;
  size_t bound = 0;
  for (const Entry& entry : entries) {
    const EntryView view{.key = entry.key, .lsn = Lsn(entry.lsn), .kind = EntryKind::kPut, .value = entry.value};
    bound = builder.SizeWith(view);
    builder.Add(view, StableHash(entry.key));
  }
  std::string block = "kept";
  builder.Finish(&block);
  EXPECT_TRUE(builder.empty());
  EXPECT_LE(block.size() - 4, bound);
  return block.substr(4);
}

TEST(BlockTest, CommonPrefixIsStoredOnce) {
  std::vector<Entry> entries;
  for (int i = 10; i < 60; ++i) entries.push_back({std::string(500, 'p') + std::to_string(i), 1, ""});
  const std::string block = Encode(entries);
  EXPECT_LT(block.size(), 500u + 50 * 12);
  const BlockReader reader(block);
  EXPECT_EQ(reader.common_prefix().size(), 500u);
  EXPECT_EQ(reader.Key(3), entries[3].key);
}

TEST(BlockTest, LsnsTakeAsManyBytesAsTheirSpread) {
  for (int width = 0; width <= 7; ++width) {
    const uint64_t spread = (uint64_t{1} << 8 * width) - 1;
    const std::string block = Encode({{"a", 0, ""}, {"b", spread, ""}});
    ASSERT_TRUE(BlockReader::Validate(block, "file", 0).ok());
    EXPECT_EQ(static_cast<int>(block[block.size() - 8]), width);
    EXPECT_EQ(BlockReader(block).entry(0).lsn, Lsn(0));
    EXPECT_EQ(BlockReader(block).entry(1).lsn, Lsn(spread));
  }
}

// Offsets grow from two bytes to four around 64 KiB, which the offsets themselves may cross.
TEST(BlockTest, BlocksAroundTheReachOfNarrowOffsetsComeBack) {
  for (size_t size = 65'535 - 80; size < 65'535 + 20; ++size) {
    const std::vector<Entry> entries = {{"a", 1, std::string(size, 'v')}, {"b", 1, "w"}, {"c", 1, ""}};
    const std::string block = Encode(entries);
    ASSERT_TRUE(BlockReader::Validate(block, "file", 0).ok()) << size;
    for (size_t i = 0; i < entries.size(); ++i) ASSERT_EQ(BlockReader(block).entry(i).value, entries[i].value);
  }
}

// More versions and keys than one group of tags, many keys with equal tags.
TEST(BlockTest, FindSeesTheNewestVersionAtOrBelowTheSnapshot) {
  std::vector<Entry> entries;
  for (int key = 100; key < 700; ++key) {
    for (int version = key % 5; version >= 0; --version) {
      entries.push_back({std::to_string(key), 10u * static_cast<uint64_t>(version) + 10, std::to_string(version)});
    }
  }
  const std::string block = Encode(entries);
  const BlockReader reader(block);
  for (int key = 90; key < 710; ++key) {
    const std::string text = std::to_string(key);
    for (uint64_t snapshot = 5; snapshot < 70; snapshot += 5) {
      const size_t found = reader.Find(text, StableHash(text), Lsn(snapshot));
      const int newest = std::min<int>(static_cast<int>(snapshot / 10) - 1, key % 5);
      if (key < 100 || key >= 700 || newest < 0) {
        ASSERT_EQ(found, BlockReader::kNotFound) << text << "@" << snapshot;
      } else {
        ASSERT_EQ(reader.entry(found).value, std::to_string(newest)) << text << "@" << snapshot;
        ASSERT_EQ(reader.Key(found), text);
      }
    }
  }
}

// Whatever Validate lets pass is safe to read; the bytes are exactly sized heap memory, so that a sanitizer sees the
// first byte read outside.
void ReadAll(const std::string& bytes) {
  const std::vector<char> memory(bytes.begin(), bytes.end());
  const std::string_view block(memory.data(), memory.size());
  const absl::Status status = BlockReader::Validate(block, "file", 1000);
  if (!status.ok()) {
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
    return;
  }
  const BlockReader reader(block);
  size_t size = 0;
  for (size_t i = 0; i < reader.entry_count(); ++i) {
    const BlockReader::Entry entry = reader.entry(i);
    size += entry.key_suffix.size() + entry.value.size();
    const std::string key = reader.Key(i);
    reader.Find(key, StableHash(key), kMaxLsn);
    reader.LowerBound(key, entry.lsn);
  }
  EXPECT_LE(size, block.size());
}

std::string SmallBlock() {
  return Encode({{"prefix", 900, ""}, {"prefix a", 7, "value"}, {"prefix b", 1, std::string(200, 'x')}});
}

TEST(BlockTest, EveryByteValueAnywhereIsSurvived) {
  const std::string intact = SmallBlock();
  ASSERT_TRUE(BlockReader::Validate(intact, "file", 0).ok());
  for (size_t at = 0; at < intact.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      std::string bytes = intact;
      bytes[at] = static_cast<char>(value);
      ReadAll(bytes);
    }
  }
}

TEST(BlockTest, EveryTruncationIsRefused) {
  const std::string intact = SmallBlock();
  for (size_t size = 0; size < intact.size(); ++size) {
    EXPECT_FALSE(BlockReader::Validate(std::string_view(intact).substr(0, size), "file", 0).ok()) << size;
    EXPECT_FALSE(BlockReader::Validate(std::string_view(intact).substr(intact.size() - size), "file", 0).ok()) << size;
  }
}

TEST(BlockTest, NothingMayLieBetweenTheLastEntryAndTheTags) {
  const std::string intact = Encode({{"a", 1, "1"}, {"b", 2, "2"}});
  ASSERT_TRUE(BlockReader::Validate(intact, "file", 0).ok());
  const size_t directory_and_end = 2 * (1 + 2) + 24;  // a tag and an offset for each entry
  for (const size_t n : {1, 7, 300}) {
    std::string bytes = intact;
    bytes.insert(bytes.size() - directory_and_end, n, '\0');
    EXPECT_TRUE(absl::IsDataLoss(BlockReader::Validate(bytes, "file", 0))) << n;
  }
}

TEST(BlockTest, RandomMutationsAreSurvived) {
  Random random = Random::ForTest();
  const std::string intact = SmallBlock();
  for (int round = 0; round < 100'000; ++round) {
    std::string bytes = intact;
    for (uint64_t n = 1 + random.Below(6); n > 0; --n) {
      bytes[random.OneIn(2) ? random.Below(bytes.size()) : bytes.size() - 1 - random.Below(30)] =
          static_cast<char>(random.Below(256));
    }
    ReadAll(bytes);
  }
}

}  // namespace
}  // namespace aeternus::sstable
