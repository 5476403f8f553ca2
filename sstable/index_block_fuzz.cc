// The index block, beside a footer that says how many data blocks there are and where they end.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/log/check.h"
#include "absl/status/statusor.h"
#include "base/coding.h"
#include "base/key_order.h"
#include "base/testing/fuzz.h"
#include "sstable/format.h"
#include "sstable/index_block.h"

namespace aeternus::fuzzing {
namespace {

using sstable::BlockHandle;
using sstable::Footer;
using sstable::IndexReader;

// The footer that fits, so that the fuzzer need not find its two numbers: the index's own claims. 16 bytes of trailer
// begin with the number of blocks, n; the n + 1 block offsets stand behind n prefixes of 8 bytes.
Footer FooterFor(std::string_view block) {
  constexpr size_t kTrailerSizeBytes = 16;
  Footer footer;
  if (block.size() < kTrailerSizeBytes) return footer;
  footer.data_block_count = LoadU32(block.data() + block.size() - kTrailerSizeBytes);
  const uint64_t last_offset_at = footer.data_block_count * 2 * sizeof(uint64_t);
  if (last_offset_at + sizeof(uint64_t) <= block.size()) {
    footer.filter = {.offset = LoadU64(block.data() + last_offset_at), .stored_size = 1};
  }
  return footer;
}

// By its definition: the first block whose separator is at or behind `key`.
size_t FindBlockSlowly(const IndexReader& index, std::string_view key) {
  size_t i = 0;
  while (i < index.block_count() && CompareKeys(index.separator(i), key) < 0) ++i;
  return i;
}

void CheckSearches(const IndexReader& index, const IndexReader& with_landmarks, std::string_view key) {
  for (const std::string& probe : {std::string(key), std::string(key) + '\0', std::string(key.substr(0, 1)),
                                   PrefixSuccessor(key), std::string(key.substr(0, key.size() / 2)) + '\x7f'}) {
    CHECK_EQ(index.FindBlock(probe), FindBlockSlowly(index, probe));
    CHECK_EQ(with_landmarks.FindBlock(probe), FindBlockSlowly(index, probe));
    const std::string_view probes[] = {probe};
    size_t number = 0;
    with_landmarks.FindBlocks(probes, &number);
    CHECK_EQ(number, FindBlockSlowly(index, probe));
  }
}

}  // namespace

bool DecodeAndCheck(std::string_view input) {
  const Footer footer = FooterFor(input);
  if (!IndexReader::Validate(input, footer, "fuzz", 0).ok()) return false;
  const IndexReader index(input);
  CHECK_EQ(index.block_count(), footer.data_block_count);
  std::string landmarks(IndexReader::LandmarksSizeBytes(index.block_count()), '?');
  IndexReader::WriteLandmarks(input, landmarks.data());
  const IndexReader with_landmarks(input, landmarks.data());
  sstable::IndexBuilder builder;
  uint64_t end = 0;
  for (size_t i = 0; i < index.block_count(); ++i) {
    const BlockHandle block = index.block(i);
    CHECK_EQ(block.offset, end);
    CHECK_LE(block.stored_size, sstable::kMaxBlockSizeBytes);
    end = block.end();
    builder.Add(block.offset, index.separator(i));
    if (i < 16 || i + 16 > index.block_count()) CheckSearches(index, with_landmarks, index.separator(i));
  }
  CHECK_EQ(end, footer.data_end());
  const absl::StatusOr<std::string> encoded = builder.Finish(end);
  CHECK_OK(encoded.status());
  const IndexReader again(*encoded);
  CHECK_OK(IndexReader::Validate(*encoded, footer, "fuzz", 0));
  for (size_t i = 0; i < index.block_count(); ++i) CHECK_EQ(again.separator(i), index.separator(i));
  return true;
}

std::vector<Seed> Seeds() {
  const auto index = [](const std::vector<std::string>& separators) {
    sstable::IndexBuilder builder;
    for (size_t i = 0; i < separators.size(); ++i) builder.Add(i * 4000, separators[i]);
    return builder.Finish(separators.size() * 4000).value();
  };
  return {{"one", index({"key"})},
          {"shared_prefix", index({"user/000100", "user/000200", "user/000200", "user/000300/with a tail"})},
          {"ties", index({"prefix-12345678a", "prefix-12345678b", "prefix-12345678c", "prefix-1\xff"})},
          {"spanned_by_one_key", index({"k", "k", "k"})}};
}

}  // namespace aeternus::fuzzing
