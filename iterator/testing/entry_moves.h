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
  uint64_t choice = 0;
  std::string key;
  Lsn lsn;
  bool in_steps = false;  // seeks are prepared; those to an end give up one that was begun

  // Steps are most frequent; an invalid iterator cannot step and seeks instead.
  bool is_step() const { return choice >= 4; }
  void operator()(EntryIterator& it) const {
    if (choice <= 1) {
      Prepare(it, {.key = key, .lsn = lsn}, 2);
      return choice == 0 ? it.SeekToFirst() : it.SeekToLast();
    }
    if (choice == 2 || (is_step() && !it.Valid())) {
      Prepare(it, {.key = key, .lsn = lsn}, EntryIterator::kSeekSteps);
      return it.Seek(key, lsn);
    }
    if (choice == 3) {
      Prepare(it, {.key = key, .lsn = kMaxLsn, .is_before = true}, EntryIterator::kSeekSteps);
      return it.SeekBefore(key);
    }
    if (choice % 2 == 0) return it.Next();
    return it.Prev();
  }

 private:
  void Prepare(EntryIterator& it, const EntryIterator::SeekTarget& target, int steps) const {
    for (int step = 0; in_steps && step < steps; ++step) it.PrepareSeek(target, step);
  }
};

inline EntryMove RandomEntryMove(Random* random, std::string key, uint64_t lsn_bound) {
  EntryMove move;
  move.choice = random->Below(12);
  move.key = std::move(key);
  move.lsn = Lsn(random->Below(lsn_bound));
  move.in_steps = random->OneIn(2);
  return move;
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
