// Every sample of every row as JSON, for other programs: nothing is left out or summed up but what the console shows.
//
//   {"summary": "rows ahead: ...", "machine": "...",
//    "runs": [{"key_series": "decimal", "key_count": 1000000, "value_bytes": 100,
//              "engines": [{"name": "rocksdb", "version": "9.10.0", "build": "...", "settings": "..."}, ...],
//              "rows": [{"row": "fillseq", "engine": "rocksdb", "samples": [{"operations": 1000000, ...}, ...]},
//              ...]}]}
//
// Thread safety: pure functions.
#ifndef AETERNUS_BENCH_JSON_REPORT_H_
#define AETERNUS_BENCH_JSON_REPORT_H_

#include <string>
#include <string_view>

#include "absl/types/span.h"
#include "bench/results.h"

namespace aeternus::bench {

std::string JsonReport(std::string_view machine, absl::Span<const Results> all);

}  // namespace aeternus::bench

#endif  // AETERNUS_BENCH_JSON_REPORT_H_
