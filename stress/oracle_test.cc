#include "stress/oracle.h"

#include <optional>

#include "gtest/gtest.h"

namespace aeternus::stress {
namespace {

Oracle ThreeKeys() {
  Oracle oracle;
  oracle.Put("a", "1");
  oracle.Put("b", "2");
  oracle.Put("c", "3");
  return oracle;
}

TEST(OracleTest, TheLastPutWins) {
  Oracle oracle = ThreeKeys();
  oracle.Put("b", "new");
  EXPECT_EQ(oracle.Get("b"), "new");
  EXPECT_EQ(oracle.Get("never"), std::nullopt);
}

TEST(OracleTest, DeletedKeysHaveNoValueUntilTheyAreWrittenAgain) {
  Oracle oracle = ThreeKeys();
  oracle.Delete("b");
  EXPECT_EQ(oracle.Get("b"), std::nullopt);
  EXPECT_EQ(oracle.VisiblePairs("a", "z"), (Oracle::Pairs{{"a", "1"}, {"c", "3"}}));
  oracle.Put("b", "back");
  EXPECT_EQ(oracle.Get("b"), "back");
}

TEST(OracleTest, RangeDeletesIncludeTheStartAndExcludeTheEnd) {
  Oracle oracle = ThreeKeys();
  oracle.DeleteRange("a", "c");
  EXPECT_EQ(oracle.VisiblePairs("a", "z"), (Oracle::Pairs{{"c", "3"}}));
  EXPECT_EQ(oracle.Get("a"), std::nullopt);
}

TEST(OracleTest, RangeDeletesLeaveLaterWritesAlone) {
  Oracle oracle;
  oracle.DeleteRange("a", "z");
  oracle.Put("k", "v");
  EXPECT_EQ(oracle.Get("k"), "v");
}

TEST(OracleTest, VisiblePairsKeepToTheirBounds) {
  const Oracle oracle = ThreeKeys();
  EXPECT_EQ(oracle.VisiblePairs("b", "c"), (Oracle::Pairs{{"b", "2"}}));
  EXPECT_TRUE(oracle.VisiblePairs("d", "z").empty());
  EXPECT_TRUE(oracle.VisiblePairs("c", "a").empty());
}

}  // namespace
}  // namespace aeternus::stress
