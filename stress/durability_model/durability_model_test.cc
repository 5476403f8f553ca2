// The rules of docs/durability.md hold together within the bounds below, and hardly one of them can go.
#include <cstdio>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <string_view>

#include "gtest/gtest.h"
#include "stress/durability_model/explorer.h"
#include "stress/durability_model/rules.h"
#include "stress/seed.h"

namespace aeternus::durability_model {
namespace {

// Explores with settings such as "ops=2 crashes=1 REWRITE=0".
Outcome Explored(const std::string& settings) {
  Bounds bounds;
  Rules rules;
  std::istringstream words(settings);
  for (std::string setting; words >> setting;) EXPECT_TRUE(ApplySetting(setting, &bounds, &rules)) << setting;
  return Explore(bounds, rules);
}

std::string Described(const Violation& violation) {
  std::string text = violation.what;
  for (const std::string& step : violation.steps) text += "\n  " + step;
  return text;
}

// ---- all rules together ----

struct Extent {
  const char* name;
  const char* settings;
  const char* long_settings;  // with --config=long
};
constexpr Extent kExtents[] = {
    {"OneCrash", "ops=2 crashes=1 fails=1", "ops=2 crashes=2 fails=1 states=20000000"},
    {"Compaction", "ops=2 crashes=1 compactions=1", "ops=3 crashes=1 compactions=1 groups=0 states=20000000"},
    {"FilesThatStay", "ops=2 crashes=1 undeleted=1", "ops=2 crashes=2 undeleted=1 states=20000000"},
    {"TwoCloses", "ops=2 crashes=1 closes=2", "ops=3 crashes=1 closes=2 groups=0 states=20000000"},
    {"WritesThatFail", "ops=3 crashes=1 fails=1 write_fails=1 frames=3 closes=0",
     "ops=4 crashes=2 fails=1 write_fails=1 frames=2 closes=0 states=20000000"},
    {"ThreeWrites", "ops=3 crashes=1 groups=0", "ops=3 crashes=2 closes=0 states=20000000"},
    {"TwoCrashes", "ops=2 crashes=2 states=10000000", "ops=2 crashes=2 closes=2 groups=0 states=20000000"},
    {"ThreeCrashes", "ops=2 crashes=3 closes=0 damage=0", "ops=2 crashes=3 closes=0"},
};

class AllRulesTest : public ::testing::TestWithParam<Extent> {};

TEST_P(AllRulesTest, HoldInEveryStateWithinTheBounds) {
  const Outcome outcome = Explored(stress::IsLongRun() ? GetParam().long_settings : GetParam().settings);
  EXPECT_FALSE(outcome.violation.has_value()) << Described(*outcome.violation);
  EXPECT_TRUE(outcome.is_complete) << "more states than allowed";
  std::printf("model states: %llu\nmodel damaged disks: %llu\n", static_cast<unsigned long long>(outcome.states),
              static_cast<unsigned long long>(outcome.damages));
}

INSTANTIATE_TEST_SUITE_P(Within, AllRulesTest, ::testing::ValuesIn(kExtents),
                         [](const auto& info) { return info.param.name; });

// ---- each rule without the others' help ----

// Bounds within which the model without the rule goes wrong, and how.
struct Counterexample {
  const char* rule;
  const char* settings;
  const char* violation;
};
constexpr Counterexample kCounterexamples[] = {
    {"PREP_DURABLE", "ops=2 crashes=1", "acknowledged writes are lost"},
    {"NUMBER_FRESH", "ops=2 crashes=1", "silent loss"},
    {"SEAL_BY_LSN", "ops=2 crashes=1", "open refuses what a crash may leave: a frame proves"},
    {"CLOSE_SYNC_FIRST", "ops=2 crashes=1", "open refuses what a crash may leave"},
    {"CLOSE_PROOF", "ops=2 crashes=1", "silent loss in a cleanly closed database"},
    {"FAILED_NO_SEAL", "ops=2 crashes=1 fails=1", "open refuses what a crash may leave: a frame proves"},
    {"WAIT_OLDER", "ops=2 crashes=1", "acknowledged writes are lost"},
    {"GONE_OR_SYNCED", "ops=2 crashes=1", "silent loss by damage to a manifest or table"},
    {"SYNCFAIL_FINAL", "ops=2 crashes=1 fails=1 closes=0", "acknowledged writes are lost"},
    {"DIRFAIL_FINAL", "ops=3 crashes=2 fails=1 closes=0 kills=0 groups=0 damage=0", "acknowledged writes are lost"},
    {"WFAIL_FINAL", "ops=3 crashes=1 fails=1 write_fails=1 frames=3 damage=0", "what survives is no prefix"},
    {"REWRITE", "ops=2 crashes=1 fails=1", "open refuses what a crash may leave: the cut proves"},
    {"SYNC_BEFORE_CUT", "ops=2 crashes=2 closes=0", "open refuses what a crash may leave: the cut proves"},
    {"CUT_AT_OPEN", "ops=2 crashes=1", "silent loss in a cleanly closed database"},
    {"CUT_PROOF", "ops=2 crashes=1", "silent loss in a cleanly closed database"},
    {"CUT_DROPS", "ops=3 crashes=2 closes=0 kills=0 groups=0", "open refuses what a crash may leave"},
    {"PASS_OVER", "ops=3 crashes=2 closes=1 undeleted=1 flushes=0 kills=0 groups=0 damage=0",
     "open refuses what a crash may leave: the cut proves"},
    {"SYNC0_IS_CUT", "ops=2 crashes=2 closes=0", "open refuses what a crash may leave: a frame proves"},
    {"FLUSHED_LSN", "ops=2 crashes=1 compactions=1", "open refuses what a crash may leave: a frame proves"},
    {"MAN_DIRSYNC", "ops=2 crashes=1", "CURRENT names a missing manifest"},
    {"EDIT_DURABLE", "ops=2 crashes=2", "a log counts on a missing edit"},
    {"MINLOG_EXISTS", "ops=2 crashes=1", "silent loss by damage to a manifest or table"},
    {"LINK_GAP", "ops=3 crashes=2 closes=0 kills=0 groups=0", "silent loss by damage to a manifest or table"},
    {"DELETE_LATE", "ops=2 crashes=1", "CURRENT names a missing manifest"},
};

class RuleTest : public ::testing::TestWithParam<Counterexample> {};

TEST_P(RuleTest, IsNeeded) {
  const Counterexample& expected = GetParam();
  const Outcome outcome = Explored(std::string(expected.settings) + " " + expected.rule + "=0");
  ASSERT_TRUE(outcome.violation.has_value())
      << "nothing goes wrong without the rule in " << outcome.states << " states";
  EXPECT_NE(outcome.violation->what.find(expected.violation), std::string::npos) << Described(*outcome.violation);
  std::printf("counterexample to leaving out %s: %zu steps, found after %llu states\n", expected.rule,
              outcome.violation->steps.size(), static_cast<unsigned long long>(outcome.states));
}

INSTANTIATE_TEST_SUITE_P(Without, RuleTest, ::testing::ValuesIn(kCounterexamples),
                         [](const auto& info) { return info.param.rule; });

// Rules without which the model loses nothing within these bounds or within larger ones (docs/durability.md says why
// they are there). When this finds a counterexample, the rule belongs into the table above.
constexpr const char* kWithoutCounterexample[] = {"CHECK_LSN", "LSN_ABOVE_ALL", "MAN_BEHIND"};

TEST(RulesTest, TheModelDoesNotMissThreeOfTheRules) {
  for (const char* rule : kWithoutCounterexample) {
    for (const char* settings : {"ops=2 crashes=1 compactions=1", "ops=2 crashes=2 closes=0"}) {
      const Outcome outcome = Explored(std::string(settings) + " " + rule + "=0");
      EXPECT_FALSE(outcome.violation.has_value()) << rule << ": " << Described(*outcome.violation);
      EXPECT_TRUE(outcome.is_complete);
    }
  }
}

TEST(RulesTest, EveryRuleIsExaminedOnce) {
  std::multiset<std::string_view> examined, all;
  for (const Counterexample& counterexample : kCounterexamples) examined.insert(counterexample.rule);
  for (const char* rule : kWithoutCounterexample) examined.insert(rule);
  for (const RuleInfo& rule : AllRules()) all.insert(rule.name);
  EXPECT_EQ(examined, all);
  std::printf("model rules: %zu\nmodel rules with a counterexample: %zu\n", all.size(), std::size(kCounterexamples));
}

// ---- settings ----

TEST(SettingsTest, AreNumbersOfKnownBoundsAndRules) {
  Bounds bounds;
  Rules rules;
  EXPECT_TRUE(ApplySetting("ops=4", &bounds, &rules));
  EXPECT_EQ(bounds.ops, 4);
  EXPECT_TRUE(ApplySetting("REWRITE=0", &bounds, &rules));
  EXPECT_FALSE(rules.rewrite);
  for (const char* wrong : {"", "ops", "ops=", "ops=x", "ops=1x", "ops=-1", "OPS=1", "rewrite=0", "=1"}) {
    EXPECT_FALSE(ApplySetting(wrong, &bounds, &rules)) << wrong;
  }
}

}  // namespace
}  // namespace aeternus::durability_model
