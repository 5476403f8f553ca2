#include "sstable/index_block.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "absl/log/check.h"
#include "absl/strings/match.h"
#include "base/entry.h"
#include "base/key_order.h"
#include "base/status.h"

namespace aeternus::sstable {
namespace {

constexpr size_t kIndexTrailerSizeBytes = 16;

// What each data block takes beside its separator, and what the index takes once: the last offsets and the trailer.
constexpr uint64_t kRecordSizeBytes = 2 * sizeof(uint64_t) + sizeof(uint32_t);
constexpr uint64_t kFixedSizeBytes = sizeof(uint64_t) + sizeof(uint32_t) + kIndexTrailerSizeBytes;

struct IndexTrailer {
  uint64_t block_count;
  size_t shared_size;

  explicit IndexTrailer(std::string_view block) {
    const char* p = block.data() + block.size() - kIndexTrailerSizeBytes;
    block_count = LoadU32(p);
    shared_size = LoadU32(p + 4);
  }
};

}  // namespace

void IndexBuilder::Add(uint64_t offset, std::string_view separator) {
  block_offsets_.push_back(offset);
  separator_offsets_.push_back(separators_.size());
  separators_.append(separator);
}

absl::StatusOr<std::string> IndexBuilder::Finish(uint64_t data_end) {
  const size_t n = block_count();
  if (n * kRecordSizeBytes + kFixedSizeBytes + separators_.size() > kMaxBlockSizeBytes) {
    return absl::ResourceExhaustedError(absl::StrCat("an index of ", n, " blocks and ", separators_.size(),
                                                     " bytes of separators is too large for one table"));
  }
  block_offsets_.push_back(data_end);
  separator_offsets_.push_back(separators_.size());
  const auto separator = [this](size_t i) {
    return std::string_view(separators_)
        .substr(separator_offsets_[i], separator_offsets_[i + 1] - separator_offsets_[i]);
  };
  // What the first and the last of a sorted sequence share, all share.
  const size_t shared_size = CommonPrefixSize(separator(0), separator(n - 1));
  std::string out;
  for (size_t i = 0; i < n; ++i) PutU64(&out, KeyPrefix(separator(i), shared_size));
  for (const uint64_t offset : block_offsets_) PutU64(&out, offset);
  for (const uint64_t offset : separator_offsets_) PutU32(&out, static_cast<uint32_t>(offset));
  out.append(separators_);
  PutU32(&out, static_cast<uint32_t>(n));
  PutU32(&out, static_cast<uint32_t>(shared_size));
  PutU64(&out, 0);
  return out;
}

absl::Status IndexReader::Validate(std::string_view block, const Footer& footer, std::string_view file,
                                   uint64_t offset) {
  if (block.size() < kFixedSizeBytes) return CorruptionError(file, offset, "index of ", block.size(), " bytes");
  const IndexTrailer trailer(block);
  const uint64_t n = trailer.block_count;
  if (n == 0 || n != footer.data_block_count || n * kRecordSizeBytes + kFixedSizeBytes > block.size()) {
    return CorruptionError(file, offset, "index of ", block.size(), " bytes names ", n, " blocks, the footer ",
                           footer.data_block_count);
  }
  const IndexReader index(block);
  const size_t separators_size = block.size() - n * kRecordSizeBytes - kFixedSizeBytes;
  const auto block_offset = [&](size_t i) { return LoadU64(index.block_offsets_ + i * sizeof(uint64_t)); };
  const auto separator_offset = [&](size_t i) { return LoadU32(index.separator_offsets_ + i * sizeof(uint32_t)); };
  if (block_offset(0) != 0 || block_offset(n) != footer.data_end()) {
    return CorruptionError(file, offset, "index says that data blocks are in [", block_offset(0), ", ", block_offset(n),
                           "), the footer in [0, ", footer.data_end(), ")");
  }
  if (separator_offset(0) != 0 || separator_offset(n) != separators_size) {
    return CorruptionError(file, offset, "separators of the index do not fill their place");
  }
  // Nothing of a record is followed before all that it names is known to be inside: ascending offsets are, because the
  // last one is.
  for (size_t i = 0; i < n; ++i) {
    const bool stored_within_limits =
        block_offset(i) < block_offset(i + 1) && block_offset(i + 1) - block_offset(i) > kBlockTrailerSizeBytes &&
        block_offset(i + 1) - block_offset(i) <= kMaxBlockSizeBytes + kBlockTrailerSizeBytes;
    if (!stored_within_limits || separator_offset(i) > separator_offset(i + 1)) {
      return CorruptionError(file, offset, "index record ", i, " does not end behind its beginning");
    }
  }
  for (size_t i = 0; i < n; ++i) {
    const std::string_view separator = index.separator(i);
    if (separator.size() < trailer.shared_size || separator.size() > kMaxKeySizeBytes ||
        !absl::StartsWith(separator, index.separator(0).substr(0, trailer.shared_size)) ||
        index.prefix(i) != KeyPrefix(separator, trailer.shared_size) ||
        (i > 0 && CompareKeys(index.separator(i - 1), separator) > 0)) {
      return CorruptionError(file, offset, "separator ", i, " of the index is out of order or has a wrong prefix");
    }
  }
  return absl::OkStatus();
}

void IndexReader::WriteLandmarks(std::string_view validated_block, char* out) {
  const IndexReader index(validated_block);
  for (size_t i = kPrefixesPerLine - 1; i < index.block_count_; i += kPrefixesPerLine, out += sizeof(uint64_t)) {
    const uint64_t landmark = index.prefix(i);
    std::memcpy(out, &landmark, sizeof(landmark));
  }
}

IndexReader::IndexReader(std::string_view validated_block, const char* landmarks) : landmarks_(landmarks) {
  const IndexTrailer trailer(validated_block);
  block_count_ = trailer.block_count;
  shared_size_ = trailer.shared_size;
  prefixes_ = validated_block.data();
  block_offsets_ = prefixes_ + block_count_ * sizeof(uint64_t);
  separator_offsets_ = block_offsets_ + (block_count_ + 1) * sizeof(uint64_t);
  separators_ = separator_offsets_ + (block_count_ + 1) * sizeof(uint32_t);
}

BlockHandle IndexReader::block(size_t i) const {
  const uint64_t begin = LoadU64(block_offsets_ + i * sizeof(uint64_t));
  const uint64_t end = LoadU64(block_offsets_ + (i + 1) * sizeof(uint64_t));
  return {.offset = begin, .stored_size = end - begin - kBlockTrailerSizeBytes};
}

// Without branches that depend on the keys: at random keys each of those would be mispredicted every other time.
size_t IndexReader::FindWord(uint64_t target) const {
  const Words words = searched_words();
  size_t base = 0;
  for (size_t n = words.size; n > 1;) {
    const size_t half = n / 2;
    base += words[base + half - 1] < target ? half : 0;
    n -= half;
  }
  if (words.size > 0) base += words[base] < target ? 1 : 0;
  return base;
}

size_t IndexReader::PrefixLowerBound(size_t word, uint64_t target) const {
  if (landmarks_ == nullptr) return word;
  size_t number = word * kPrefixesPerLine;
  const size_t limit = std::min(number + kPrefixesPerLine, block_count_);
  for (size_t i = number; i < limit; ++i) number += prefix(i) < target ? 1 : 0;
  return number;
}

bool IndexReader::SharesPrefix(std::string_view key, size_t* number) const {
  const int c = key.substr(0, shared_size_).compare({separators_, shared_size_});
  if (c != 0) *number = c < 0 ? 0 : block_count_;
  return c == 0;
}

size_t IndexReader::FindAmongTies(std::string_view key, uint64_t target, size_t low) const {
  if (low == block_count_ || prefix(low) != target) return low;
  size_t high = low + 1;
  if (high < block_count_ && prefix(high) == target) {
    high = target == UINT64_MAX ? block_count_ : PrefixLowerBound(target + 1);
  }
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    if (CompareKeys(separator(middle), key) < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

size_t IndexReader::FindBlock(std::string_view key) const {
  size_t number = 0;
  if (!SharesPrefix(key, &number)) return number;
  const uint64_t target = KeyPrefix(key, shared_size_);
  return FindAmongTies(key, target, PrefixLowerBound(target));
}

// FindWord takes the same number of steps whatever it looks for, so all of them can be taken in turn.
void IndexReader::FindBlocks(absl::Span<const std::string_view> keys, size_t* numbers) const {
  DCHECK_LE(keys.size(), kMostKeys);
  std::array<uint64_t, kMostKeys> targets;
  for (size_t k = 0; k < keys.size(); ++k) {
    targets[k] = KeyPrefix(keys[k], shared_size_);
    numbers[k] = 0;
  }
  const Words words = searched_words();
  for (size_t n = words.size; n > 1;) {
    const size_t half = n / 2;
    // Multiplied, because a branch here is one that nobody foresees.
    for (size_t k = 0; k < keys.size(); ++k) {
      numbers[k] += half * static_cast<size_t>(words[numbers[k] + half - 1] < targets[k]);
    }
    n -= half;
  }
  for (size_t k = 0; k < keys.size(); ++k) {
    if (words.size > 0) numbers[k] += words[numbers[k]] < targets[k] ? 1 : 0;
    if (landmarks_ != nullptr) __builtin_prefetch(prefixes_ + numbers[k] * kPrefixesPerLine * sizeof(uint64_t));
  }
  for (size_t k = 0; k < keys.size(); ++k) {
    const size_t low = PrefixLowerBound(numbers[k], targets[k]);
    if (SharesPrefix(keys[k], &numbers[k])) numbers[k] = FindAmongTies(keys[k], targets[k], low);
  }
}

}  // namespace aeternus::sstable
