// Bloom filter in memory to which one thread adds keys while others ask, for keys that are still arriving. All bits of
// a key fall into one word (Lang, Neumann, Kemper, Boncz: "Performance-Optimal Filtering: Bloom Overtakes Cuckoo at
// High Throughput", VLDB 2019): adding is one load and one store, asking one load. No false negatives; with as many
// keys as it was made for, at 12 bits each, about 2 % false positives, and more with more keys.
//
// Keys come as 64-bit hashes (base/hash.h).
//
// Thread safety: Add by one thread at a time, MayContain by any number beside it. Whoever knows that an Add happened
// before sees it; nothing else is said.
#ifndef AETERNUS_BLOOM_CONCURRENT_FILTER_H_
#define AETERNUS_BLOOM_CONCURRENT_FILTER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace aeternus::bloom {

class ConcurrentFilter {
 public:
  static constexpr size_t kBitsPerKey = 12;

  // Room for `keys` keys, which is no limit.
  explicit ConcurrentFilter(size_t keys);

  void Add(uint64_t hash) {
    std::atomic<uint64_t>& word = words_[WordOf(hash)];
    word.store(word.load(std::memory_order_relaxed) | BitsOf(hash), std::memory_order_relaxed);
  }
  // Starts loading the word that Add(hash) will change.
  void Expect(uint64_t hash) const { __builtin_prefetch(&words_[WordOf(hash)], /*for writing*/ 1); }
  bool MayContain(uint64_t hash) const {
    const uint64_t bits = BitsOf(hash);
    return (words_[WordOf(hash)].load(std::memory_order_relaxed) & bits) == bits;
  }

  size_t memory_bytes() const { return word_count_ * sizeof(uint64_t); }

 private:
  // The upper half of a hash chooses the word, evenly for any number of them; the lower half its four bits.
  size_t WordOf(uint64_t hash) const { return (hash >> 32) * word_count_ >> 32; }
  static uint64_t BitsOf(uint64_t hash) {
    const auto bit = [hash](int i) { return uint64_t{1} << (hash >> 6 * i) % 64; };
    return bit(0) | bit(1) | bit(2) | bit(3);
  }

  const uint64_t word_count_;  // below 2^32
  const std::unique_ptr<std::atomic<uint64_t>[]> words_;
};

}  // namespace aeternus::bloom

#endif  // AETERNUS_BLOOM_CONCURRENT_FILTER_H_
