#include "bloom/concurrent_filter.h"

namespace aeternus::bloom {
namespace {

// 8 MiB: beyond, more keys mean more false positives.
constexpr size_t kMostWords = size_t{1} << 20;

size_t WordCount(size_t keys) {
  if (keys >= kMostWords * 64 / ConcurrentFilter::kBitsPerKey) return kMostWords;
  return keys * ConcurrentFilter::kBitsPerKey / 64 + 1;
}

}  // namespace

ConcurrentFilter::ConcurrentFilter(size_t keys)
    : word_count_(WordCount(keys)), words_(std::make_unique<std::atomic<uint64_t>[]>(word_count_)) {}

}  // namespace aeternus::bloom
