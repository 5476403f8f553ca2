#include "sstable/block_reader.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/key_order.h"
#include "base/status.h"

namespace aeternus::sstable {
namespace {

constexpr size_t kTagsAtOnce = 16;

// Bit i: whether tags[i] == tag, for kTagsAtOnce tags. Reads past the last tag of a block fall into its offsets and its
// trailer, which are longer than that together.
uint32_t MatchTags(const char* tags, uint8_t tag) {
#if defined(__SSE2__)
  const __m128i many = _mm_loadu_si128(reinterpret_cast<const __m128i*>(tags));
  return static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(many, _mm_set1_epi8(static_cast<char>(tag)))));
#else
  uint32_t matches = 0;
  for (size_t i = 0; i < kTagsAtOnce; ++i) matches |= uint32_t{static_cast<uint8_t>(tags[i]) == tag} << i;
  return matches;
#endif
}
static_assert(kBlockEndSizeBytes >= kTagsAtOnce);

// KeyPrefix of a suffix in a block, without a branch for short ones: behind it there is always a word to read.
uint64_t WordOf(std::string_view suffix) {
  static_assert(kBlockEndSizeBytes >= sizeof(uint64_t));
  uint64_t word = 0;
  std::memcpy(&word, suffix.data(), sizeof(word));
  const size_t missing = sizeof(word) - std::min(suffix.size(), sizeof(word));
  return missing == sizeof(word) ? 0 : __builtin_bswap64(word) >> 8 * missing << 8 * missing;
}

uint64_t LsnMask(size_t width) { return (uint64_t{1} << 8 * width) - 1; }

// The fixed part of a block, as it stands at its end.
struct BlockEnd {
  uint64_t base_lsn;
  uint64_t entry_count;
  uint64_t common_prefix_size;
  uint8_t lsn_width;
  uint8_t offset_width;

  explicit BlockEnd(std::string_view block) {
    const char* p = block.data() + block.size() - kBlockEndSizeBytes;
    base_lsn = LoadU64(p);
    entry_count = LoadU32(p + 8);
    common_prefix_size = LoadU32(p + 12);
    lsn_width = static_cast<uint8_t>(p[16]);
    offset_width = static_cast<uint8_t>(p[17]);
  }
  uint64_t directory_size() const { return entry_count * (kTagSizeBytes + offset_width); }
};

absl::Status ValidateEnd(const BlockEnd& end, size_t block_size, std::string_view file, uint64_t offset) {
  const bool is_sane = end.entry_count > 0 && end.lsn_width <= kMaxLsnWidth && end.base_lsn <= kMaxLsn.value &&
                       (end.offset_width == sizeof(uint16_t) || end.offset_width == sizeof(uint32_t)) &&
                       end.common_prefix_size <= kMaxKeySizeBytes;
  if (is_sane && end.common_prefix_size + end.directory_size() + kBlockEndSizeBytes <= block_size) {
    return absl::OkStatus();
  }
  return CorruptionError(file, offset, "trailer of a data block of ", block_size, " bytes claims ", end.entry_count,
                         " entries, common prefix ", end.common_prefix_size, ", LSN width ", end.lsn_width,
                         ", offset width ", end.offset_width, ", base LSN ", end.base_lsn);
}

// The end of the entry at `p`, or nullptr when it does not fit before `limit` or breaks a limit of the format. On the
// path of every load, so without the words that Decoder would have for each field.
const char* EndOfEntry(const BlockEnd& end, const char* p, const char* limit) {
  if (static_cast<size_t>(limit - p) < kKindSizeBytes + end.lsn_width) return nullptr;
  const auto kind = static_cast<EntryKind>(*p);
  if (kind != EntryKind::kPut && kind != EntryKind::kDelete) return nullptr;
  // A whole word may be read: behind `limit` comes the block's directory and its trailer.
  const uint64_t lsn_delta = LoadU64(p + kKindSizeBytes) & LsnMask(end.lsn_width);
  if (lsn_delta > kMaxLsn.value - end.base_lsn) return nullptr;
  uint64_t suffix_size = 0;
  p = LoadVarint64(p + kKindSizeBytes + end.lsn_width, limit, &suffix_size);
  if (p == nullptr || suffix_size > kMaxKeySizeBytes - end.common_prefix_size) return nullptr;
  uint64_t value_size = 0;
  if (kind == EntryKind::kPut) {
    p = LoadVarint64(p, limit, &value_size);
    if (p == nullptr || value_size > kMaxValueSizeBytes) return nullptr;
  }
  if (suffix_size + value_size > static_cast<size_t>(limit - p)) return nullptr;
  return p + suffix_size + value_size;
}

}  // namespace

