#include "sstable/tombstone_block.h"

#include "base/coding.h"
#include "base/status.h"

namespace aeternus::sstable {
namespace {

constexpr uint8_t kUnbounded = 0;
constexpr uint8_t kEndFollows = 1;

absl::StatusOr<RangeTombstone> TakeTombstone(Decoder& in) {
  RangeTombstone tombstone;
  AETERNUS_ASSIGN_OR_RETURN(const std::string_view start, in.TakeLengthPrefixed("start", kMaxKeySizeBytes));
  tombstone.start = start;
  AETERNUS_ASSIGN_OR_RETURN(const uint8_t end_follows, in.TakeU8("whether an end follows"));
  if (end_follows == kEndFollows) {
    AETERNUS_ASSIGN_OR_RETURN(const std::string_view end, in.TakeLengthPrefixed("end", kMaxKeySizeBytes));
    if (end <= start) return in.Error("range is empty");
    tombstone.end = std::string(end);
  } else if (end_follows != kUnbounded) {
    return in.Error("end is neither bounded nor unbounded");
  }
  AETERNUS_ASSIGN_OR_RETURN(const uint64_t lsn, in.TakeVarint64("LSN"));
  if (lsn > kMaxLsn.value) return in.Error("LSN beyond the largest");
  tombstone.lsn = Lsn(lsn);
  return tombstone;
}

// Whether `b` may stand behind `a`: an older one over the same range, or one over a range behind it.
bool Follows(const RangeTombstone& a, const RangeTombstone& b) {
  if (a.start == b.start) return a.end == b.end && b.lsn < a.lsn;
  return a.end.has_value() && *a.end <= b.start;
}

}  // namespace

std::string EncodeTombstones(const std::vector<RangeTombstone>& tombstones) {
  std::string out;
  PutVarint64(&out, tombstones.size());
  for (const RangeTombstone& tombstone : tombstones) {
    PutLengthPrefixed(&out, tombstone.start);
    PutU8(&out, tombstone.end.has_value() ? kEndFollows : kUnbounded);
    if (tombstone.end.has_value()) PutLengthPrefixed(&out, *tombstone.end);
    PutVarint64(&out, tombstone.lsn.value);
  }
  return out;
}

absl::StatusOr<std::vector<RangeTombstone>> DecodeTombstones(std::string_view block, std::string_view file,
                                                             uint64_t offset) {
  Decoder in(block, "tombstone block", file, offset);
  AETERNUS_ASSIGN_OR_RETURN(const uint64_t count, in.TakeVarint64("count"));
  std::vector<RangeTombstone> tombstones;
  while (!in.empty()) {
    AETERNUS_ASSIGN_OR_RETURN(RangeTombstone tombstone, TakeTombstone(in));
    if (!tombstones.empty() && !Follows(tombstones.back(), tombstone)) return in.Error("tombstones out of order");
    tombstones.push_back(std::move(tombstone));
  }
  if (count == 0 || count != tombstones.size()) {
    return in.Error(absl::StrCat("holds ", tombstones.size(), " tombstones, says ", count));
  }
  return tombstones;
}

}  // namespace aeternus::sstable
