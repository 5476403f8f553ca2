#include "bloom/filter.h"

#include <algorithm>
#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/coding.h"

namespace aeternus::bloom {
namespace {

// The encoded filter. Lines come first, so that they are cache lines wherever the filter's first byte is aligned.
//
//   [lines]     n x 64 bytes; bit b of a line is bit b % 8 of its byte b / 8
//   [trailer]
//     offset size
//          0    4  n, at least 1
//          4    1  probes for each key, 1-16
//          5    3  zero
//
// The upper half of a hash chooses the line, (upper * n) >> 32: even for any n, and no division. The lower half,
// multiplied by the golden ratio before each further probe, gives the bits by its top nine: the best mixed ones.
constexpr size_t kLineSizeBytes = 64;
constexpr size_t kTrailerSizeBytes = 8;
constexpr int kBitIndexShift = 32 - 9;
constexpr uint32_t kGoldenRatio = 0x9e3779b9;

constexpr uint32_t kMinProbes = 1;
constexpr uint32_t kMaxProbes = 16;
// 1 GiB of lines, what a block of a table can hold: beyond, more keys mean more false positives.
constexpr double kMaxLineCount = 1 << 24;

size_t LineOffset(uint64_t hash, uint32_t line_count) { return ((hash >> 32) * line_count >> 32) * kLineSizeBytes; }

uint32_t LineCount(size_t keys, double bits_per_key) {
  const double bits = static_cast<double>(keys) * bits_per_key;
  return static_cast<uint32_t>(std::clamp(std::ceil(bits / (8 * kLineSizeBytes)), 1.0, kMaxLineCount));
}

// ln 2 probes for each bit minimise false positives.
uint32_t ProbeCount(double bits_per_key) {
  return std::clamp(static_cast<uint32_t>(std::lround(0.69 * bits_per_key)), kMinProbes, kMaxProbes);
}

}  // namespace

// The comparison is written so that NaN takes the lower bound.
FilterBuilder::FilterBuilder(double bits_per_key)
    : bits_per_key_(bits_per_key > 0.5 ? std::min(bits_per_key, 64.0) : 0.5) {}

void FilterBuilder::Add(uint64_t hash) {
  if (hashes_.empty() || hashes_.back() != hash) hashes_.push_back(hash);
}

std::string FilterBuilder::Finish() {
  if (hashes_.empty()) return "";
  const uint32_t line_count = LineCount(hashes_.size(), bits_per_key_);
  const uint32_t probes = ProbeCount(bits_per_key_);
  std::string out(line_count * kLineSizeBytes, '\0');
  for (const uint64_t hash : hashes_) {
    char* line = out.data() + LineOffset(hash, line_count);
    auto mix = static_cast<uint32_t>(hash);
    for (uint32_t i = 0; i < probes; ++i, mix *= kGoldenRatio) {
      const uint32_t bit = mix >> kBitIndexShift;
      line[bit / 8] = static_cast<char>(line[bit / 8] | 1 << bit % 8);
    }
  }
  PutU32(&out, line_count);
  PutU32(&out, probes);  // the probe byte and three zeros
  hashes_ = {};
  return out;
}

absl::StatusOr<FilterView> FilterView::Parse(std::string_view bytes) {
  if (bytes.size() < kTrailerSizeBytes) {
    return absl::DataLossError(absl::StrCat("filter of ", bytes.size(), " bytes has no room for its trailer"));
  }
  const char* trailer = bytes.data() + bytes.size() - kTrailerSizeBytes;
  FilterView view;
  view.lines_ = bytes.data();
  view.line_count_ = LoadU32(trailer);
  view.probes_ = LoadU32(trailer + 4);
  if (view.line_count_ == 0 || view.line_count_ * kLineSizeBytes != bytes.size() - kTrailerSizeBytes) {
    return absl::DataLossError(absl::StrCat("filter of ", bytes.size(), " bytes claims ", view.line_count_, " lines"));
  }
  if (view.probes_ < kMinProbes || view.probes_ > kMaxProbes) {
    return absl::DataLossError(absl::StrCat("filter claims ", view.probes_, " probes for each key"));
  }
  return view;
}

FilterView FilterView::FromParsed(std::string_view bytes) {
  const char* trailer = bytes.data() + bytes.size() - kTrailerSizeBytes;
  FilterView view;
  view.lines_ = bytes.data();
  view.line_count_ = LoadU32(trailer);
  view.probes_ = LoadU32(trailer + 4);
  return view;
}

// All probes are made, whatever the first ones say: for a key that is not there, which of them ends the search is a
// coin that no branch predictor can foresee, and a wrong guess costs more than the probes do.
bool FilterView::MayContain(uint64_t hash) const {
  if (line_count_ == 0) return true;
  const char* line = lines_ + LineOffset(hash, line_count_);
  auto mix = static_cast<uint32_t>(hash);
  uint64_t all = 1;
  for (uint32_t i = 0; i < probes_; ++i, mix *= kGoldenRatio) {
    const uint32_t bit = mix >> kBitIndexShift;
    all &= LoadU64(line + bit / 64 * sizeof(uint64_t)) >> bit % 64;
  }
  return (all & 1) != 0;
}

void FilterView::Prefetch(uint64_t hash) const {
  if (line_count_ != 0) __builtin_prefetch(lines_ + LineOffset(hash, line_count_));
}

}  // namespace aeternus::bloom
