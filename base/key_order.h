// The order of user keys: unsigned bytewise, shorter first on a tie. It is the only order of format 1; its name is
// written into the manifest, and a database written under another order is refused.
#ifndef AETERNUS_BASE_KEY_ORDER_H_
#define AETERNUS_BASE_KEY_ORDER_H_

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/types.h"

namespace aeternus {

inline constexpr std::string_view kKeyOrderName = "bytewise";

// <0, 0 or >0. Most keys differ within a few words, which costs less than calling memcmp does.
inline int CompareKeys(std::string_view a, std::string_view b) {
  constexpr size_t kWords = 4;
  const size_t both = a.size() < b.size() ? a.size() : b.size();
  size_t at = 0;
  for (; at < kWords * sizeof(uint64_t) && at + sizeof(uint64_t) <= both; at += sizeof(uint64_t)) {
    uint64_t x;
    uint64_t y;
    std::memcpy(&x, a.data() + at, sizeof(x));
    std::memcpy(&y, b.data() + at, sizeof(y));
    if (x != y) return __builtin_bswap64(x) < __builtin_bswap64(y) ? -1 : 1;
  }
  if (at < both) {
    if (const int c = std::memcmp(a.data() + at, b.data() + at, both - at); c != 0) return c;
  }
  return a.size() < b.size() ? -1 : a.size() > b.size() ? 1 : 0;
}

// Internal order of two entries: key ascending, LSN descending. <0 when (a_key, a_lsn) comes first.
inline int CompareEntries(std::string_view a_key, Lsn a_lsn, std::string_view b_key, Lsn b_lsn) {
  if (const int c = CompareKeys(a_key, b_key); c != 0) return c;
  return a_lsn > b_lsn ? -1 : (a_lsn < b_lsn ? 1 : 0);
}

// The eight bytes of `key` behind its first `skip` bytes as a big-endian number, zero-padded: for two keys that
// agree in their first `skip` bytes, KeyPrefix(a) < KeyPrefix(b) implies a < b; equal prefixes decide nothing.
// Nothing is put together in memory: a word that is loaded right after parts of it were stored makes a processor wait.
inline uint64_t KeyPrefix(std::string_view key, size_t skip = 0) {
  constexpr size_t kWordBytes = sizeof(uint64_t);
  if (key.size() >= kWordBytes) {
    // At the end of the key, its last word is moved up.
    const size_t last = key.size() - kWordBytes;
    const size_t at = skip < last ? skip : last;
    uint64_t word;
    std::memcpy(&word, key.data() + at, sizeof(word));
    return skip - at < kWordBytes ? __builtin_bswap64(word) << 8 * (skip - at) : 0;
  }
  if (key.size() <= skip) return 0;
  const char* const p = key.data() + skip;
  const size_t n = key.size() - skip;  // 1 to 7
  if (n >= sizeof(uint32_t)) {
    uint32_t high;
    uint32_t low;  // overlaps with it in bytes that are the same
    std::memcpy(&high, p, sizeof(high));
    std::memcpy(&low, p + n - sizeof(low), sizeof(low));
    return uint64_t{__builtin_bswap32(high)} << 32 | uint64_t{__builtin_bswap32(low)} << 8 * (kWordBytes - n);
  }
  const auto byte = [p](size_t i) { return uint64_t{static_cast<uint8_t>(p[i])} << 8 * (kWordBytes - 1 - i); };
  return byte(0) | byte(n / 2) | byte(n - 1);
}

// Length of the longest common prefix, in bytes.
inline size_t CommonPrefixSize(std::string_view a, std::string_view b) {
  const size_t limit = a.size() < b.size() ? a.size() : b.size();
  size_t n = 0;
  while (n < limit && a[n] == b[n]) ++n;
  return n;
}

// A short key s with a <= s < b, for a < b: what an index stores between two blocks.
std::string ShortestSeparator(std::string_view a, std::string_view b);

// The least key greater than every key that starts with `prefix`; empty when there is none (all bytes 0xff), which
// callers take as "unbounded".
std::string PrefixSuccessor(std::string_view prefix);

}  // namespace aeternus

#endif  // AETERNUS_BASE_KEY_ORDER_H_
