// Every group over our own engine, small: each promises its rows and keeps the promise.
#include "bench/groups.h"

#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "bench/aeternus_store.h"
#include "gtest/gtest.h"

namespace aeternus::bench {
namespace {

class GroupsTest : public testing::TestWithParam<KeySeries> {};

TEST_P(GroupsTest, EveryRowIsMeasured) {
  for (const Group& group : AllGroups()) {
    const std::filesystem::path directory = std::filesystem::path(std::getenv("TEST_TMPDIR")) / group.name;
    std::filesystem::remove_all(directory);
    const TrialConfig config{
        .engine = AeternusEngine(), .key_series = GetParam(), .key_count = 1'000, .directory = directory.string()};
    if (group.prepare != nullptr) {
      Trial preparing(config);
      ASSERT_EQ(group.prepare(preparing), absl::OkStatus()) << group.name;
    }
    Trial trial(config);
    ASSERT_EQ(group.run(trial), absl::OkStatus()) << group.name;
    for (const std::string& name : group.rows) {
      size_t samples = 0;
      for (const Row& row : trial.rows()) {
        if (row.name != name) continue;
        ++samples;
        EXPECT_GT(row.operations, 0u) << name;
        EXPECT_GT(row.seconds, 0) << name;
      }
      EXPECT_GT(samples, 0u) << name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Series, GroupsTest, testing::Values(KeySeries::kDecimal, KeySeries::kHashed),
                         [](const auto& series) { return std::string(KeySeriesName(series.param)); });

TEST(GroupsTest, UnwantedRowsAreNotReported) {
  const TrialConfig config{.engine = AeternusEngine(),
                           .key_count = 1'000,
                           .directory = std::string(std::getenv("TEST_TMPDIR")) + "/unwanted",
                           .wants = [](std::string_view row) { return row == "readhot"; }};
  for (const Group& group : ReadGroups()) {
    if (group.name != "fillrandom") continue;
    Trial trial(config);
    ASSERT_EQ(group.run(trial), absl::OkStatus());
    ASSERT_EQ(trial.rows().size(), 1u);
    EXPECT_EQ(trial.rows()[0].name, "readhot");
  }
}

}  // namespace
}  // namespace aeternus::bench
