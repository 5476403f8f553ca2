#include "engine/handle_registry.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/planted_bug.h"

namespace aeternus {

class HandleRegistry::SnapshotHandle final : public Snapshot {
 public:
  SnapshotHandle(std::shared_ptr<HandleRegistry> registry, Lsn lsn) : registry_(std::move(registry)), lsn_(lsn) {}
  ~SnapshotHandle() override {
    env::MutexLock lock(&registry_->mutex_);
    registry_->snapshots_.erase(registry_->snapshots_.find(lsn_));
    ++registry_->snapshot_changes_;
  }
  uint64_t lsn() const override { return lsn_.value; }

 private:
  const std::shared_ptr<HandleRegistry> registry_;
  const Lsn lsn_;
};

std::unique_ptr<const Snapshot> HandleRegistry::TakeSnapshot(absl::FunctionRef<Lsn()> published) {
  const Lsn early = IsPlanted(PlantedBug::kSnapshotTakenUnregistered) ? published() : kMinLsn;
  env::MutexLock lock(&mutex_);
  const Lsn lsn = IsPlanted(PlantedBug::kSnapshotTakenUnregistered) ? early : published();
  snapshots_.insert(lsn);
  ++snapshot_changes_;
  return std::make_unique<SnapshotHandle>(shared_from_this(), lsn);
}

std::vector<Lsn> HandleRegistry::LiveSnapshots() const {
  env::MutexLock lock(&mutex_);
  std::vector<Lsn> live;
  for (const Lsn lsn : snapshots_) {
    if (live.empty() || live.back() != lsn) live.push_back(lsn);
  }
  return live;
}

uint64_t HandleRegistry::snapshot_changes() const {
  env::MutexLock lock(&mutex_);
  return snapshot_changes_;
}

size_t HandleRegistry::snapshots() const {
  env::MutexLock lock(&mutex_);
  return snapshots_.size();
}

size_t HandleRegistry::pins() const {
  uint64_t sum = 0;
  for (const PinCount& count : pin_counts_) sum += count.pins.load(std::memory_order_relaxed) / PinCount::kPin;
  return sum;
}

void HandleRegistry::Orphan() {
  for (PinCount& count : pin_counts_) {
    count.keeper = shared_from_this();
    if (count.pins.fetch_or(PinCount::kOrphaned, std::memory_order_acq_rel) == 0) count.keeper.reset();
  }
}

std::string HandleRegistry::Describe() const {
  std::vector<std::string> parts;
  const auto add = [&](size_t n, std::string_view noun) {
    if (n > 0) parts.push_back(absl::StrCat(n, " ", noun, n == 1 ? "" : "s"));
  };
  add(iterators(), "iterator");
  add(snapshots(), "snapshot");
  add(pins(), "pinned value");
  return absl::StrJoin(parts, ", ");
}

}  // namespace aeternus
