// Writes that come between two steps of a flush giving back what the space reserve holds too much.
#include <cstdint>
#include <string>
#include <thread>

#include "aeternus/engine.h"
#include "engine/testing/machine.h"
#include "engine/testing/status.h"
#include "env/sync_point.h"
#include "gtest/gtest.h"

namespace aeternus {
namespace {

using testing::Flush;
using testing::Machine;
using testing::NumberedKey;

constexpr uint64_t kBufferBytes = uint64_t{8} << 20;
constexpr uint64_t kLittleReserveBytes = uint64_t{2} << 20;

TEST(ReserveRace, PutsWhileItShrinksAreCoveredAllTheSame) {
  Machine machine;
  const auto engine = machine.Open({.write_buffer_bytes = kBufferBytes});
  const std::string value(64 << 10, 'v');
  const auto reserve_bytes = [&] { return engine->Stats()->reserve_bytes; };
  for (int i = 0; i < 100; ++i) ASSERT_OK(engine->Put(NumberedKey(i), value));
  ASSERT_GE(reserve_bytes(), kBufferBytes);
  constexpr int kPuts = 40;
  int puts = 0;
  {
    const env::ScopedSyncPointHandler shrinking("reserve:shrink", [&] {
      std::thread([&] {
        for (; puts < kPuts; ++puts) ASSERT_OK(engine->Put(NumberedKey(puts), value));
      }).join();
    });
    ASSERT_OK(Flush(*engine));
  }
  ASSERT_EQ(puts, kPuts);
  const uint64_t flush_bytes = kPuts * value.size();
  EXPECT_GE(reserve_bytes(), flush_bytes + flush_bytes / 4);
  ASSERT_OK(Flush(*engine));
  EXPECT_LE(reserve_bytes(), kLittleReserveBytes);
}

TEST(ReserveRace, AMemtableThatIsFrozenWhileItShrinksIsCoveredAllTheSame) {
  Machine machine;
  const auto engine = machine.Open({.write_buffer_bytes = kBufferBytes});
  const std::string value(64 << 10, 'v');
  for (int i = 0; i < 100; ++i) ASSERT_OK(engine->Put(NumberedKey(i), value));
  constexpr int kPuts = 40;
  int puts = 0;
  {
    const env::ScopedSyncPointHandler lowering("reserve:lower", [&] {
      if (puts == kPuts) return;
      std::thread([&] {
        for (; puts < kPuts; ++puts) ASSERT_OK(engine->Put(NumberedKey(puts), value));
        EXPECT_TRUE(engine->FreezeMemtable().value());
      }).join();
    });
    ASSERT_TRUE(engine->FreezeMemtable().value());
    ASSERT_TRUE(engine->FlushOldestFrozen().value());
  }
  ASSERT_EQ(puts, kPuts);
  const uint64_t flush_bytes = kPuts * value.size();
  EXPECT_GE(engine->Stats()->reserve_bytes, flush_bytes + flush_bytes / 4);
  ASSERT_OK(Flush(*engine));
  EXPECT_LE(engine->Stats()->reserve_bytes, kLittleReserveBytes);
}

TEST(ReserveRace, APutThatIsUnderWayWhileItShrinksIsCoveredAllTheSame) {
  Machine machine;
  const auto engine = machine.Open({.write_buffer_bytes = kBufferBytes});
  for (int i = 0; i < 100; ++i) ASSERT_OK(engine->Put(NumberedKey(i), std::string(64 << 10, 'v')));
  ASSERT_TRUE(engine->FreezeMemtable().value());
  const std::string value(3 << 20, 'v');
  int flushes = 0;
  {
    const env::ScopedSyncPointHandler applying("commit:apply", [&] {
      std::thread([&] { EXPECT_TRUE(engine->FlushOldestFrozen().value()); }).join();
      ++flushes;
    });
    ASSERT_OK(engine->Put(NumberedKey(0), value));
  }
  ASSERT_EQ(flushes, 1);
  EXPECT_GE(engine->Stats()->reserve_bytes, value.size() + value.size() / 4);
  ASSERT_OK(Flush(*engine));
  EXPECT_LE(engine->Stats()->reserve_bytes, kLittleReserveBytes);
}

}  // namespace
}  // namespace aeternus
