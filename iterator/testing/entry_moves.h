// Random moves for entry iterators, and the comparison of two that were moved alike.
//
//   const EntryMove move = RandomEntryMove(&random, RandomKey(&random), /*lsn_bound=*/40);
//   move(*actual);
//   move(expected);
//   ExpectSameEntry(*actual, expected);
#ifndef AETERNUS_ITERATOR_TESTING_ENTRY_MOVES_H_
#define AETERNUS_ITERATOR_TESTING_ENTRY_MOVES_H_

#include <cstdint>
#include <string>
#include <utility>

#include "base/types.h"
#include "gtest/gtest.h"
#include "iterator/entry_iterator.h"
#include "iterator/testing/random.h"

namespace aeternus::testing {

struct EntryMove {
  uint64_t choice;
  std::string key;
  Lsn lsn;

  // Steps are most frequent; an invalid iterator cannot step and seeks instead.
  bool is_step() const { return choice >= 4; }
  void operator()(EntryIterator& it) const {
    if (choice == 0) return it.SeekToFirst();
    if (choice == 1) return it.SeekToLast();
    if (choice == 2 || (is_step() && !it.Valid())) return it.Seek(key, lsn);
    if (choice == 3) return it.SeekBefore(key);
    if (choice % 2 == 0) return it.Next();
    return it.Prev();
  }
};

inline EntryMove RandomEntryMove(Random* random, std::string key, uint64_t lsn_bound) {
  return {random->Below(12), std::move(key), Lsn(random->Below(lsn_bound))};
}

inline void ExpectSameEntry(const EntryIterator& actual, const EntryIterator& expected) {
  ASSERT_TRUE(actual.status().ok()) << actual.status();
  ASSERT_EQ(actual.Valid(), expected.Valid());
  if (!actual.Valid()) return;
  ASSERT_EQ(actual.entry().key, expected.entry().key);
  ASSERT_EQ(actual.entry().lsn, expected.entry().lsn);
  ASSERT_EQ(actual.entry().kind, expected.entry().kind);
  ASSERT_EQ(actual.entry().value, expected.entry().value);
}

}  // namespace aeternus::testing

#endif  // AETERNUS_ITERATOR_TESTING_ENTRY_MOVES_H_
