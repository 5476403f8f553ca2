#include "bench/data.h"

#include <algorithm>
#include <limits>
#include <random>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "bench/mix.h"

namespace aeternus::bench {
namespace {

void WriteDecimal(uint64_t number, char* end, size_t digits) {
  for (size_t i = 0; i < digits; ++i) {
    *--end = static_cast<char>('0' + number % 10);
    number /= 10;
  }
}

void WriteBigEndian(uint64_t number, char* begin) {
  for (int shift = 56; shift >= 0; shift -= 8) *begin++ = static_cast<char>(number >> shift);
}

}  // namespace

std::string_view KeySeriesName(KeySeries series) { return series == KeySeries::kDecimal ? "decimal" : "hashed"; }

absl::StatusOr<KeySeries> ParseKeySeries(std::string_view name) {
  for (const KeySeries series : {KeySeries::kDecimal, KeySeries::kHashed}) {
    if (name == KeySeriesName(series)) return series;
  }
  return absl::InvalidArgumentError(absl::StrCat("there is no key series '", name, "'; decimal and hashed are"));
}

KeySpace::KeySpace(KeySeries series, uint64_t size)
    : series_(series), size_(size), stride_(std::numeric_limits<uint64_t>::max() / size) {}

std::string_view KeySpace::Write(uint64_t i, char (&buffer)[kBytes]) const {
  if (series_ == KeySeries::kDecimal) {
    WriteDecimal(i, buffer + kBytes, kBytes);
  } else {
    const uint64_t hash = Mix(i);
    const uint64_t part = i < size_ ? i : hash % size_;
    WriteBigEndian(part * stride_ + Mix(hash) % stride_, buffer);
    WriteBigEndian(hash, buffer + 8);
  }
  return {buffer, kBytes};
}

ValuePool::ValuePool(size_t value_bytes) : value_bytes_(value_bytes) {
  // As db_bench: pieces of up to 100 B, the first half of each random, the second half the same again.
  std::mt19937_64 random(1);
  const size_t piece = std::clamp<size_t>(value_bytes, 2, 100);
  while (pool_.size() < kWindows + value_bytes) {
    const size_t begin = pool_.size();
    for (size_t i = 0; i < piece / 2; ++i) pool_.push_back(static_cast<char>(' ' + random() % 95));
    pool_.append(pool_, begin, piece / 2);
  }
}

}  // namespace aeternus::bench
