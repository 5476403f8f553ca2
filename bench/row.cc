#include "bench/row.h"

#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"

namespace aeternus::bench {

std::string FormatRow(const Row& row) {
  return absl::StrFormat("row %s %d %.9f %.1f %.1f %.1f %.6f %d %d %d %d", row.name, row.operations, row.seconds,
                         row.p50_nanos, row.p99_nanos, row.p999_nanos, row.cpu_seconds, row.written_bytes,
                         row.disk_bytes, row.files, row.peak_memory_bytes);
}

absl::StatusOr<Row> ParseRow(std::string_view line) {
  const std::vector<std::string_view> words = absl::StrSplit(line, ' ');
  Row row;
  if (words.size() == 12 && words[0] == "row" && !words[1].empty() && absl::SimpleAtoi(words[2], &row.operations) &&
      absl::SimpleAtod(words[3], &row.seconds) && absl::SimpleAtod(words[4], &row.p50_nanos) &&
      absl::SimpleAtod(words[5], &row.p99_nanos) && absl::SimpleAtod(words[6], &row.p999_nanos) &&
      absl::SimpleAtod(words[7], &row.cpu_seconds) && absl::SimpleAtoi(words[8], &row.written_bytes) &&
      absl::SimpleAtoi(words[9], &row.disk_bytes) && absl::SimpleAtoi(words[10], &row.files) &&
      absl::SimpleAtoi(words[11], &row.peak_memory_bytes)) {
    row.name = std::string(words[1]);
    return row;
  }
  return absl::InvalidArgumentError(absl::StrCat("not a row: '", line, "'"));
}

}  // namespace aeternus::bench
