#include "stress/differential/script_generator.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "stress/differential/step.h"
#include "stress/rng.h"

namespace aeternus::stress {
namespace {

TEST(DrawScriptTest, TheSeedDecidesEverything) {
  EXPECT_EQ(Describe(DrawScript(7, 1000)), Describe(DrawScript(7, 1000)));
  EXPECT_NE(Describe(DrawScript(7, 1000)), Describe(DrawScript(8, 1000)));
}

TEST(DrawScriptTest, AShorterScriptIsTheBeginningOfALongerOne) {
  Script longer = DrawScript(7, 1000);
  longer.resize(300);
  EXPECT_EQ(Describe(DrawScript(7, 300)), Describe(longer));
}

TEST(DrawScriptTest, EveryKindOfStepWriteMoveAndMaintenanceComes) {
  std::set<Step::Kind> steps;
  std::set<WriteSpec::Kind> writes;
  std::set<MoveSpec::Kind> moves;
  std::set<Maintenance> maintenance;
  bool has_empty_value = false, has_empty_batch = false;
  for (const Step& step : DrawScript(1, 10000)) {
    steps.insert(step.kind);
    if (step.kind == Step::Kind::kMaintain) maintenance.insert(step.maintenance);
    for (const MoveSpec& move : step.moves) moves.insert(move.kind);
    for (const WriteSpec& write : step.writes) {
      writes.insert(write.kind);
      has_empty_value |= write.kind == WriteSpec::Kind::kPut && write.value.Bytes().empty();
    }
    has_empty_batch |= step.kind == Step::Kind::kWrite && step.writes.empty();
  }
  EXPECT_EQ(steps.size(), static_cast<size_t>(Step::Kind::kReopen) + 1);
  EXPECT_EQ(writes.size(), 3u);
  EXPECT_EQ(moves.size(), 6u);
  EXPECT_EQ(maintenance.size(), static_cast<size_t>(kMaintenanceKinds));
  EXPECT_TRUE(has_empty_value);
  EXPECT_TRUE(has_empty_batch);
}

TEST(DrawScriptTest, RequestsAreValid) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    for (const Step& step : DrawScript(seed, 1000)) {
      EXPECT_TRUE(step.kind != Step::Kind::kGet || !step.key.empty());
      for (const WriteSpec& write : step.writes) {
        EXPECT_NE(write.key, "");
        EXPECT_TRUE(write.kind != WriteSpec::Kind::kDeleteRange || write.key < write.end);
      }
    }
  }
}

TEST(DrawKeysTest, KeysAreOfAllSorts) {
  Rng rng(1);
  const std::vector<std::string> keys = DrawKeys(rng, 300);
  EXPECT_TRUE(std::is_sorted(keys.begin(), keys.end()));
  const auto some = [&](auto is) { return std::any_of(keys.begin(), keys.end(), is); };
  EXPECT_TRUE(some([](const std::string& key) { return key.size() == 1; }));
  EXPECT_TRUE(some([](const std::string& key) { return key.size() > 1000; }));
  EXPECT_TRUE(some([](const std::string& key) { return key[0] == '\0'; }));
  EXPECT_TRUE(some([](const std::string& key) { return key[0] == '\xff'; }));
  EXPECT_TRUE(some([](const std::string& key) { return key.back() == '\0'; }));
  EXPECT_TRUE(some([](const std::string& key) { return key.back() == '\xff'; }));
  const auto begins_another = [&](const std::string& key) {
    return some([&](const std::string& other) { return other != key && absl::StartsWith(other, key); });
  };
  EXPECT_TRUE(some(begins_another));
}

}  // namespace
}  // namespace aeternus::stress
