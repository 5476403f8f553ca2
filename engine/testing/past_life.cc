#include "engine/testing/past_life.h"

#include <memory>

#include "aeternus/engine.h"
#include "gtest/gtest.h"

namespace aeternus::testing {

Machine KilledAfter(const PastLife& life) {
  Machine machine;
  const std::unique_ptr<Engine> engine = machine.Open();
  for (int log = 0; log < life.logs; ++log) {
    const int first = log * life.puts_each + 1;
    PutNumbered(*engine, first, first + life.puts_each, life.write);
    if (log + 1 < life.logs || life.is_last_sealed) {
      EXPECT_TRUE(engine->FreezeMemtable().value());
    }
  }
  return machine.AfterKill();
}

}  // namespace aeternus::testing
