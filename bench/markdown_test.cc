#include "bench/markdown.h"

#include <string>

#include "absl/strings/match.h"
#include "gtest/gtest.h"

namespace aeternus::bench {
namespace {

TEST(MarkdownTest, NumbersHaveThreeDigits) {
  EXPECT_EQ(ShortNumber(0), "0");
  EXPECT_EQ(ShortNumber(0.279), "0.28");
  EXPECT_EQ(ShortNumber(9.994), "9.99");
  EXPECT_EQ(ShortNumber(9.996), "10.0");
  EXPECT_EQ(ShortNumber(18.04), "18.0");
  EXPECT_EQ(ShortNumber(448), "448");
  EXPECT_EQ(ShortNumber(999.6), "1.00 k");
  EXPECT_EQ(ShortNumber(448'123), "448 k");
  EXPECT_EQ(ShortNumber(1'310'000), "1.31 M");
}

Results Example() {
  Results results{.key_count = 1'000'000, .value_bytes = 100};
  results.engines = {{.name = "aeternus"},
                     {.name = "lmdb", .emulates = {{"delete", "one by one"}}, .lacks = {{"recovery", "has no log"}}}};
  results.rows = {"delete", "recovery", "scan"};
  const auto row = [](const char* name, uint64_t operations) {
    return Row{.name = name,
               .operations = operations,
               .seconds = 1,
               .cpu_seconds = 1,
               .written_bytes = operations * 264,
               .disk_bytes = 121'000'000,
               .peak_memory_bytes = 106'000'000};
  };
  results.Add("aeternus", row("delete", 300'000));
  Row timed = row("delete", 30'000);
  timed.p50_nanos = 1'900;
  timed.p99_nanos = 5'600;
  timed.p999_nanos = 18'000;
  results.Add("lmdb", timed);
  results.Add("aeternus", row("recovery", 1'000'000));
  results.Add("lmdb", row("scan", 1'000));
  return results;
}

TEST(MarkdownTest, CellsSayWhatWasMeasuredEmulatedLackingAndFailed) {
  const std::string text = ResultsMarkdown(Example());
  EXPECT_TRUE(absl::StrContains(text, "### 1.00 M keys of 16 B (decimal), values of 100 B")) << text;
  EXPECT_TRUE(absl::StrContains(text,
                                "| delete | 300 k (300 k-300 k) | 30.0 k (30.0 k-30.0 k) 1.90 / 5.60 / 18.0 * | "
                                "10.00 x lmdb |"))
      << text;
  EXPECT_TRUE(absl::StrContains(text, "| recovery | 1.00 M (1.00 M-1.00 M) | n/a | n/a |")) << text;
  EXPECT_TRUE(absl::StrContains(text, "| scan | failed | 1.00 k (1.00 k-1.00 k) | failed |")) << text;
}

TEST(MarkdownTest, ResourcesAreOfOneOperation) {
  const std::string text = ResultsMarkdown(Example());
  EXPECT_TRUE(absl::StrContains(text, "| delete | 3.33 / 264 / 121 / 106 | 33.3 / 264 / 121 / 106 |")) << text;
}

TEST(MarkdownTest, SettingsNameWhatIsEmulatedAndWhatLacks) {
  const std::string text = SettingsMarkdown(Example().engines);
  EXPECT_TRUE(absl::StrContains(text, "- * lmdb, delete: one by one\n")) << text;
  EXPECT_TRUE(absl::StrContains(text, "- n/a: lmdb, recovery: has no log\n")) << text;
}

}  // namespace
}  // namespace aeternus::bench
