// The strong types of the store's vocabulary: numbers that must not mix are different types.
//
// All are plain values, ordered and hashable; `value` is the number itself. Arithmetic is spelled out where it is
// needed (`Lsn{a.value + 1}`), so that a mix of kinds never compiles by accident.
//
// Thread safety: immutable values.
#ifndef AETERNUS_BASE_TYPES_H_
#define AETERNUS_BASE_TYPES_H_

#include <compare>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace aeternus {

template <typename Tag>
struct StrongNumber {
  uint64_t value = 0;

  constexpr StrongNumber() = default;
  explicit constexpr StrongNumber(uint64_t v) : value(v) {}
  friend constexpr auto operator<=>(const StrongNumber&, const StrongNumber&) = default;

  template <typename H>
  friend H AbslHashValue(H h, const StrongNumber& n) {
    return H::combine(std::move(h), n.value);
  }
  template <typename Sink>
  friend void AbslStringify(Sink& sink, const StrongNumber& n) {
    AbslFormatNumber(sink, n.value);
  }

 private:
  template <typename Sink>
  static void AbslFormatNumber(Sink& sink, uint64_t v) {
    char digits[20];
    int at = sizeof(digits);
    do digits[--at] = static_cast<char>('0' + v % 10);
    while (v /= 10);
    sink.Append({digits + at, sizeof(digits) - static_cast<size_t>(at)});
  }
};

// Log sequence number: every operation ever committed has its own, and they only grow. 0 is "before everything".
using Lsn = StrongNumber<struct LsnTag>;
inline constexpr Lsn kMinLsn{0};
// LSNs stay below 2^56, so that an entry's kind byte and its LSN share one 64-bit word.
inline constexpr Lsn kMaxLsn{(uint64_t{1} << 56) - 1};

// Names a log, a table or a manifest within one database. Never issued twice (see manifest/).
using FileNumber = StrongNumber<struct FileNumberTag>;

// Counts manifest edits, from 1, over the whole life of a database. 0 is "no edit known".
using EditNumber = StrongNumber<struct EditNumberTag>;

// Random identity of one database: a file of another database is never mistaken for one of ours.
using DatabaseId = StrongNumber<struct DatabaseIdTag>;

}  // namespace aeternus

#endif  // AETERNUS_BASE_TYPES_H_
