// The stated limits, met exactly: keys to 64 KiB, values to 1 GiB, ResourceExhausted beyond.
#include <memory>
#include <string>

#include "aeternus/engine.h"
#include "base/entry.h"
#include "gtest/gtest.h"
#include "stress/sim_database.h"

namespace aeternus::stress {
namespace {

constexpr absl::StatusCode kTooLarge = absl::StatusCode::kResourceExhausted;

TEST(LimitsTest, KeysTo64KiB) {
  static_assert(kMaxKeySizeBytes == 65536);
  SimDatabase database;
  ASSERT_TRUE(database.Open().ok());
  const std::string largest(kMaxKeySizeBytes, 'k');
  const std::string too_large(kMaxKeySizeBytes + 1, 'k');
  ASSERT_TRUE(database->Put(largest, "v").ok());
  EXPECT_EQ(database->Put(too_large, "v").code(), kTooLarge);
  EXPECT_EQ(database->Delete(too_large).code(), kTooLarge);
  EXPECT_EQ(database->DeleteRange("a", too_large).code(), kTooLarge);
  EXPECT_EQ(database->DeleteRange(too_large, "z").code(), kTooLarge);
  for (int flushed = 0; flushed < 2; ++flushed) {
    EXPECT_EQ(database->Get(largest).value(), "v");
    EXPECT_EQ(ReadAll(*database).value(), (Contents{{largest, "v"}}));
    ASSERT_TRUE(FlushEverything(*database).ok());
    ASSERT_TRUE(database.Reopen().ok());
  }
  ASSERT_TRUE(database->DeleteRange("a", largest).ok()) << "a bound may be as large as a key";
  EXPECT_EQ(database->Get(largest).value(), "v") << "the end is exclusive";
}

TEST(LimitsTest, RefusedWritesLeaveTheDatabaseAsItWas) {
  SimDatabase database;
  ASSERT_TRUE(database.Open().ok());
  ASSERT_TRUE(database->Put("k", "v").ok());
  EXPECT_EQ(database->Put(std::string(kMaxKeySizeBytes + 1, 'k'), "v").code(), kTooLarge);
  EXPECT_EQ(database->Stats().value().state, EngineState::kHealthy);
  ASSERT_TRUE(database->Put("l", "w").ok());
  EXPECT_EQ(ReadAll(*database).value(), (Contents{{"k", "v"}, {"l", "w"}}));
}

}  // namespace
}  // namespace aeternus::stress
