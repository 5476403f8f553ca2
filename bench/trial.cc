#include "bench/trial.h"

#include <algorithm>
#include <utility>

namespace aeternus::bench {

Trial::Trial(TrialConfig config)
    : config_(std::move(config)), keys_(config_.key_series, config_.key_count), values_(config_.value_bytes) {}

absl::Status Trial::Open(StoreSettings settings) {
  if (resident_before_ == 0) resident_before_ = ResidentBytes();
  settings.directory = config_.directory;
  settings.data_bytes = config_.key_count * (KeySpace::kBytes + config_.value_bytes);
  AETERNUS_ASSIGN_OR_RETURN(store_, config_.engine.open(settings));
  return absl::OkStatus();
}

absl::Status Trial::Close() {
  absl::Status status = store_->Close();
  store_.reset();
  return status;
}

absl::Status Trial::MeasureStore(const Phase& phase, const std::function<absl::Status()>& operation) {
  std::vector<Lane> lanes(1);
  BeginPhase();
  RunLane(lanes[0], 0, phase.operations, [&](Session*, uint64_t) { return operation(); });
  return EndPhase(phase, lanes);
}

std::vector<Trial::Lane> Trial::NewLanes(int count) {
  std::vector<Lane> lanes(count);
  for (Lane& lane : lanes) lane.session = store_->NewSession();
  return lanes;
}

void Trial::BeginPhase() {
  ResetPeakResident();
  usage_before_ = Usage::Now();
}

absl::Status Trial::EndPhase(const Phase& phase, std::vector<Lane>& lanes) {
  for (Lane& lane : lanes) {
    lane.session.reset();
    AETERNUS_RETURN_IF_ERROR(Annotate(lane.status, phase.row));
  }
  if (phase.settles) AETERNUS_RETURN_IF_ERROR(store_->Settle());
  if (!Wants(phase.row)) return absl::OkStatus();
  Row row = RowOf(phase, lanes);
  const Usage usage = Usage::Now();
  row.cpu_seconds = usage.cpu_seconds - usage_before_.cpu_seconds;
  row.written_bytes = usage.written_bytes - usage_before_.written_bytes;
  row.peak_memory_bytes = PeakResidentBytes() - std::min(PeakResidentBytes(), resident_before_);
  const DiskUse disk = DiskUseOf(config_.directory);
  row.disk_bytes = disk.bytes;
  row.files = disk.files;
  rows_.push_back(std::move(row));
  return absl::OkStatus();
}

Row Trial::RowOf(const Phase& phase, const std::vector<Lane>& lanes) {
  Row row{.name = phase.row};
  Histogram latencies;
  OpTimer::Clock::time_point begin = OpTimer::Clock::time_point::max();
  for (const Lane& lane : lanes) {
    row.operations += lane.operations * phase.entries_per_operation;
    latencies.Merge(lane.timer.latencies());
    begin = std::min(begin, lane.timer.begin());
  }
  for (const Lane& lane : lanes) {
    const double start = std::chrono::duration<double>(lane.timer.begin() - begin).count();
    row.seconds = std::max(row.seconds, start + lane.timer.seconds());
  }
  if (phase.has_latencies) {
    const double nanos = lanes[0].timer.NanosPerTick();
    row.p50_nanos = static_cast<double>(latencies.Percentile(50)) * nanos;
    row.p99_nanos = static_cast<double>(latencies.Percentile(99)) * nanos;
    row.p999_nanos = static_cast<double>(latencies.Percentile(99.9)) * nanos;
  }
  return row;
}

}  // namespace aeternus::bench
