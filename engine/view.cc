#include "engine/view.h"

#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "base/planted_bug.h"
#include "base/status.h"
#include "env/sync_point.h"
#include "iterator/covered_run_skipper.h"
#include "iterator/merging_iterator.h"

namespace aeternus {
namespace {

// What the layers visited so far say about a key.
struct PointRead {
  std::string_view key;
  Lsn snapshot;
  Lsn cover{};  // of the newest range tombstone that covers the key
  Lsn found_lsn{};
  EntryKind found_kind = EntryKind::kInvalid;
  FoundValue found{};

  // Nothing at or below this LSN can change the answer.
  Lsn settled() const { return std::max(cover, found_lsn); }
};

void VisitMemtable(const std::shared_ptr<ChargedMemtable>& memtable, PointRead* read) {
  const Memtable& table = memtable->table();
  if (table.has_range_tombstones()) {
    read->cover = std::max(read->cover, table.MaxCoveringTombstone(read->key, read->snapshot));
  }
  const std::optional<Memtable::Version> version = table.Find(read->key, read->snapshot);
  if (!version.has_value()) return;
  read->found_lsn = version->lsn;
  read->found_kind = version->kind;
  read->found.value = version->value;
  read->found.memtable = memtable;
}

absl::Status VisitTable(const TableMetadata& metadata, const std::shared_ptr<sstable::Table>& table, uint64_t hash,
                        PointRead* read) {
  if (metadata.has_range_tombstones() && !IsPlanted(PlantedBug::kTablesTombstonesSkipped)) {
    AETERNUS_ASSIGN_OR_RETURN(const Lsn cover, table->MaxCoveringTombstone(read->key, read->snapshot));
    read->cover = std::max(read->cover, cover);
  }
  if (!metadata.has_points() || metadata.max_point_lsn <= read->settled()) return absl::OkStatus();
  AETERNUS_ASSIGN_OR_RETURN(std::optional<sstable::Table::Found> found, table->Find(read->key, hash, read->snapshot));
  if (!found.has_value() || found->lsn <= read->found_lsn) return absl::OkStatus();
  read->found_lsn = found->lsn;
  read->found_kind = found->kind;
  read->found.value = found->value;
  read->found.block = std::move(found->pin);
  read->found.table = table;
  return absl::OkStatus();
}

std::optional<FoundValue> Answer(PointRead&& read) {
  if (read.found_kind != EntryKind::kPut || read.found_lsn < read.cover) return std::nullopt;
  return std::move(read.found);
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
  if (resources_->budget.used_bytes() > resources_->budget.limit_bytes()) resources_->cache.MakeRoom();
}

absl::StatusOr<std::optional<FoundValue>> ReadPoint(const View& view, std::string_view key, Lsn snapshot) {
  PointRead read{.key = key, .snapshot = snapshot};
  // Memtables follow each other in age, so the first that says anything has said everything.
  VisitMemtable(view.active, &read);
  for (auto frozen = view.frozen.rbegin(); read.settled() == kMinLsn && frozen != view.frozen.rend(); ++frozen) {
    VisitMemtable(frozen->memtable, &read);
  }
  if (read.settled() != kMinLsn) return Answer(std::move(read));

  // Tables overlap in age: they come by descending max LSN, and the search ends where no later one can be newer.
  env::SyncPoint("read:tables");
  const auto tables = view.version->tables();
  if (tables.empty()) return std::nullopt;
  const uint64_t hash = StableHash(key);
  for (size_t i = 0; i < tables.size() && tables[i]->max_lsn() > read.settled(); ++i) {
    if (!tables[i]->BoundsContain(key)) continue;
    AETERNUS_RETURN_IF_ERROR(VisitTable(*tables[i], view.tables[i], hash, &read));
    if (IsPlanted(PlantedBug::kFirstTableAnswers) && read.found_lsn > kMinLsn) break;
  }
  return Answer(std::move(read));
}

absl::StatusOr<VisibleIterator> NewViewIterator(const View& view, VisibleIterator::Options options) {
  // Entries of one layer, none newer than max_lsn.
  struct Layer {
    std::unique_ptr<EntryIterator> entries;
    Lsn max_lsn;
  };
  std::vector<Layer> layers;
  std::vector<std::shared_ptr<const FragmentedTombstones>> tombstones;
  const auto add_memtable = [&](const Memtable& memtable, Lsn max_lsn) {
    layers.push_back({memtable.NewIterator(), max_lsn});
    if (!memtable.has_range_tombstones()) return;
    for (auto& fragments : memtable.range_tombstone_layers()) tombstones.push_back(std::move(fragments));
  };
  add_memtable(view.active->table(), kMaxLsn);  // it is still growing
  for (auto frozen = view.frozen.rbegin(); frozen != view.frozen.rend(); ++frozen) {
    add_memtable(frozen->memtable->table(), frozen->memtable->table().last_lsn());
  }
  const auto tables = view.version->tables();
  for (size_t i = 0; i < tables.size(); ++i) {
    if (!tables[i]->BoundsOverlap(options.lower.value_or(""), options.upper)) continue;
    if (tables[i]->has_points()) layers.push_back({view.tables[i]->NewIterator(), tables[i]->max_point_lsn});
    if (tables[i]->has_range_tombstones()) {
      AETERNUS_ASSIGN_OR_RETURN(std::shared_ptr<const FragmentedTombstones> fragments,
                                view.tables[i]->RangeTombstones());
      tombstones.push_back(std::move(fragments));
    }
  }
  std::vector<std::unique_ptr<EntryIterator>> entries;
  entries.reserve(layers.size());
  for (Layer& layer : layers) {
    entries.push_back(SkipCoveredRuns(std::move(layer.entries), layer.max_lsn, tombstones, options.snapshot));
  }
  return VisibleIterator(NewMergingIterator(std::move(entries)), std::move(tombstones), std::move(options));
}

}  // namespace aeternus
