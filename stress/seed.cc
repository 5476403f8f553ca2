#include "stress/seed.h"

#include <cstdint>
#include <cstdlib>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "base/testing/test_seed.h"
#include "gtest/gtest.h"

ABSL_FLAG(std::optional<uint64_t>, seed, std::nullopt, "replaces the seeds of randomized tests");

namespace aeternus::stress {
namespace {

std::string_view Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

}  // namespace

std::optional<uint64_t> SeedOverride() {
  if (std::optional<uint64_t> seed = absl::GetFlag(FLAGS_seed)) return seed;
  return GivenSeed();
}

std::vector<uint64_t> SeedsOrFirst(uint64_t count) {
  if (std::optional<uint64_t> seed = SeedOverride()) return {*seed};
  std::vector<uint64_t> seeds(count);
  std::iota(seeds.begin(), seeds.end(), uint64_t{1});
  return seeds;
}

std::string ReplayCommand(std::optional<uint64_t> seed) {
  const testing::TestInfo* test = testing::UnitTest::GetInstance()->current_test_info();
  std::string command = absl::StrCat("./bazelw test ", Environment("TEST_TARGET"));
  if (test != nullptr) absl::StrAppend(&command, " --test_filter=", test->test_suite_name(), ".", test->name());
  if (seed.has_value()) absl::StrAppend(&command, " --test_arg=--seed=", *seed);
  return command;
}

bool IsLongRun() { return Environment("AETERNUS_LONG") == "1"; }

}  // namespace aeternus::stress
