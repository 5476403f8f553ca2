#include "engine/point_read.h"

#include <array>
#include <cstddef>
#include <utility>

#include "absl/log/check.h"
#include "base/hash.h"
#include "base/planted_bug.h"
#include "base/status.h"
#include "env/sync_point.h"
#include "manifest/version.h"
#include "sstable/table.h"

namespace aeternus {
namespace {

// Tables overlap in age: they come by descending max LSN, and the search ends where no later one can be newer.
bool IsOver(const TableMetadata& table, const Verdict& verdict) {
  if (IsPlanted(PlantedBug::kFirstTableAnswers) && verdict.found_lsn() > kMinLsn) return true;
  return table.max_lsn() <= verdict.settled();
}

bool TombstonesMatter(const TableMetadata& table) {
  return table.has_range_tombstones() && !IsPlanted(PlantedBug::kTablesTombstonesSkipped);
}

bool PointsMatter(const TableMetadata& table, const Verdict& verdict) {
  return table.has_points() && table.max_point_lsn > verdict.settled();
}

absl::Status VisitTable(const TableMetadata& metadata, sstable::Table& table, std::string_view key, uint64_t hash,
                        Lsn snapshot, Verdict* verdict, FoundValue* found) {
  if (TombstonesMatter(metadata)) {
    AETERNUS_ASSIGN_OR_RETURN(const Lsn cover, table.MaxCoveringTombstone(key, snapshot));
    verdict->Cover(cover);
  }
  if (!PointsMatter(metadata, *verdict)) return absl::OkStatus();
  AETERNUS_ASSIGN_OR_RETURN(std::optional<sstable::Table::Found> version, table.Find(key, hash, snapshot));
  if (!version.has_value() || !verdict->Offer(version->lsn, version->kind)) return absl::OkStatus();
  found->value = version->value;
  found->block = std::move(version->pin);
  return absl::OkStatus();
}

// False: they are not in memory.
bool PeekTombstones(const TableMetadata& metadata, const sstable::Table& table, std::string_view key, Lsn snapshot,
                    Verdict* verdict) {
  if (!TombstonesMatter(metadata)) return true;
  const std::optional<Lsn> cover = table.PeekCoveringTombstone(key, snapshot);
  if (cover.has_value()) verdict->Cover(*cover);
  return cover.has_value();
}

// Takes what a table said of the key; false: not all of it is in memory.
bool TakePeeked(Peeked answer, const sstable::PeekedVersion& version, Verdict* verdict, PeekedValue* peeked) {
  ++peeked->frames;  // the filter
  if (answer != Peeked::kFound) return answer == Peeked::kAbsent;
  peeked->frames += 2;  // index and block
  if (!verdict->Offer(version.lsn, version.kind)) return true;
  peeked->value = version.value;
  peeked->block = version.block;
  peeked->slot = version.slot;
  return true;
}

// False: not all of it is in memory.
bool PeekTable(const TableMetadata& metadata, const sstable::Table& table, std::string_view key, uint64_t hash,
               Lsn snapshot, Verdict* verdict, PeekedValue* peeked) {
  if (!PeekTombstones(metadata, table, key, snapshot, verdict)) return false;
  if (!PointsMatter(metadata, *verdict)) return true;
  sstable::PeekedVersion version;
  const Peeked answer = table.Peek(key, hash, snapshot, &version);
  return TakePeeked(answer, version, verdict, peeked);
}

// One of several keys on its way through the layers.
struct Lane {
  PeekedKey* key = nullptr;
  Verdict verdict;
  sstable::Lookup lookup;
  bool is_open = false;  // older layers may matter

