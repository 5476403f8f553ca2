#include "bench/json_report.h"

#include <algorithm>
#include <string>

#include "absl/strings/match.h"
#include "gtest/gtest.h"

namespace aeternus::bench {
namespace {

TEST(JsonReportTest, HoldsEverySampleAndEscapesText) {
  Results results{.key_count = 7, .value_bytes = 100};
  results.engines = {{.name = "aeternus", .settings = "a \"b\"\n"}};
  results.rows = {"fillseq"};
  results.Add("aeternus", {.name = "fillseq", .operations = 7, .seconds = 0.5});
  results.Add("aeternus", {.name = "fillseq", .operations = 7, .seconds = 0.25});
  const std::string json = JsonReport("2 cores", {&results, 1});
  EXPECT_TRUE(absl::StrContains(json, R"("settings": "a \"b\"\u000a")")) << json;
  EXPECT_TRUE(absl::StrContains(json, R"("seconds": 0.500000000)")) << json;
  EXPECT_TRUE(absl::StrContains(json, R"("seconds": 0.250000000)")) << json;
  EXPECT_TRUE(absl::StrContains(json, R"("summary": "rows ahead: 0 of 0,)")) << json;
  EXPECT_EQ(std::count(json.begin(), json.end(), '{'), std::count(json.begin(), json.end(), '}'));
  EXPECT_EQ(std::count(json.begin(), json.end(), '['), std::count(json.begin(), json.end(), ']'));
}

}  // namespace
}  // namespace aeternus::bench
