#include "engine/view.h"

#include <algorithm>
#include <utility>

#include "absl/types/span.h"
#include "base/status.h"
#include "iterator/covered_run_skipper.h"
#include "iterator/merging_iterator.h"
#include "iterator/run_iterator.h"
#include "manifest/sorted_runs.h"
#include "manifest/table_metadata.h"

namespace aeternus {
namespace {

// Entries of one layer, none newer than max_lsn.
struct Layer {
  std::unique_ptr<EntryIterator> entries;
  Lsn max_lsn;
};

// A sorted run of `tables`, which are `opened` in the same order.
Layer LayerOf(const std::vector<size_t>& run, absl::Span<const Version::TablePtr> tables,
              absl::Span<sstable::Table* const> opened) {
  if (run.size() == 1) return {opened[run[0]]->NewIterator(), tables[run[0]]->max_point_lsn};
  std::vector<RunPart> parts;
  Lsn max_lsn;
  for (const size_t i : run) {
    parts.push_back({.smallest = tables[i]->smallest,
                     .largest = tables[i]->largest,
                     .largest_is_exclusive = tables[i]->largest_is_exclusive,
                     .open = [table = opened[i]] { return table->NewIterator(); }});
    max_lsn = std::max(max_lsn, tables[i]->max_point_lsn);
  }
  return {NewRunIterator(std::move(parts)), max_lsn};
}

}  // namespace

void ChargedMemtable::Recharge() {
  const size_t now = table_->memory_bytes();
  if (now > charged_bytes_) {
    resources_->budget.Charge(now - charged_bytes_);
  } else {
    resources_->budget.Release(charged_bytes_ - now);
  }
  charged_bytes_ = now;
  const MemoryBudget& budget = resources_->budget;
  if (budget.used_bytes() > budget.limit_bytes()) resources_->cache.MakeRoom();
  if (budget.used_bytes() > budget.limit_bytes()) resources_->spare_blocks.Clear();
}

absl::StatusOr<ViewIterator> ViewIterator::Make(const View& view, VisibleIterator::Options options) {
  std::vector<Layer> layers;
  std::vector<std::shared_ptr<const FragmentedTombstones>> tombstones;
  std::vector<SnapshotIterator*> in_memtables;
  const auto add_memtable = [&](const Memtable& memtable, Lsn max_lsn) {
    std::unique_ptr<SnapshotIterator> points = memtable.NewIterator(options.snapshot);
    in_memtables.push_back(points.get());
    layers.push_back({std::move(points), max_lsn});
    if (!memtable.has_range_tombstones()) return;
    for (auto& fragments : memtable.range_tombstone_layers()) tombstones.push_back(std::move(fragments));
  };
  add_memtable(view.active->table(), kMaxLsn);  // it is still growing
  for (auto frozen = view.frozen.rbegin(); frozen != view.frozen.rend(); ++frozen) {
    add_memtable(frozen->memtable->table(), frozen->memtable->table().last_lsn());
  }
  const auto tables = view.version->tables();
  std::vector<Version::TablePtr> with_points;
  std::vector<sstable::Table*> opened;
  for (size_t i = 0; i < tables.size(); ++i) {
    if (!tables[i]->BoundsOverlap(options.lower.value_or(""), options.upper)) continue;
    if (tables[i]->has_points()) {
      with_points.push_back(tables[i]);
      opened.push_back(view.tables[i].get());
    }
    if (tables[i]->has_range_tombstones()) {
      AETERNUS_ASSIGN_OR_RETURN(std::shared_ptr<const FragmentedTombstones> fragments,
                                view.tables[i]->RangeTombstones());
      tombstones.push_back(std::move(fragments));
    }
  }
  const std::vector<std::vector<size_t>> runs = SortedRuns(with_points);
  for (const std::vector<size_t>& run : runs) layers.push_back(LayerOf(run, with_points, opened));
  std::vector<std::unique_ptr<EntryIterator>> entries;
  entries.reserve(layers.size());
  for (Layer& layer : layers) {
    entries.push_back(SkipCoveredRuns(std::move(layer.entries), layer.max_lsn, tombstones, options.snapshot));
  }
  const bool sees_all_tombstones = std::all_of(tombstones.begin(), tombstones.end(), [&](const auto& fragments) {
    return fragments->max_lsn() <= options.snapshot;
  });
  VisibleIterator visible(NewMergingIterator(std::move(entries)), std::move(tombstones), std::move(options));
  return ViewIterator(view, std::move(visible), std::move(in_memtables), runs.size(), sees_all_tombstones);
}

// Points come into the active memtable, where its iterator finds them. Every tombstone up to `snapshot` was added
// before that became known, so that where there is none by now, there was none before; all other layers stay what they
// are.
bool ViewIterator::MoveTo(Lsn snapshot) {
  if (!sees_all_tombstones_ || view_.active->table().has_range_tombstones() || !visible_.status().ok()) return false;
  for (SnapshotIterator* const points : in_memtables_) points->SetSnapshot(snapshot);
  visible_.SetSnapshot(snapshot);
  return true;
}

}  // namespace aeternus
