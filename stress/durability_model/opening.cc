// Opening a database: from what was read to an engine that runs (docs/durability.md, "The cut" and "The manifest").
#include <algorithm>

#include "stress/durability_model/model.h"

namespace aeternus::durability_model {
namespace {

constexpr int kReservedNumbers = 3;

// The numbers that an open without rule NUMBER_FRESH goes on with: behind the last log that holds a frame.
int NumberBehindUsedLogs(const Disk& disk, const BlockPool& pool, int end_log) {
  int next = end_log + 1;
  for (int log = 1; log < kLogs; ++log) {
    for (int slot = 1; disk.Exists(log) && slot < kBlocks; ++slot) {
      if (IsFrameOf(pool.at(disk.At(log).cache[slot]), log, slot)) next = std::max(next, log + 1);
    }
  }
  return next;
}

int NewestManifest(const Disk& disk) {
  int newest = kManifests - 1;
  while (newest > 0 && !disk.Exists(kFirstManifest + newest)) --newest;
  return newest;
}

}  // namespace

void Model::BeginOpening(const State& down, const Recovered& found) {
  State s = down;
  Ghost& g = s.ghost;
  g.committed = found.writes;
  g.taken_back &= U8(~found.writes);
  g.acknowledged &= found.writes;
  Engine& e = s.engine;
  e.phase = Phase::kOpening;
  e.last_lsn = e.max_lsn = rules_.lsn_above_all ? found.max_lsn : found.last_lsn;
  e.synced_lsn = found.greatest_synced;
  e.flushed_lsn = found.flushed_lsn;
  e.edit = found.edit;
  e.manifest = found.manifest;
  e.tables = found.tables;
  e.min_log = found.min_log;
  e.end_lsn = found.last_lsn;
  if (found.holds_entries()) {
    e.chain = found.chain;
    e.end_log = found.end_log;
    e.end_slot = found.end_slot;
    int first = 1;
    while (!(found.chain >> first & 1)) ++first;
    e.must_sync = !found.is_proven_durable;
    e.frozen[e.frozen_count++] = {.first_log = U8(first),
                                  .last_log = found.end_log,
                                  .writes = U8(found.writes & ~found.table_writes),
                                  .last_lsn = found.last_lsn,
                                  .is_synced = found.is_proven_durable};
  } else {  // the tables hold everything: all logs are retired
    e.flushed_lsn = found.last_lsn;
    e.synced_lsn = std::max(e.synced_lsn, found.last_lsn);
  }
  e.next_number = rules_.number_fresh ? found.reserved_end : U8(NumberBehindUsedLogs(s.disk, pool_, found.end_log));
  e.first_live_log = e.next_number;
  Visit(s, "OPEN reads");
}

void Model::MakeReplayDurable(State& s) const {
  Engine& e = s.engine;
  for (int log = 1; log < kLogs; ++log) {
    if (!(e.chain >> log & 1)) continue;
    const int end = log == e.end_log ? e.end_slot : EndOfFrames(s.disk, pool_, log);
    for (int slot = 0; rules_.rewrite && slot < end; ++slot) s.disk.WriteAgain(log, slot);
    s.disk.Sync(log);
  }
  e.must_sync = 0;
  e.frozen[0].is_synced = 1;
}

void Model::ExpandOpening(const State& s) {
  State next = s;
  Engine& e = next.engine;
  switch (s.engine.step) {
    case 0:
      e.step = 1;
      if (e.must_sync != 0 && rules_.sync_before_cut) {
        MakeReplayDurable(next);
        next.disk.SyncDirectory();
        return Visit(next, "  open: what was replayed is made durable");
      }
      [[fallthrough]];
    case 1:
      e.step = 2;
      if (!rules_.sync0_is_cut) e.synced_lsn = e.max_lsn;
      if (rules_.sync0_is_cut && e.must_sync == 0) e.synced_lsn = e.end_lsn;
      if (e.frozen_count == 0) {
        e.min_log = e.next_number;
        if (!rules_.minlog_exists) return Visit(next, "  open: all logs retired");
        if (e.next_number == kLogs) return;  // beyond the bounds
        e.first_live_log = e.prepared_log = e.next_number++;
        const uint8_t edit = rules_.edit_durable ? 0 : e.edit;
        if (!next.disk.Create(e.prepared_log)) return;
        next.disk.Write(e.prepared_log, 0,
                        pool_.Add({.kind = BlockKind::kHeader, .file = e.prepared_log, .edit = edit}));
        e.must_sync_prepared = rules_.prep_durable ? 1 : 0;  // its name is synced with the manifest's, below
        return Visit(next, "  open: all logs retired, the next one prepared", e.prepared_log);
      }
      [[fallthrough]];
    case 2:
      return WriteSnapshot(next);
    case 3:
      next.disk.Sync(manifest_name(next));
      e.step = rules_.man_dirsync ? 4 : 5;
      if (!rules_.delete_late) DeleteUnreferenced(next);
      return Visit(next, "  open: manifest synced");
    case 4:
      next.disk.SyncDirectory();
      e.step = 5;
      return Visit(next, "  open: directory synced");
    case 5:
      next.disk.cached_names[kCurrent] = e.manifest;
      e.step = 6;
      return Visit(next, "  open: CURRENT renamed");
    case 6:
      next.disk.SyncDirectory();
      e.step = 7;
      return Visit(next, "  open: directory synced behind CURRENT");
    default:
      e.phase = Phase::kRunning;
      e.step = 0;
      if (s.ghost.undeleted > 0) {
        State undeleted = next;
        --undeleted.ghost.undeleted;
        Visit(undeleted, "  open: done, and NOTHING COULD BE DELETED");
      }
      DeleteUnreferenced(next);
      return Visit(next, "  open: done, unreferenced files deleted");
  }
}

void Model::WriteSnapshot(const State& s) {
  State next = s;
  Engine& e = next.engine;
  const Recovered found = Recover(s.disk, pool_, rules_);
  const int newest = NewestManifest(s.disk);
  if (newest + 1 == kManifests || e.next_number + kReservedNumbers > kLogs) return;  // beyond the bounds
  e.manifest = U8(newest + 1);
  e.manifest_end = 1;
  e.reserved_end = U8(e.next_number + kReservedNumbers);
  Block snapshot = {.kind = BlockKind::kSnapshot,
                    .edit = ++e.edit,
                    .tables = e.tables,
                    .min_log = e.min_log,
                    .reserved_end = e.reserved_end,
                    .max_lsn = e.max_lsn,
                    .flushed_lsn = e.flushed_lsn};
  if (!rules_.cut_at_open) {  // the old one stays in force
    snapshot.cut_log = found.cut_log;
    snapshot.cut_end = found.cut_end;
    snapshot.cut_lsn = found.cut_lsn;
    snapshot.first_live_log = found.first_live_log;
    e.is_cut_owed = e.end_log != 0;
  } else if (e.end_log != 0) {
    snapshot.cut_log = e.end_log;
    snapshot.cut_end = e.end_slot;
    snapshot.cut_lsn = e.end_lsn;
    snapshot.first_live_log = e.first_live_log;
  }
  e.cut_lsn = snapshot.cut_lsn;
  if (!next.disk.Create(manifest_name(next))) return;
  next.disk.Write(manifest_name(next), 0, pool_.Add(snapshot));
  e.step = 3;
  Visit(next, "  open: new manifest written");
}

void Model::DeleteUnreferenced(State& s) const {
  const Engine& e = s.engine;
  for (int log = 1; log < kLogs; ++log) {
    const bool is_replayed = (e.chain >> log & 1) && log > e.min_log;
    if (!is_replayed && log != e.min_log && log != e.prepared_log) s.disk.Remove(log);
  }
  for (int table = 0; table < kTables; ++table) {
    if (!(e.tables >> table & 1)) s.disk.Remove(kFirstTable + table);
  }
  for (int manifest = 1; manifest < kManifests; ++manifest) {
    if (manifest != e.manifest) s.disk.Remove(kFirstManifest + manifest);
  }
}

}  // namespace aeternus::durability_model
