#include "sstable/index_block.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "iterator/testing/random.h"
#include "sstable/format.h"

namespace aeternus::sstable {
namespace {

using aeternus::testing::Random;

constexpr uint64_t kBlockSizeBytes = 100;

std::string Encode(const std::vector<std::string>& separators) {
  IndexBuilder builder;
  for (size_t i = 0; i < separators.size(); ++i) builder.Add(i * kBlockSizeBytes, separators[i]);
  return builder.Finish(separators.size() * kBlockSizeBytes).value();
}

// The footer of a table of `n` data blocks: the filter begins where they end.
Footer FooterFor(size_t n) {
  Footer footer;
  footer.data_block_count = n;
  footer.filter = {.offset = n * kBlockSizeBytes, .stored_size = 1};
  return footer;
}

void ExpectFindsLikeASearch(const std::vector<std::string>& separators, const std::vector<std::string>& keys) {
  const std::string block = Encode(separators);
  ASSERT_TRUE(IndexReader::Validate(block, FooterFor(separators.size()), "file", 0).ok());
  std::string landmarks(IndexReader::LandmarksSizeBytes(separators.size()), '?');
  IndexReader::WriteLandmarks(block, landmarks.data());
  for (const IndexReader& index : {IndexReader(block), IndexReader(block, landmarks.data())}) {
    std::vector<std::string_view> group;
    std::vector<size_t> expected, found;
    for (const std::string& key : keys) {
      group.push_back(key);
      expected.push_back(std::lower_bound(separators.begin(), separators.end(), key) - separators.begin());
      ASSERT_EQ(index.FindBlock(key), expected.back()) << key;
      if (group.size() < IndexReader::kMostKeys && &key != &keys.back()) continue;
      found.resize(group.size());
      index.FindBlocks(group, found.data());
      ASSERT_EQ(found, expected);
      group.clear();
      expected.clear();
    }
  }
}

TEST(IndexBlockTest, FindsTheFirstSeparatorAtOrBehindTheKey) {
  ExpectFindsLikeASearch({"b"}, {"", "a", "b", "c"});
  ExpectFindsLikeASearch({""}, {"", "a"});
  ExpectFindsLikeASearch({"k", "k", "k"}, {"j", "k", "l", ""});
  ExpectFindsLikeASearch({"shared/a", "shared/b"},
                         {"shared", "shared/", "shared/a", "shared/az", "shared/c", "sharee"});
  ExpectFindsLikeASearch(
      {std::string("p\0", 2), std::string("p\0\0", 3), "pa", std::string(20, '\xff')},
      {"p", std::string("p\0", 2), std::string("p\0\0\0", 4), std::string(19, '\xff'), std::string(21, '\xff')});
}

TEST(IndexBlockTest, FindsAmongRandomSeparatorsThatTieOften) {
  Random random = Random::ForTest();
  for (int round = 0; round < 300; ++round) {
    const auto random_key = [&] {
      std::string key(random.Below(3) * 7, 'p');
      for (uint64_t n = random.Below(12); n > 0; --n) key += static_cast<char>("\0ab\xff"[random.Below(4)]);
      return key;
    };
    std::vector<std::string> separators(1 + random.Below(100));
    std::vector<std::string> keys(100);
    std::generate(separators.begin(), separators.end(), random_key);
    std::generate(keys.begin(), keys.end(), random_key);
    std::sort(separators.begin(), separators.end());
    keys.insert(keys.end(), separators.begin(), separators.end());
    ExpectFindsLikeASearch(separators, keys);
    if (HasFatalFailure()) return;
  }
}

TEST(IndexBlockTest, BlocksEndWhereTheNextBegins) {
  const std::string block = Encode({"a", "b"});
  const IndexReader index(block);
  EXPECT_EQ(index.block(0).offset, 0u);
  EXPECT_EQ(index.block(0).end(), kBlockSizeBytes);
  EXPECT_EQ(index.block(1).offset, kBlockSizeBytes);
  EXPECT_EQ(index.block(1).end(), 2 * kBlockSizeBytes);
}

// The index of a table is followed by nothing but its own frame: what passes validation must stay inside it.
TEST(IndexBlockTest, EveryByteValueAnywhereIsSurvived) {
  const std::vector<std::string> separators = {"pre1", "pre2", "pre2", "pre3 and a long one"};
  const std::string intact = Encode(separators);
  const Footer footer = FooterFor(separators.size());
  for (size_t at = 0; at < intact.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      std::vector<char> memory(intact.begin(), intact.end());
      memory[at] = static_cast<char>(value);
      const std::string_view block(memory.data(), memory.size());
      const absl::Status status = IndexReader::Validate(block, footer, "file", 0);
      if (!status.ok()) {
        EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
        continue;
      }
      const IndexReader index(block);
      for (const std::string& key : separators) ASSERT_LE(index.FindBlock(key), index.block_count());
      for (size_t i = 0; i < index.block_count(); ++i) ASSERT_LE(index.block(i).end(), footer.data_end());
    }
  }
}

TEST(IndexBlockTest, EveryTruncationIsRefused) {
  const std::string intact = Encode({"a", "b"});
  for (size_t size = 0; size < intact.size(); ++size) {
    EXPECT_FALSE(IndexReader::Validate(std::string_view(intact).substr(0, size), FooterFor(2), "file", 0).ok());
  }
}

}  // namespace
}  // namespace aeternus::sstable
