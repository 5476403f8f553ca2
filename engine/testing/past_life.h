// Machines on which a database has lived and was killed, for tests of what the next life finds: numbered puts from 1
// on, each with the LSN of its number, none of them flushed.
//
//   Machine machine = KilledAfter({.puts_each = 3, .write = kUnsynced});
//   DestroyBatch(machine, machine.Logs()[0], 2);
//   EXPECT_EQ(ContentsWhenOpened(machine), Numbered(1, 3));
#ifndef AETERNUS_ENGINE_TESTING_PAST_LIFE_H_
#define AETERNUS_ENGINE_TESTING_PAST_LIFE_H_

#include "aeternus/options.h"
#include "engine/testing/machine.h"

namespace aeternus::testing {

struct PastLife {
  int logs = 1;
  int puts_each = 0;  // of each log
  bool is_last_sealed = false;
  WriteOptions write;
};

// The machine after its process was killed at the end of that life.
Machine KilledAfter(const PastLife& life);

}  // namespace aeternus::testing

#endif  // AETERNUS_ENGINE_TESTING_PAST_LIFE_H_
