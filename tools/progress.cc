#include "tools/progress.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tools/units.h"

namespace aeternus::tools {
namespace {

constexpr int64_t kDrawIntervalNanos = 100'000'000;
constexpr int kMaxBarColumns = 30;
constexpr int kMinBarColumns = 10;
// Back to the start of the line, and clear to its end.
constexpr std::string_view kRewind = "\r\x1b[K";

uint64_t PerSecond(uint64_t n, double seconds) {
  return seconds <= 0 ? 0 : static_cast<uint64_t>(static_cast<double>(n) / seconds);
}

}  // namespace

Progress::Progress(Options options, env::Clock* clock, Sink sink)
    : options_(std::move(options)), clock_(clock), sink_(std::move(sink)), start_nanos_(clock->MonotonicNanos()) {}

double Progress::ElapsedSeconds() const { return static_cast<double>(clock_->MonotonicNanos() - start_nanos_) * 1e-9; }

void Progress::Update(uint64_t records, uint64_t bytes) {
  records_ = records;
  bytes_ = bytes;
  if (!options_.is_terminal) return;
  const int64_t now = clock_->MonotonicNanos();
  if (drawn_nanos_.has_value() && now - *drawn_nanos_ < kDrawIntervalNanos) return;
  drawn_nanos_ = now;
  sink_(absl::StrCat(kRewind, BarLine()));
}

std::string Progress::BarLine() const {
  const double seconds = ElapsedSeconds();
  const bool has_total = options_.total_bytes.value_or(0) > 0;
  const uint64_t total = options_.total_bytes.value_or(0);
  // Most telling first: what does not fit is left out from the end.
  std::vector<std::string> parts;
  if (has_total) {
    const uint64_t percent = std::min<uint64_t>(
        100, static_cast<uint64_t>(100.0 * static_cast<double>(bytes_) / static_cast<double>(total)));
    parts.push_back(absl::StrFormat("%3d%%", percent));
  }
  parts.push_back(absl::StrCat(FormatCount(records_), " records"));
  parts.push_back(absl::StrCat(FormatCount(PerSecond(records_, seconds)), "/s"));
  parts.push_back(absl::StrCat(FormatBytes(PerSecond(bytes_, seconds)), "/s"));
  if (has_total && bytes_ > 0) {
    const double left = static_cast<double>(total - std::min(bytes_, total)) / static_cast<double>(bytes_);
    parts.push_back(absl::StrCat("ETA ", FormatSeconds(seconds * left)));
  }
  parts.push_back(FormatSeconds(seconds));
  parts.push_back(has_total ? absl::StrCat(FormatBytes(bytes_), " of ", FormatBytes(total)) : FormatBytes(bytes_));
  // One column stays free: some terminals wrap when the last one is written.
  const int columns = options_.columns - 1;
  const int bar_overhead = has_total ? static_cast<int>(std::string_view(" []").size()) : 0;
  const int min_bar = has_total ? kMinBarColumns + bar_overhead : 0;
  std::string text;
  for (const std::string& part : parts) {
    const int size = static_cast<int>(options_.label.size() + text.size() + part.size()) + 2;
    if (size + min_bar > columns) break;
    absl::StrAppend(&text, "  ", part);
  }
  std::string line = options_.label;
  const int room = columns - static_cast<int>(line.size() + text.size()) - bar_overhead;
  if (has_total && room >= kMinBarColumns) {
    absl::StrAppend(&line, " [", FormatBar(bytes_, total, std::min(room, kMaxBarColumns), '-'), "]");
  }
  return absl::StrCat(line, text);
}

void Progress::Finish(std::string_view verb) {
  const double seconds = ElapsedSeconds();
  sink_(absl::StrCat(drawn_nanos_.has_value() ? kRewind : "", verb, " ", FormatCount(records_),
                     records_ == 1 ? " record, " : " records, ", FormatBytes(bytes_), " in ", FormatSeconds(seconds),
                     ": ", FormatCount(PerSecond(records_, seconds)), " records/s, ",
                     FormatBytes(PerSecond(bytes_, seconds)), "/s\n"));
}

}  // namespace aeternus::tools
