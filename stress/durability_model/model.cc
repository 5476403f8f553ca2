#include "stress/durability_model/model.h"

#include <algorithm>

namespace aeternus::durability_model {

State Model::Initial() {
  State s{};
  Engine& e = s.engine;
  e.manifest = 1;
  e.edit = 1;
  e.manifest_end = 1;
  e.min_log = 1;
  e.first_live_log = 1;
  e.prepared_log = 1;
  e.next_number = 2;
  e.reserved_end = 4;
  e.phase = Phase::kRunning;
  s.disk.Create(manifest_name(s));
  s.disk.Write(manifest_name(s), 0,
               pool_.Add({.kind = BlockKind::kSnapshot, .edit = 1, .min_log = 1, .reserved_end = e.reserved_end}));
  s.disk.Sync(manifest_name(s));
  s.disk.cached_names[kCurrent] = e.manifest;
  s.disk.Create(1);
  s.disk.Write(1, 0, pool_.Add({.kind = BlockKind::kHeader, .file = 1, .edit = 1}));
  s.disk.Sync(1);
  s.disk.SyncDirectory();
  s.ghost = {.ops = U8(bounds_.ops),
             .crashes = U8(bounds_.crashes),
             .fails = U8(bounds_.fails),
             .undeleted = U8(bounds_.undeleted),
             .closes = U8(bounds_.closes),
             .compactions = U8(bounds_.compactions)};
  return s;
}

std::optional<std::string> Model::Expand(const State& s, const Visitor& visit) {
  from_ = &s;
  visit_ = &visit;
  switch (s.engine.phase) {
    case Phase::kDown: {
      if (bounds_.damage != 0 && s.disk.Exists(kCurrent)) {
        if (auto violation = CheckDamage(s)) return violation;
      }
      const Recovered found = Recover(s.disk, pool_, rules_);
      if (auto violation = CheckRecovery(s, found)) return violation;
      ExpandCrash(s);
      BeginOpening(s, found);
      break;
    }
    case Phase::kOpening:
      ExpandCrash(s);
      ExpandOpening(s);
      break;
    case Phase::kRunning:
      ExpandCrash(s);
      ExpandPreparation(s);
      ExpandWriter(s);
      ExpandSync(s);
      ExpandFlush(s);
      ExpandCompaction(s);
      BeginClose(s);
      break;
    case Phase::kFailed:
      ExpandCrash(s);
      CloseFailed(s);
      break;
    case Phase::kClosing:
      ExpandCrash(s);
      ExpandClosing(s);
      break;
  }
  return std::nullopt;
}

void Model::ExpandCrash(const State& s) {
  if (s.ghost.crashes == 0) return;
  const bool is_down = s.engine.phase == Phase::kDown;
  State after = s;
  Stop(after);
  --after.ghost.crashes;
  if (bounds_.kills != 0 && !is_down) Visit(after, "KILL -9");
  if (is_down && !s.disk.IsDirty()) return;
  after.ghost.acknowledged = 0;
  after.ghost.has_failed = 0;
  s.disk.ForEachPowerCut([&](const Disk& disk, int survivors) {
    after.disk = disk;
    Visit(after, "POWER CUT, survivors", survivors);
  });
}

void Model::Visit(State next, const char* step, int detail) {
  // A name that changes again is one that the next sync of the directory will take along.
  for (int name = 0; name < kNames; ++name) {
    if (next.disk.cached_names[name] != from_->disk.cached_names[name]) {
      next.disk.dropped_names &= ~(uint32_t{1} << name);
    }
  }
  (*visit_)(next, step, detail);
}

void Model::SyncOrFail(const State& s, int name, const char* step, const std::function<void(State&)>& done) {
  State next = s;
  next.disk.Sync(name);
  done(next);
  Visit(next, step);
  if (s.ghost.fails == 0 || s.disk.At(name).dirty == 0) return;
  State failed = *from_;  // not one step further
  failed.disk.FailSync(name);
  --failed.ghost.fails;
  failed.ghost.has_failed = 1;
  if (rules_.syncfail_final) failed.engine.phase = Phase::kFailed;
  Visit(failed, "SYNC FAILS, its data is gone");
}

void Model::FailDirectorySync(const State& s, const char* step, const std::function<void(State&)>& go_on) {
  if (s.ghost.fails == 0 || !s.disk.IsDirectoryDirty()) return;
  State failed = s;
  failed.disk.FailSyncDirectory();
  --failed.ghost.fails;
  failed.ghost.has_failed = 1;
  go_on(failed);
  Visit(failed, step);
}

void Model::WriteEdit(State& s, Block edit) {
  Engine& e = s.engine;
  edit.kind = BlockKind::kEdit;
  edit.edit = ++e.edit;
  e.is_edit_pending = 1;
  s.disk.Write(manifest_name(s), e.manifest_end++, pool_.Add(edit));
}

void Model::WriteSeal(State& s, int proven_lsn) {
  const Engine& e = s.engine;
  s.disk.Write(e.active_log, e.active_end,
               pool_.Add({.kind = BlockKind::kSeal,
                          .file = e.active_log,
                          .slot = e.active_end,
                          .lsn = e.active_last,
                          .synced_lsn = U8(proven_lsn)}));
}

// Everything up to the first log that is not synced to its end is durable.
void Model::RaiseSynced(State& s) const {
  Engine& e = s.engine;
  if (e.must_sync != 0) return;
  for (int i = 0; i < e.frozen_count; ++i) {
    if (!e.frozen[i].is_synced) return;
    e.synced_lsn = std::max(e.synced_lsn, e.frozen[i].last_lsn);
  }
  e.synced_lsn = std::max(e.synced_lsn, e.active_synced);
}

}  // namespace aeternus::durability_model
