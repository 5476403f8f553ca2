#include "engine/config_check.h"

#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "engine/testing/status.h"
#include "gtest/gtest.h"

namespace aeternus {
namespace {

using testing::FailsWith;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kMiB = 1 << 20;

// Every bound below is exact in a double.
template <typename Config>
struct Option {
  std::string name;
  std::function<void(Config&, double)> set;
  std::vector<double> accepted, refused;
};

// What both shells share.
template <typename Config>
std::vector<Option<Config>> CommonOptions() {
  constexpr double least_positive = std::numeric_limits<double>::denorm_min();
  const double below_one = std::nextafter(1.0, 0.0), above_one = std::nextafter(1.0, 2.0);
  return {
      {"memory_budget_bytes",
       [](Config& c, double v) { c.memory_budget_bytes = static_cast<size_t>(v); },
       {kMiB, kMiB * kMiB},
       {0, kMiB - 1, kMiB * kMiB + 1}},
      {"table.block_size_bytes",
       [](Config& c, double v) { c.table.block_size_bytes = static_cast<size_t>(v); },
       {256, kMiB},
       {0, 255, kMiB + 1}},
      {"table.filter_bits_per_key",
       [](Config& c, double v) { c.table.filter_bits_per_key = v; },
       {1, 64},
       {below_one, std::nextafter(64.0, 65.0), -1, kNan, kInfinity, -kInfinity}},
      {"compaction.bucket_low",
       [](Config& c, double v) { c.compaction.bucket_low = v; },
       {least_positive, 1},
       {0, -least_positive, above_one, -0.5, kNan, kInfinity, -kInfinity}},
      {"compaction.bucket_high",
       [](Config& c, double v) { c.compaction.bucket_high = v; },
       {1, 100},
       {below_one, std::nextafter(100.0, 101.0), kNan, kInfinity, -kInfinity}},
      {"compaction.min_table_size_bytes",
       [](Config& c, double v) { c.compaction.min_table_size_bytes = static_cast<uint64_t>(v); },
       {0, 1024 * kMiB},
       {1024 * kMiB + 1}},
      {"compaction.min_threshold",
       [](Config& c, double v) {
         c.compaction.min_threshold = static_cast<int>(v);
         c.compaction.max_threshold = 256;
       },
       {2, 64},
       {-1, 0, 1, 65}},
      {"compaction.max_threshold",
       [](Config& c, double v) {
         c.compaction.min_threshold = 7;
         c.compaction.max_threshold = static_cast<int>(v);
       },
       {7, 256},
       {-1, 0, 6, 257}},
      {"compaction.tombstone_ratio",
       [](Config& c, double v) { c.compaction.tombstone_ratio = v; },
       {least_positive, 1},
       {0, -least_positive, above_one, -1, kNan, kInfinity, -kInfinity}},
      {"compaction.tombstone_interval_seconds",
       [](Config& c, double v) { c.compaction.tombstone_interval_seconds = static_cast<int64_t>(v); },
       {0, 604800},
       {-1, 604801}},
  };
}

template <typename Config>
void CheckBounds(const std::vector<Option<Config>>& options) {
  for (const Option<Config>& option : options) {
    for (const double value : option.accepted) {
      Config config;
      option.set(config, value);
      EXPECT_TRUE(CheckConfig(config).ok()) << CheckConfig(config);
    }
    for (const double value : option.refused) {
      Config config;
      option.set(config, value);
      EXPECT_TRUE(FailsWith(CheckConfig(config), absl::StatusCode::kInvalidArgument, {option.name + " is ", "within "}))
          << option.name << " = " << value;
    }
  }
}

TEST(ConfigCheck, AcceptsTheDefaults) {
  EXPECT_OK(CheckConfig(EngineConfig{}));
  EXPECT_OK(CheckConfig(DbConfig{}));
}

TEST(ConfigCheck, HoldsEveryOptionOfEngineToItsBounds) {
  CheckBounds(CommonOptions<EngineConfig>());
  CheckBounds<EngineConfig>({{"write_buffer_bytes",
                              [](EngineConfig& c, double v) { c.write_buffer_bytes = static_cast<size_t>(v); },
                              {1, 256 * kMiB},
                              {0, 256 * kMiB + 1}}});
}

TEST(ConfigCheck, HoldsEveryOptionOfDbToItsBounds) {
  CheckBounds(CommonOptions<DbConfig>());
  CheckBounds<DbConfig>({{"write_buffer_bytes",
                          [](DbConfig& c, double v) { c.write_buffer_bytes = static_cast<size_t>(v); },
                          {1024, 256 * kMiB},
                          {0, 1023, 256 * kMiB + 1}},
                         {"max_frozen_memtables",
                          [](DbConfig& c, double v) { c.max_frozen_memtables = static_cast<int>(v); },
                          {1, 64},
                          {-1, 0, 65}},
                         {"background_threads",
                          [](DbConfig& c, double v) { c.background_threads = static_cast<int>(v); },
                          {1, 32},
                          {-1, 0, 33}}});
}

TEST(ConfigCheck, TheMessageSaysTheValueAndBothBounds) {
  DbConfig config;
  config.background_threads = 40;
  EXPECT_TRUE(
      FailsWith(CheckConfig(config), absl::StatusCode::kInvalidArgument, {"background_threads is 40", "[1, 32]"}));
}

}  // namespace
}  // namespace aeternus
