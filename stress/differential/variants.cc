// How the variants of our own shells are drawn, and how they are told.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "stress/differential/aeternus_subject.h"
#include "stress/rng.h"

namespace aeternus::stress {
namespace {

template <typename T, size_t n>
T OneOf(Rng& rng, const T (&choices)[n]) {
  return choices[rng.Below(n)];
}

CompactionOptions DrawCompaction(Rng& rng) {
  CompactionOptions options;
  options.bucket_low = OneOf(rng, {0.1, 0.5, 0.9});
  options.bucket_high = OneOf(rng, {1.1, 1.5, 4.0});
  options.min_table_size_bytes = rng.Below(4096);
  options.min_threshold = static_cast<int>(2 + rng.Below(4));
  options.max_threshold = options.min_threshold + static_cast<int>(rng.Below(12));
  options.tombstone_ratio = OneOf(rng, {0.01, 0.1, 0.5});
  options.tombstone_interval_seconds = OneOf<int64_t>(rng, {0, 0, 3600, 36000});
  options.tombstone_exact_lookup = !rng.OneIn(3);
  options.drop_range_tombstones = !rng.OneIn(3);
  return options;
}

template <typename Config>
Config DrawConfig(Rng& rng, size_t write_buffer_bytes_min) {
  Config config;
  config.write_buffer_bytes = std::max(write_buffer_bytes_min, size_t{64} << rng.Below(10));
  config.memory_budget_bytes = OneOf<size_t>(rng, {size_t{1} << 20, size_t{1} << 20, size_t{512} << 20});
  config.table.block_size_bytes = size_t{256} << rng.Below(6);
  config.table.filter_bits_per_key = OneOf(rng, {1.0, 4.0, 10.0, 64.0});
  config.compaction = DrawCompaction(rng);
  return config;
}

ReopenPoints DrawReopenPoints(Rng& rng) {
  return OneOf(rng, {ReopenPoints::kAsTold, ReopenPoints::kAsTold, ReopenPoints::kNever, ReopenPoints::kMore});
}

// One option in words, if it is not the default.
template <typename T>
void Tell(std::string& text, std::string_view name, const T& value, const T& by_default) {
  if (value != by_default) absl::StrAppend(&text, " ", name, "=", value);
}

template <typename Config>
std::string DescribeConfig(const Config& config) {
  const Config by_default;
  std::string text;
  Tell(text, "write_buffer_bytes", config.write_buffer_bytes, by_default.write_buffer_bytes);
  Tell(text, "memory_budget_bytes", config.memory_budget_bytes, by_default.memory_budget_bytes);
  Tell(text, "block_size_bytes", config.table.block_size_bytes, by_default.table.block_size_bytes);
  Tell(text, "filter_bits_per_key", config.table.filter_bits_per_key, by_default.table.filter_bits_per_key);
  const CompactionOptions &c = config.compaction, &d = by_default.compaction;
  Tell(text, "bucket_low", c.bucket_low, d.bucket_low);
  Tell(text, "bucket_high", c.bucket_high, d.bucket_high);
  Tell(text, "min_table_size_bytes", c.min_table_size_bytes, d.min_table_size_bytes);
  Tell(text, "min_threshold", c.min_threshold, d.min_threshold);
  Tell(text, "max_threshold", c.max_threshold, d.max_threshold);
  Tell(text, "tombstone_ratio", c.tombstone_ratio, d.tombstone_ratio);
  Tell(text, "tombstone_interval_seconds", c.tombstone_interval_seconds, d.tombstone_interval_seconds);
  Tell(text, "tombstone_exact_lookup", c.tombstone_exact_lookup, d.tombstone_exact_lookup);
  Tell(text, "drop_range_tombstones", c.drop_range_tombstones, d.drop_range_tombstones);
  if constexpr (std::is_same_v<Config, DbConfig>) {
    Tell(text, "max_frozen_memtables", config.max_frozen_memtables, by_default.max_frozen_memtables);
    Tell(text, "background_threads", config.background_threads, by_default.background_threads);
    Tell(text, "merge_for_scans", config.merge_for_scans, by_default.merge_for_scans);
  }
  return text;
}

template <typename Config>
std::string DescribeVariant(const Variant<Config>& variant) {
  std::string text;
  for (const Config& config : variant.configs) absl::StrAppend(&text, " {", DescribeConfig(config), " }");
  if (variant.reopen_points == ReopenPoints::kNever) text += " never reopened";
  if (variant.reopen_points == ReopenPoints::kMore) text += " reopened more often";
  if (variant.pins_values) text += " pinned reads";
  if (variant.does != Variant<Config>{}.does) {
    text += " maintenance as";
    for (const Maintenance maintenance : variant.does) absl::StrAppend(&text, " ", static_cast<int>(maintenance));
  }
  if (variant.maintains_every > 0) absl::StrAppend(&text, " and after every ", variant.maintains_every, " writes");
  return text;
}

}  // namespace

EngineVariant DrawEngineVariant(Rng& rng) {
  EngineVariant variant;
  variant.configs.clear();
  for (uint64_t i = 1 + rng.Below(3); i > 0; --i) variant.configs.push_back(DrawConfig<EngineConfig>(rng, 1));
  variant.reopen_points = DrawReopenPoints(rng);
  variant.pins_values = rng.OneIn(2);
  if (rng.OneIn(2)) {
    for (size_t i = variant.does.size(); i > 1; --i) std::swap(variant.does[i - 1], variant.does[rng.Below(i)]);
  }
  variant.maintains_every = OneOf(rng, {0, 0, 5, 25});
  return variant;
}

DbVariant DrawDbVariant(Rng& rng) {
  DbVariant variant;
  variant.configs.clear();
  for (uint64_t i = 1 + rng.Below(3); i > 0; --i) {
    DbConfig config = DrawConfig<DbConfig>(rng, 1024);
    config.max_frozen_memtables = static_cast<int>(1 + rng.Below(4));
    config.merge_for_scans = !rng.OneIn(3);
    config.background_threads = static_cast<int>(1 + rng.Below(3));
    variant.configs.push_back(config);
  }
  variant.reopen_points = DrawReopenPoints(rng);
  variant.pins_values = rng.OneIn(2);
  return variant;
}

std::string Describe(const EngineVariant& variant) { return absl::StrCat("engine", DescribeVariant(variant)); }
std::string Describe(const DbVariant& variant) { return absl::StrCat("db", DescribeVariant(variant)); }

}  // namespace aeternus::stress