absl::Status BlockReader::Validate(std::string_view block, std::string_view file, uint64_t offset) {
  if (block.size() < kBlockEndSizeBytes) return CorruptionError(file, offset, "data block of ", block.size(), " bytes");
  const BlockEnd end(block);
  AETERNUS_RETURN_IF_ERROR(ValidateEnd(end, block.size(), file, offset));
  const char* limit = block.data() + block.size() - kBlockEndSizeBytes - end.directory_size();
  const char* offsets = limit + end.entry_count * kTagSizeBytes;
  const char* p = block.data() + end.common_prefix_size;
  for (size_t i = 0; i < end.entry_count; ++i) {
    const auto begins = static_cast<size_t>(p - block.data());
    if (LoadOffset(offsets, end.offset_width, i) != begins) {
      return CorruptionError(file, offset + begins, "entry ", i, " of a data block is said to begin elsewhere");
    }
    p = EndOfEntry(end, p, limit);
    if (p == nullptr) return CorruptionError(file, offset + begins, "malformed entry ", i, " of a data block");
  }
  if (p != limit) return CorruptionError(file, offset, limit - p, " bytes behind the entries of a data block");
  return absl::OkStatus();
}

BlockReader::BlockReader(std::string_view validated_block) : begin_(validated_block.data()) {
  const BlockEnd end(validated_block);
  entry_count_ = end.entry_count;
  common_prefix_size_ = end.common_prefix_size;
  base_lsn_ = end.base_lsn;
  lsn_mask_ = LsnMask(end.lsn_width);
  lsn_width_ = end.lsn_width;
  offset_width_ = end.offset_width;
  tags_ = begin_ + validated_block.size() - kBlockEndSizeBytes - end.directory_size();
  offsets_ = tags_ + entry_count_ * kTagSizeBytes;
}

size_t BlockReader::LowerBound(std::string_view key, Lsn lsn) const {
  if (const int c = CompareKeys(key.substr(0, common_prefix_size_), common_prefix()); c != 0) {
    return c < 0 ? 0 : entry_count_;
  }
  const std::string_view suffix = key.substr(common_prefix_size_);
  const uint64_t word = KeyPrefix(suffix);
  // Whether entry i comes before the target. Most words differ, and then nothing here is a branch that depends on keys:
  // at random keys each of those would be mispredicted every other time.
  const auto is_before = [&](size_t i) {
    const Entry at = entry(i);
    const uint64_t word_at = WordOf(at.key_suffix);
    if (word_at == word) [[unlikely]]
      return CompareEntries(at.key_suffix, at.lsn, suffix, lsn) < 0;
    return word_at < word;
  };
  size_t base = 0;
  for (size_t n = entry_count_; n > 1;) {
    const size_t half = n / 2;
    base += is_before(base + half - 1) ? half : 0;
    n -= half;
  }
  return base + (is_before(base) ? 1 : 0);
}

// The search takes the same strides whatever it looks for, so that the entries of the first three are known: 1 + 2 + 4.
void BlockReader::PrefetchSearch() const {
  constexpr size_t kStrides = 3;
  size_t n = entry_count_;
  std::array<size_t, size_t{1} << kStrides> bases = {0};
  size_t base_count = 1;
  for (size_t stride = 0; stride < kStrides && n > 1; ++stride) {
    const size_t half = n / 2;
    for (size_t i = 0; i < base_count; ++i) {
      __builtin_prefetch(begin_ + LoadOffset(offsets_, offset_width_, bases[i] + half - 1));
      bases[base_count + i] = bases[i] + half;
    }
    base_count *= 2;
    n -= half;
  }
}

size_t BlockReader::Find(std::string_view key, uint64_t hash, Lsn snapshot, Entry* found) const {
  if (!absl::StartsWith(key, common_prefix())) return kNotFound;
  const std::string_view suffix = key.substr(common_prefix_size_);
  const uint8_t tag = TagOf(hash);
  for (size_t group = 0; group < entry_count_; group += kTagsAtOnce) {
    uint32_t matches = MatchTags(tags_ + group, tag);
    if (entry_count_ - group < kTagsAtOnce) matches &= (uint32_t{1} << (entry_count_ - group)) - 1;
    for (; matches != 0; matches &= matches - 1) {
      const size_t i = group + static_cast<size_t>(std::countr_zero(matches));
      *found = entry(i);
      // Versions come newest first: the first one that the snapshot sees is the one.
      if (found->lsn <= snapshot && found->key_suffix == suffix) return i;
    }
  }
  return kNotFound;
}

void BlockReader::PrefetchEntry(uint64_t hash) const {
  const uint8_t tag = TagOf(hash);
  for (size_t group = 0; group < entry_count_; group += kTagsAtOnce) {
    const uint32_t matches = MatchTags(tags_ + group, tag);
    if (matches == 0) continue;
    // A match behind the last tag is none, and the last entry as good as any other.
    const size_t i = std::min(group + static_cast<size_t>(std::countr_zero(matches)), entry_count_ - 1);
    const char* p = begin_ + LoadOffset(offsets_, offset_width_, i);
    __builtin_prefetch(p);
    __builtin_prefetch(p + 64);
    return;
  }
}

std::string BlockReader::Key(size_t i) const { return absl::StrCat(common_prefix(), entry(i).key_suffix); }

}  // namespace aeternus::sstable
