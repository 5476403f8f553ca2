#include "engine/config_check.h"

#include <string_view>

#include "absl/strings/str_cat.h"
#include "base/status.h"

namespace aeternus {
namespace {

// Written so that NaN, which compares false with everything, is refused.
template <typename T>
absl::Status InBounds(std::string_view option, T value, T least, T most) {
  if (value >= least && value <= most) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(option, " is ", value, "; it must be within [", least, ", ", most, "]"));
}

// A share of a whole: (0, 1].
absl::Status IsShare(std::string_view option, double value) {
  if (value > 0 && value <= 1) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(option, " is ", value, "; it must be within (0, 1]"));
}

absl::Status CheckTable(const TableOptions& table) {
  AETERNUS_RETURN_IF_ERROR(InBounds<size_t>("table.block_size_bytes", table.block_size_bytes, 256, size_t{1} << 20));
  return InBounds("table.filter_bits_per_key", table.filter_bits_per_key, 1.0, 64.0);
}

absl::Status CheckCompaction(const CompactionOptions& c) {
  AETERNUS_RETURN_IF_ERROR(IsShare("compaction.bucket_low", c.bucket_low));
  AETERNUS_RETURN_IF_ERROR(InBounds("compaction.bucket_high", c.bucket_high, 1.0, 100.0));
  AETERNUS_RETURN_IF_ERROR(InBounds<uint64_t>("compaction.min_table_size_bytes", c.min_table_size_bytes, 0, 1 << 30));
  AETERNUS_RETURN_IF_ERROR(InBounds("compaction.min_threshold", c.min_threshold, 2, 64));
  AETERNUS_RETURN_IF_ERROR(InBounds("compaction.max_threshold", c.max_threshold, c.min_threshold, 256));
  AETERNUS_RETURN_IF_ERROR(IsShare("compaction.tombstone_ratio", c.tombstone_ratio));
  return InBounds<int64_t>("compaction.tombstone_interval_seconds", c.tombstone_interval_seconds, 0, 604800);
}

constexpr size_t kMaxWriteBufferBytes = size_t{256} << 20;
constexpr size_t kMinMemoryBudgetBytes = size_t{1} << 20;
constexpr size_t kMaxMemoryBudgetBytes = size_t{1} << 40;

template <typename Config>
absl::Status CheckCommon(const Config& config, size_t min_write_buffer_bytes) {
  AETERNUS_RETURN_IF_ERROR(
      InBounds("write_buffer_bytes", config.write_buffer_bytes, min_write_buffer_bytes, kMaxWriteBufferBytes));
  AETERNUS_RETURN_IF_ERROR(
      InBounds("memory_budget_bytes", config.memory_budget_bytes, kMinMemoryBudgetBytes, kMaxMemoryBudgetBytes));
  AETERNUS_RETURN_IF_ERROR(CheckTable(config.table));
  return CheckCompaction(config.compaction);
}

}  // namespace

absl::Status CheckConfig(const EngineConfig& config) { return CheckCommon(config, 1); }

absl::Status CheckConfig(const DbConfig& config) {
  AETERNUS_RETURN_IF_ERROR(CheckCommon(config, 1024));
  AETERNUS_RETURN_IF_ERROR(InBounds("max_frozen_memtables", config.max_frozen_memtables, 1, 64));
  return InBounds("background_threads", config.background_threads, 1, 32);
}

}  // namespace aeternus
