// The keys and values that every engine is given.
//
//   KeySpace keys(KeySeries::kDecimal, 1'000'000);
//   char buffer[KeySpace::kBytes];
//   std::string_view key = keys.Write(7, buffer);       // "0000000000000007"
//   ValuePool values(100);
//   std::string_view value = values.At(7);
//
// Thread safety: const after construction.
#ifndef AETERNUS_BENCH_DATA_H_
#define AETERNUS_BENCH_DATA_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace aeternus::bench {

enum class KeySeries {
  kDecimal,  // zero-padded decimals: a long common prefix, as `user0000...` has
  kHashed,   // binary and evenly spread: distinguished by their first bytes
};

std::string_view KeySeriesName(KeySeries series);
absl::StatusOr<KeySeries> ParseKeySeries(std::string_view name);

class KeySpace {
 public:
  static constexpr size_t kBytes = 16;

  // `size`: how many keys a database is filled with; at least 1.
  KeySpace(KeySeries series, uint64_t size);

  uint64_t size() const { return size_; }
  // Key number `i`, in `buffer`. Keys below size() ascend with `i`. Those from size() on are for inserts: above all
  // others in decimals, anywhere among them in the hashed series.
  std::string_view Write(uint64_t i, char (&buffer)[kBytes]) const;

 private:
  const KeySeries series_;
  const uint64_t size_;
  const uint64_t stride_;  // hashed keys: each has an equal part of the 64-bit range, and is somewhere in it
};

// Values of one size of which half the bytes could be compressed away, as windows of 1 MiB that stays in cache.
class ValuePool {
 public:
  explicit ValuePool(size_t value_bytes);

  size_t value_bytes() const { return value_bytes_; }
  // Lives as long as the pool.
  std::string_view At(uint64_t i) const { return {pool_.data() + i * 64 % kWindows, value_bytes_}; }

 private:
  static constexpr size_t kWindows = size_t{1} << 20;

  const size_t value_bytes_;
  std::string pool_;
};

}  // namespace aeternus::bench

#endif  // AETERNUS_BENCH_DATA_H_
