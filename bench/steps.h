// What several groups do: orders of keys, fills, scans, and warming up.
//
// Thread safety: one thread.
#ifndef AETERNUS_BENCH_STEPS_H_
#define AETERNUS_BENCH_STEPS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "bench/trial.h"

namespace aeternus::bench {

// Each number below `n`, shuffled.
std::vector<uint32_t> Shuffled(uint64_t n);
// `count` numbers below `n`, evenly drawn; `seed` tells one series from another.
std::vector<uint32_t> Drawn(uint64_t count, uint64_t n, uint64_t seed);

// The number of random reads of a row: as many as there are keys, at most a million.
uint64_t ReadCount(const Trial& trial);

// Puts the keys of `order`, one write each.
absl::Status Fill(Trial& trial, const Phase& phase, const std::vector<uint32_t>& order);
// Fills in random order, as a row that nobody wants, and settles.
absl::Status FillToRead(Trial& trial);

// How often a row scans `entries` entries: until it has seen some four million, at most a hundred times.
uint64_t ScanPasses(uint64_t entries);
// Scans everything that often. An error unless each pass sees `expected` entries.
absl::Status MeasureScan(Trial& trial, const std::string& row, uint64_t expected);

// Scans everything once and reads here and there, so that caches hold what they can.
absl::Status WarmUp(Trial& trial);

}  // namespace aeternus::bench

#endif  // AETERNUS_BENCH_STEPS_H_
