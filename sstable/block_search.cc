#include "sstable/block_search.h"

#include <algorithm>

#include "absl/types/span.h"
#include "base/coding.h"
#include "base/status.h"
#include "sstable/block_layout.h"

namespace aeternus::sstable {
namespace {

constexpr uint64_t kWindowSizeBytes = uint64_t{1} << 20;
constexpr uint64_t kMinDataBlockSizeBytes = kBlockEndSizeBytes + kTagSizeBytes + sizeof(uint16_t);

// Whether `end`, the last kBlockEndSizeBytes of a block, may be the end of a data block (format.h): few bytes of any
// value look like it.
bool LooksLikeDataBlockEnd(const char* end) {
  const auto lsn_width = static_cast<uint8_t>(end[16]);
  const auto offset_width = static_cast<uint8_t>(end[17]);
  const bool has_zeros = std::all_of(end + kBlockEndUsedBytes, end + kBlockEndSizeBytes, [](char c) { return c == 0; });
  return has_zeros && lsn_width <= kMaxLsnWidth && (offset_width == 2 || offset_width == 4) && LoadU32(end + 8) > 0;
}

}  // namespace

absl::StatusOr<std::optional<BlockHandle>> BlockSearch::Next() {
  const uint64_t min_size = kind_ == Kind::kData ? kMinDataBlockSizeBytes : 1;
  const uint64_t before = kind_ == Kind::kData ? kBlockEndSizeBytes : 0;
  for (at_ = std::max(at_ + 1, floor_ + min_size); at_ + kBlockTrailerSizeBytes <= end_; ++at_) {
    AETERNUS_ASSIGN_OR_RETURN(const bool is_there, Fill(at_ - before, before + kBlockTrailerSizeBytes));
    if (!is_there) break;
    const char* trailer = buffer_.data() + (at_ - buffer_offset_);
    if (LoadU32(trailer) != 0) continue;  // no codec, and zeros
    const uint64_t size = LoadU32(trailer + 4);
    if (size < min_size || size > at_ - floor_ || size > kMaxBlockSizeBytes) continue;
    if (kind_ == Kind::kData && !LooksLikeDataBlockEnd(trailer - kBlockEndSizeBytes)) continue;
    return BlockHandle{.offset = at_ - size, .stored_size = size};
  }
  return std::nullopt;
}

absl::StatusOr<bool> BlockSearch::Fill(uint64_t offset, uint64_t size) {
  if (offset >= buffer_offset_ && offset + size <= buffer_offset_ + buffer_.size()) return true;
  if (offset + size > end_) return false;
  buffer_.resize(std::min(std::max(size, kWindowSizeBytes), end_ - offset));
  buffer_offset_ = offset;
  if (absl::Status status = file_.Read(offset, absl::MakeSpan(buffer_)); !status.ok()) {
    buffer_.clear();
    return status;
  }
  return true;
}

}  // namespace aeternus::sstable