  void Give(Peeked answer) {
    key->answer = answer;
    is_open = false;
  }
  void Conclude() { Give(verdict.is_visible() ? Peeked::kFound : Peeked::kAbsent); }
};

// Shows one table to the lanes that it matters to; whether any lane is still open.
bool PeekTableForMany(const TableMetadata& metadata, const sstable::Table& table, Lsn snapshot,
                      absl::Span<Lane> lanes) {
  std::array<sstable::Lookup*, sstable::Lookup::kMost> lookups;
  std::array<Lane*, sstable::Lookup::kMost> asked;
  size_t count = 0;
  bool any_open = false;
  for (Lane& lane : lanes) {
    if (!lane.is_open) continue;
    if (IsOver(metadata, lane.verdict)) {
      lane.Conclude();
      continue;
    }
    any_open = true;
    if (!metadata.BoundsContain(lane.lookup.key)) continue;
    if (!PeekTombstones(metadata, table, lane.lookup.key, snapshot, &lane.verdict)) {
      lane.Give(Peeked::kNotInMemory);
    } else if (PointsMatter(metadata, lane.verdict)) {
      asked[count] = &lane;
      lookups[count++] = &lane.lookup;
    }
  }
  if (count == 0) return any_open;
  table.PeekMany(snapshot, absl::MakeConstSpan(lookups).first(count));
  for (Lane* lane : absl::MakeConstSpan(asked).first(count)) {
    const bool was_in_memory = TakePeeked(lane->lookup.answer, lane->lookup.version, &lane->verdict, &lane->key->value);
    if (!was_in_memory) lane->Give(Peeked::kNotInMemory);
  }
  return any_open;
}

}  // namespace

const std::shared_ptr<ChargedMemtable>* AskMemtables(const View& view, std::string_view key, uint64_t hash,
                                                     Lsn snapshot, Verdict* verdict, std::string_view* value) {
  const auto ask = [&](const std::shared_ptr<ChargedMemtable>& memtable) {
    const Memtable& table = memtable->table();
    if (table.empty()) return false;  // as after each flush; what the snapshot sees would be counted
    if (table.has_range_tombstones()) verdict->Cover(table.MaxCoveringTombstone(key, snapshot));
    if (!table.MayContain(hash)) return false;
    const std::optional<Memtable::Version> version = table.Find(key, snapshot);
    if (!version.has_value() || !verdict->Offer(version->lsn, version->kind)) return false;
    *value = version->value;
    return true;
  };
  if (ask(view.active)) return &view.active;
  for (auto frozen = view.frozen.rbegin(); verdict->settled() == kMinLsn && frozen != view.frozen.rend(); ++frozen) {
    if (ask(frozen->memtable)) return &frozen->memtable;
  }
  return nullptr;
}

absl::StatusOr<std::optional<FoundValue>> ReadPoint(const View& view, std::string_view key, Lsn snapshot) {
  Verdict verdict;
  FoundValue found;
  const uint64_t hash = StableHash(key);
  const auto* const memtable = AskMemtables(view, key, hash, snapshot, &verdict, &found.value);
  if (memtable != nullptr) found.memtable = *memtable;
  const auto tables = view.version->tables();
  if (verdict.settled() == kMinLsn && !tables.empty()) {
    env::SyncPoint("read:tables");
    for (size_t i = 0; i < tables.size() && !IsOver(*tables[i], verdict); ++i) {
      if (!tables[i]->BoundsContain(key)) continue;
      AETERNUS_RETURN_IF_ERROR(VisitTable(*tables[i], *view.tables[i], key, hash, snapshot, &verdict, &found));
    }
  }
  if (!verdict.is_visible()) return std::nullopt;
  return found;
}

Peeked PeekPoint(const View& view, std::string_view key, Lsn snapshot, PeekedValue* peeked) {
  Verdict verdict;
  const uint64_t hash = StableHash(key);
  peeked->memtable = AskMemtables(view, key, hash, snapshot, &verdict, &peeked->value);
  const auto tables = view.version->tables();
  if (verdict.settled() == kMinLsn && !tables.empty()) {
    env::SyncPoint("read:tables");
    for (size_t i = 0; i < tables.size() && !IsOver(*tables[i], verdict); ++i) {
      if (!tables[i]->BoundsContain(key)) continue;
      if (!PeekTable(*tables[i], *view.tables[i], key, hash, snapshot, &verdict, peeked)) return Peeked::kNotInMemory;
    }
  }
  return verdict.is_visible() ? Peeked::kFound : Peeked::kAbsent;
}

void PeekPoints(const View& view, Lsn snapshot, absl::Span<PeekedKey> keys) {
  std::array<Lane, sstable::Lookup::kMost> all;
  DCHECK_LE(keys.size(), all.size());
  const absl::Span<Lane> lanes = absl::MakeSpan(all).first(keys.size());
  const auto tables = view.version->tables();
  for (size_t i = 0; i < keys.size(); ++i) {
    Lane& lane = lanes[i];
    lane.key = &keys[i];
    lane.lookup.key = keys[i].key;
    lane.lookup.hash = StableHash(keys[i].key);
    keys[i].value.memtable =
        AskMemtables(view, keys[i].key, lane.lookup.hash, snapshot, &lane.verdict, &keys[i].value.value);
    lane.is_open = lane.verdict.settled() == kMinLsn;
    if (!lane.is_open) lane.Conclude();
  }
  env::SyncPoint("read:tables");
  for (size_t i = 0; i < tables.size(); ++i) {
    if (!PeekTableForMany(*tables[i], *view.tables[i], snapshot, lanes)) break;
  }
  for (Lane& lane : lanes) {
    if (lane.is_open) lane.Conclude();
  }
}

}  // namespace aeternus
