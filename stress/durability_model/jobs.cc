// Flush, compaction and close: what ends with an edit of the manifest.
#include <algorithm>

#include "stress/durability_model/model.h"

namespace aeternus::durability_model {
namespace {

// Room in the manifest for one more edit besides that of a close.
bool HasRoomForEdit(const Engine& e) { return e.manifest_end + 1 < kBlocks; }

// What the logs reach.
uint8_t LastLsn(const Engine& e) { return e.active_log != 0 ? e.active_last : e.end_lsn; }

int FreeTable(const State& s) {
  int table = 0;
  while (table < kTables && (s.disk.Exists(kFirstTable + table) || (s.engine.tables >> table & 1))) ++table;
  return table;
}

}  // namespace

// ---- flush ----

void Model::ExpandFlush(const State& s) {
  const Engine& e = s.engine;
  if (bounds_.flushes == 0 || e.frozen_count == 0) return;
  const int table = kFirstTable + e.flush_table;
  State next = s;
  switch (e.flush_step) {
    case 0:
      if (e.compaction_step == 0 && e.write_step != 3 && HasRoomForEdit(e)) WriteFlushedTable(next);
      return;
    case 1:
      next.engine.flush_step = 2;
      next.disk.Sync(table);
      return Visit(next, "flush: table synced");
    case 2:
      next.engine.flush_step = 3;
      next.disk.SyncDirectory();
      Visit(next, "flush: directory synced");
      return FailDirectorySync(s, "DIRECTORY SYNC FAILS behind a table", [&](State& failed) {
        if (rules_.dirfail_final) {
          failed.engine.phase = Phase::kFailed;
        } else {
          failed.disk.Remove(table);
          failed.engine.flush_step = 0;
        }
      });
    case 3: {
      if (e.is_edit_pending || e.must_sync != 0) return;
      const uint8_t behind = e.active_log != 0 ? e.active_log : e.prepared_log != 0 ? e.prepared_log : e.next_number;
      next.engine.min_log = e.frozen_count > 1 ? e.frozen[1].first_log : behind;
      WriteEdit(
          next,
          {.tables = U8(1 << e.flush_table), .min_log = next.engine.min_log, .flushed_lsn = e.frozen[0].last_lsn});
      next.engine.flush_step = 4;
      return Visit(next, "flush: edit written, oldest log", next.engine.min_log);
    }
    case 4:
      return SyncOrFail(s, manifest_name(s), "flush: edit synced", [](State& done) {
        done.engine.flush_step = 5;
        done.engine.is_edit_pending = 0;
        // Nobody waits for the end of the flush but whoever asked for it.
        if (done.engine.frozen[0].is_synced) done.ghost.must_survive |= done.engine.frozen[0].writes;
      });
    case 5:
      for (int log = 1; log < e.min_log; ++log) next.disk.Remove(log);
      if (e.frozen[0].is_synced || !rules_.gone_or_synced) return EndFlush(next, "flush: retired logs deleted");
      next.engine.flush_step = 6;
      return Visit(next, "flush: retired logs deleted, unsynced");
    default:
      next.disk.SyncDirectory();
      EndFlush(next, "flush: directory synced behind the deletion");
      return FailDirectorySync(s, "DIRECTORY SYNC FAILS behind a deletion", [this](State& failed) {
        if (rules_.dirfail_final) failed.engine.phase = Phase::kFailed;
      });
  }
}

void Model::WriteFlushedTable(State s) {
  Engine& e = s.engine;
  // The edit will name the log behind: there has to be one.
  if (rules_.minlog_exists && e.frozen_count == 1 && e.active_log == 0 && e.prepared_log == 0) return;
  const int table = FreeTable(s);
  if (table == kTables || !s.disk.Create(kFirstTable + table)) return;
  s.disk.Write(kFirstTable + table, 0,
               pool_.Add({.kind = BlockKind::kTable,
                          .file = U8(table),
                          .lsn = e.frozen[0].last_lsn,
                          .edit = e.durable_edit(),
                          .writes = e.frozen[0].writes}));
  e.flush_table = U8(table);
  e.flush_step = 1;
  Visit(s, "flush: table written");
}

void Model::EndFlush(State s, const char* step) {
  Engine& e = s.engine;
  s.ghost.must_survive |= e.frozen[0].writes;
  e.flush_step = 0;
  e.tables |= U8(1 << e.flush_table);
  e.flushed_lsn = e.frozen[0].last_lsn;
  std::copy(e.frozen + 1, e.frozen + e.frozen_count, e.frozen);
  e.frozen[--e.frozen_count] = Frozen();
  e.synced_lsn = std::max(e.synced_lsn, e.flushed_lsn);
  RaiseSynced(s);
  Visit(s, step);
}

// ---- compaction ----

// One that drops as much as it may: the newest entries were tombstones, and no table shows their LSNs any more.
void Model::ExpandCompaction(const State& s) {
  const Engine& e = s.engine;
  State next = s;
  switch (e.compaction_step) {
    case 0: {
      const int table = FreeTable(s);
      if (s.ghost.compactions == 0 || e.tables == 0 || table == kTables) return;
      if (e.flush_step != 0 || e.is_edit_pending || !HasRoomForEdit(e)) return;
      uint8_t writes = 0;
      for (int input = 0; input < kTables; ++input) {
        if (e.tables >> input & 1) writes |= pool_.at(s.disk.At(kFirstTable + input).cache[0]).writes;
      }
      if (!next.disk.Create(kFirstTable + table)) return;
      next.disk.Write(kFirstTable + table, 0,
                      pool_.Add({.kind = BlockKind::kTable, .file = U8(table), .edit = e.edit, .writes = writes}));
      next.disk.Sync(kFirstTable + table);
      next.disk.SyncDirectory();
      --next.ghost.compactions;
      next.engine.compaction_table = U8(table);
      next.engine.compaction_step = 1;
      return Visit(next, "compaction: table written and synced");
    }
    case 1:
      if (e.is_edit_pending) return;
      WriteEdit(next, {.tables = U8(1 << e.compaction_table), .removed_tables = e.tables});
      next.engine.compaction_step = 2;
      return Visit(next, "compaction: edit written");
    case 2:
      return SyncOrFail(s, manifest_name(s), "compaction: edit synced", [](State& done) {
        done.engine.compaction_step = 3;
        done.engine.is_edit_pending = 0;
      });
    default:
      for (int input = 0; input < kTables; ++input) {
        if (e.tables >> input & 1) next.disk.Remove(kFirstTable + input);
      }
      next.engine.tables = U8(1 << e.compaction_table);
      next.engine.compaction_step = 0;
      return Visit(next, "compaction: inputs deleted");
  }
}

// ---- close ----

// Whether the manifest does not say already how far the logs reach.
bool Model::IsProofOwed(const State& s) const {
  const Engine& e = s.engine;
  return rules_.close_proof && LastLsn(e) > std::max(e.flushed_lsn, e.cut_lsn);
}

void Model::BeginClose(State s) {
  Engine& e = s.engine;
  const bool is_idle = e.write_step == 0 && e.flush_step == 0 && e.compaction_step == 0 && e.prepare_step == 0;
  if (s.ghost.closes == 0 || !is_idle) return;
  e.phase = Phase::kClosing;
  e.step = rules_.close_sync_first ? 0 : 2;
  Visit(s, "CLOSE begins");
}

void Model::ExpandClosing(const State& s) {
  const Engine& e = s.engine;
  State next = s;
  switch (e.step) {
    case 0:
      SyncFrozen(next);
      RaiseSynced(next);
      next.engine.step = 1;
      return Visit(next, "close: older logs synced");
    case 1:
      next.engine.step = 2;
      if (e.active_log == 0) return Visit(next, "close: no log is active");
      return SyncOrFail(next, e.active_log, "close: active log synced", [this](State& done) {
        done.engine.active_synced = done.engine.active_last;
        RaiseSynced(done);
      });
    case 2:
      if (e.active_log != 0) WriteSeal(next, rules_.close_sync_first ? e.synced_lsn : e.active_last);
      next.engine.step = rules_.close_sync_first && e.active_log != 0 ? 3 : 4;
      return Visit(next, "close: seal written");
    case 3:
      return SyncOrFail(s, e.active_log, "close: seal synced", [](State& done) { done.engine.step = 4; });
    case 4:
      if (!IsProofOwed(s)) return FinishClose(next);
      WriteEdit(next, {.close_log = e.active_log != 0 ? e.active_log : e.end_log, .close_lsn = LastLsn(e)});
      next.engine.step = 5;
      return Visit(next, "close: edit written");
    case 5:
      return SyncOrFail(s, manifest_name(s), "close: edit synced", [](State& done) { done.engine.step = 6; });
    default:
      return FinishClose(next);
  }
}

void Model::SyncFrozen(State& s) const {
  if (s.engine.must_sync != 0) MakeReplayDurable(s);
  for (int i = 0; i < s.engine.frozen_count; ++i) {
    Frozen& frozen = s.engine.frozen[i];
    if (!frozen.is_synced) s.disk.Sync(frozen.last_log);
    frozen.is_synced = 1;
  }
}

void Model::FinishClose(State s) {
  if (!rules_.close_sync_first) {  // then only now
    SyncFrozen(s);
    if (s.engine.active_log != 0) s.disk.Sync(s.engine.active_log);
  }
  s.ghost.must_survive = s.ghost.acknowledged = s.ghost.committed;
  --s.ghost.closes;
  s.ghost.is_closed = 1;
  Stop(s);
  Visit(s, "CLOSED");
}

void Model::CloseFailed(State s) {
  if (s.ghost.closes == 0) return;
  Engine& e = s.engine;
  --s.ghost.closes;
  if (!rules_.failed_no_seal && e.active_log != 0 && e.active_end < kBlocks) {
    WriteSeal(s, e.active_last);
    s.disk.Sync(e.active_log);
  }
  Stop(s);
  Visit(s, "CLOSE of a failed engine");
}

}  // namespace aeternus::durability_model
