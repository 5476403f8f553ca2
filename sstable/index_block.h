// The index block (byte table in format.h): which data block a key falls into. Searched in place by the eight bytes
// behind the prefix that all separators share; whole separators are compared only on ties.
//
// A search of many blocks would take a cache miss a step. So the cache of frames keeps landmarks beside an index: of
// each full cache line of prefixes the last one, all together, an eighth of the prefixes. They stay in the processor's
// caches, and say in which one line the search ends.
//
// Thread safety: the builder one thread; the reader is immutable, its views live as long as the bytes.
#ifndef AETERNUS_SSTABLE_INDEX_BLOCK_H_
#define AETERNUS_SSTABLE_INDEX_BLOCK_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "base/coding.h"
#include "sstable/format.h"

namespace aeternus::sstable {

class IndexBuilder {
 public:
  // Data block `block_count()`, stored from `offset` on. `separator` as format.h defines it; ascending.
  void Add(uint64_t offset, std::string_view separator);
  size_t block_count() const { return block_offsets_.size(); }
  // `data_end` is where the last data block ends. ResourceExhausted when the index is too large for a block.
  absl::StatusOr<std::string> Finish(uint64_t data_end);

 private:
  std::vector<uint64_t> block_offsets_;
  std::vector<uint64_t> separator_offsets_;
  std::string separators_;
};

class IndexReader {
 public:
  // DataLoss, naming `file` and `offset`, unless `block` is an index of as many data blocks as the footer says, which
  // fill the file up to its data_end().
  static absl::Status Validate(std::string_view block, const Footer& footer, std::string_view file, uint64_t offset);

  // What the landmarks of an index of so many blocks take, and how they are made.
  static size_t LandmarksSizeBytes(size_t block_count) { return block_count / kPrefixesPerLine * sizeof(uint64_t); }
  static void WriteLandmarks(std::string_view validated_block, char* out);

  IndexReader() = default;
  // `landmarks`: those of the block, or null.
  explicit IndexReader(std::string_view validated_block, const char* landmarks = nullptr);

  size_t block_count() const { return block_count_; }
  std::string_view separator(size_t i) const {
    const uint32_t begin = LoadU32(separator_offsets_ + i * sizeof(uint32_t));
    return {separators_ + begin, LoadU32(separator_offsets_ + (i + 1) * sizeof(uint32_t)) - begin};
  }
  BlockHandle block(size_t i) const;
  // The first block whose separator is at or behind `key`: the only one that may hold it, except for versions that go
  // on behind a separator equal to it. block_count() when the key is behind the last.
  size_t FindBlock(std::string_view key) const;
  // FindBlock of several keys, step by step together, so that their loads overlap; `numbers` has room for as many. At
  // most kMostKeys.
  static constexpr size_t kMostKeys = 16;
  void FindBlocks(absl::Span<const std::string_view> keys, size_t* numbers) const;

 private:
  static constexpr size_t kPrefixesPerLine = 64 / sizeof(uint64_t);

  // What a search begins with: `size` ascending words.
  struct Words {
    const char* begin;
    size_t size;
    uint64_t operator[](size_t i) const { return LoadU64(begin + i * sizeof(uint64_t)); }
  };
  Words searched_words() const {
    if (landmarks_ == nullptr) return {prefixes_, block_count_};
    return {landmarks_, block_count_ / kPrefixesPerLine};
  }
  uint64_t prefix(size_t i) const { return LoadU64(prefixes_ + i * sizeof(uint64_t)); }
  // The first of searched_words() that is at least `target`.
  size_t FindWord(uint64_t target) const;
  // The first separator whose prefix is at least `target`; the same once FindWord has answered `word`.
  size_t PrefixLowerBound(uint64_t target) const { return PrefixLowerBound(FindWord(target), target); }
  size_t PrefixLowerBound(size_t word, uint64_t target) const;
  // Whether `key` has the prefix that all separators share; if not, it lies before or behind them all: `*number`.
  bool SharesPrefix(std::string_view key, size_t* number) const;
  // FindBlock from the place that the prefixes alone lead to.
  size_t FindAmongTies(std::string_view key, uint64_t target, size_t low) const;

  const char* landmarks_ = nullptr;
  const char* prefixes_ = nullptr;
  const char* block_offsets_ = nullptr;
  const char* separator_offsets_ = nullptr;
  const char* separators_ = nullptr;
  size_t block_count_ = 0;
  size_t shared_size_ = 0;  // of the prefix that all separators share
};

}  // namespace aeternus::sstable

#endif  // AETERNUS_SSTABLE_INDEX_BLOCK_H_
