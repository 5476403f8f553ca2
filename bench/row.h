// What was measured of one row of the table, in one repetition by one engine; and the line in which a child process
// tells it to its parent.
//
// Thread safety: plain values and pure functions.
#ifndef AETERNUS_BENCH_ROW_H_
#define AETERNUS_BENCH_ROW_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace aeternus::bench {

struct Row {
  std::string name;
  uint64_t operations = 0;
  double seconds = 0;
  // Of one operation; 0 where operations are not timed one by one.
  double p50_nanos = 0;
  double p99_nanos = 0;
  double p999_nanos = 0;
  // Of the whole process: all its threads, and the background work that the row has left to do. Peak memory counts from
  // what the process had before it opened a store. 0 in the second of two rows measured at once.
  double cpu_seconds = 0;
  uint64_t written_bytes = 0;  // as the kernel counts pages made dirty (write_bytes)
  uint64_t disk_bytes = 0;     // allocated, once the row is done
  uint64_t files = 0;
  uint64_t peak_memory_bytes = 0;

  double Rate() const { return seconds > 0 ? static_cast<double>(operations) / seconds : 0; }
};

// One line, without its end.
std::string FormatRow(const Row& row);
// InvalidArgument for a line that is not as FormatRow writes it.
absl::StatusOr<Row> ParseRow(std::string_view line);

}  // namespace aeternus::bench

#endif  // AETERNUS_BENCH_ROW_H_
