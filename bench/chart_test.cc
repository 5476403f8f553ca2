#include "bench/chart.h"

#include <string>

#include "absl/strings/match.h"
#include "gtest/gtest.h"

namespace aeternus::bench {
namespace {

TEST(ChartTest, OneDotForEachEngineThatHasTheRow) {
  Results results;
  results.engines = {{.name = "aeternus"}, {.name = "rocksdb"}, {.name = "lmdb"}};
  results.rows = {"fill", "alone"};
  results.Add("aeternus", {.name = "fill", .operations = 400, .seconds = 1});
  results.Add("rocksdb", {.name = "fill", .operations = 100, .seconds = 1});
  results.Add("aeternus", {.name = "alone", .operations = 1, .seconds = 1});
  const std::string svg = ChartSvg(results);
  EXPECT_TRUE(absl::StrContains(svg, "<title>aeternus: 4.00</title>")) << svg;
  EXPECT_TRUE(absl::StrContains(svg, "<title>rocksdb: 1.00</title>")) << svg;
  EXPECT_FALSE(absl::StrContains(svg, "<title>lmdb")) << svg;
  EXPECT_FALSE(absl::StrContains(svg, ">alone<")) << svg;
}

TEST(ChartTest, NothingMeasuredIsStillAChart) { EXPECT_TRUE(absl::EndsWith(ChartSvg({}), "</svg>\n")); }

}  // namespace
}  // namespace aeternus::bench
