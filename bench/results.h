// All that was measured with one size and one series of keys, and what follows from it: medians, and who is ahead.
//
//   Results results;
//   results.engines = {AeternusEngine(), ...};
//   results.Add("aeternus", row);                       // as often as there are repetitions
//   std::printf("%s\n", SummaryLine({&results, 1}).c_str());
//
// Thread safety: one thread at a time.
#ifndef AETERNUS_BENCH_RESULTS_H_
#define AETERNUS_BENCH_RESULTS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "bench/data.h"
#include "bench/row.h"
#include "bench/store.h"

namespace aeternus::bench {

// The engine that the others are compared with.
inline constexpr std::string_view kOurs = "aeternus";

struct Spread {
  double median = 0;
  double min = 0;
  double max = 0;
};

struct Results {
  KeySeries key_series = KeySeries::kDecimal;
  uint64_t key_count = 0;
  size_t value_bytes = 0;
  std::vector<Engine> engines;
  std::vector<std::string> rows;  // in the order of the table

  void Add(std::string_view engine, Row row);
  // Empty where nothing was measured.
  absl::Span<const Row> Samples(std::string_view engine, std::string_view row) const;
  // Of what `number` takes from a sample; nullopt where nothing was measured.
  std::optional<Spread> Of(std::string_view engine, std::string_view row,
                           const std::function<double(const Row&)>& number) const;
  std::optional<Spread> RateOf(std::string_view engine, std::string_view row) const;
  // Whether our engine takes part at all.
  bool HasOurs() const;
  // The peer with the highest median rate; null if none has any.
  const Engine* BestPeer(std::string_view row) const;
  // Our median rate over the other's; nullopt if either is missing.
  std::optional<double> Ratio(std::string_view row, std::string_view other) const;

  std::map<std::pair<std::string, std::string>, std::vector<Row>> samples = {};  // by engine and row
};

// "rows ahead: A of B, geometric mean vs rocksdb: X, vs leveldb: Y, vs lmdb: Z". B counts the rows that some peer has
// beside us; a row that we failed at is among them, and not ahead. A mean over no rows is "n/a".
std::string SummaryLine(absl::Span<const Results> all);

}  // namespace aeternus::bench

#endif  // AETERNUS_BENCH_RESULTS_H_
