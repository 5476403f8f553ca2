// Writers, the logs that they write, and the syncs that let them be acknowledged (docs/durability.md, "The log").
#include "stress/durability_model/model.h"

namespace aeternus::durability_model {
namespace {

constexpr int kMaxWrites = 8;  // as many as a mask holds
// A writer waits for ...
constexpr uint8_t kWritten = 1;     // the sync of its log
constexpr uint8_t kSynced = 2;      // the sync of older logs
constexpr uint8_t kCutWritten = 3;  // the sync of the cut that the open owed

}  // namespace

void Model::ExpandWriter(const State& s) {
  const Engine& e = s.engine;
  if (e.write_step == kWritten) {
    State next = s;
    next.engine.write_step = kSynced;
    SyncOrFail(next, e.active_log, "writer: log synced", [this](State& done) {
      done.engine.active_synced = done.engine.active_last;
      RaiseSynced(done);
    });
  } else if (e.write_step == kSynced) {
    bool may_acknowledge = e.must_sync == 0;
    for (int i = 0; rules_.wait_older && i < e.frozen_count; ++i) may_acknowledge &= e.frozen[i].is_synced != 0;
    if (!may_acknowledge) return;
    State next = s;
    next.engine.write_step = 0;
    next.ghost.must_survive |= U8(s.ghost.committed & ((2 << e.last_write) - 1));
    next.ghost.acknowledged = s.ghost.committed;
    Visit(next, "ACKNOWLEDGED, synced, write", e.last_write + 1);
  } else if (e.write_step == kCutWritten) {
    State next = s;
    next.engine.write_step = 0;
    SyncOrFail(next, manifest_name(s), "cut synced", [](State& done) {
      done.engine.is_edit_pending = 0;
      done.engine.is_cut_owed = 0;
    });
  } else if (e.active_log != 0 && IsFull(s)) {
    if (e.frozen_count < kFrozen) Freeze(s);
  } else if (e.is_cut_owed && s.ghost.ops > 0) {
    WriteOwedCut(s);
  } else if (e.active_log == 0 && e.must_sync_prepared != 0) {
    if (s.ghost.ops == 0) return;
    SyncOrFail(s, e.prepared_log, "log that the open prepared synced",
               [](State& done) { done.engine.must_sync_prepared = 0; });
  } else if (e.active_log != 0 || e.prepared_log != 0) {
    WriteGroup(s, 1, false);
    WriteGroup(s, 1, true);
    if (bounds_.groups != 0) WriteGroup(s, 2, true);
    FailWrite(s);
  }
}

void Model::Freeze(State s) {
  Engine& e = s.engine;
  WriteSeal(s, e.synced_lsn);
  e.frozen[e.frozen_count++] = {
      .first_log = e.active_log, .last_log = e.active_log, .writes = e.active_writes, .last_lsn = e.active_last};
  e.end_log = e.active_log;
  e.end_slot = e.active_end;
  e.end_lsn = e.active_last;
  e.active_log = e.active_end = e.active_writes = e.active_last = e.active_synced = 0;
  Visit(s, "FREEZE, log sealed", e.end_log);
}

void Model::WriteGroup(State s, int count, bool sync) {
  Engine& e = s.engine;
  Ghost& g = s.ghost;
  if (count > g.ops || g.next_write + count > kMaxWrites) return;
  if (e.active_log == 0) {
    e.active_log = e.prepared_log;
    e.prepared_log = 0;
    e.active_end = 2;
    e.active_last = e.end_lsn;
    s.disk.Write(e.active_log, 1,
                 pool_.Add({.kind = BlockKind::kLink,
                            .file = e.active_log,
                            .slot = 1,
                            .lsn = U8(e.last_lsn + 1),
                            .synced_lsn = e.synced_lsn,
                            .prev_log = e.end_log,
                            .prev_end = e.end_slot,
                            .prev_lsn = e.end_lsn}));
  }
  if (e.active_end + count > 2 + bounds_.frames) return;
  for (int i = 0; i < count; ++i) {
    e.active_last = ++e.last_lsn;
    s.disk.Write(e.active_log, e.active_end,
                 pool_.Add({.kind = BlockKind::kData,
                            .file = e.active_log,
                            .slot = e.active_end,
                            .lsn = e.last_lsn,
                            .synced_lsn = e.synced_lsn,
                            .write = g.next_write}));
    ++e.active_end;
    e.active_writes |= U8(1 << g.next_write);
    g.committed |= U8(1 << g.next_write);
    e.last_write = g.next_write++;
    --g.ops;
  }
  g.is_closed = 0;
  if (sync) {
    e.write_step = kWritten;
  } else {
    g.acknowledged = g.committed;
  }
  Visit(s,
        !sync        ? "WRITE, not synced, log"
        : count == 1 ? "WRITE, synced, log"
                     : "WRITE, group of two, log",
        e.active_log);
}

// Rule CUT_AT_OPEN off: the cut goes into the manifest before the first write.
void Model::WriteOwedCut(State s) {
  Engine& e = s.engine;
  if (e.is_edit_pending || e.manifest_end + 1 >= kBlocks || (e.must_sync != 0 && rules_.sync_before_cut)) return;
  WriteEdit(s, {.cut_log = e.end_log, .cut_end = e.end_slot, .cut_lsn = e.end_lsn, .first_live_log = e.first_live_log});
  e.cut_lsn = e.end_lsn;
  e.write_step = kCutWritten;
  Visit(s, "cut written, log", e.end_log);
}

// The frame may be there after a crash, or not. Without rule WFAIL_FINAL the log is cut back to where it was.
void Model::FailWrite(State s) {
  Engine& e = s.engine;
  Ghost& g = s.ghost;
  if (bounds_.write_fails == 0 || g.fails == 0 || e.active_log == 0 || g.next_write == kMaxWrites) return;
  --g.fails;
  const BlockId frame = pool_.Add({.kind = BlockKind::kData,
                                   .file = e.active_log,
                                   .slot = e.active_end,
                                   .lsn = U8(e.last_lsn + 1),
                                   .synced_lsn = e.synced_lsn,
                                   .write = g.next_write});
  const uint8_t write = U8(1 << g.next_write++);
  s.disk.Write(e.active_log, e.active_end, frame);
  if (rules_.wfail_final) {
    g.committed |= write;
    e.phase = Phase::kFailed;
    return Visit(s, "WRITE FAILS midway");
  }
  File& file = s.disk.At(e.active_log);
  file.disk[e.active_end] = frame;  // it got there before it was taken back
  file.cache[e.active_end] = kZeroBlock;
  g.taken_back |= write;
  Visit(s, "WRITE FAILS midway and is taken back");
}

// In the background, oldest first.
void Model::ExpandSync(const State& s) {
  for (int i = 0; i < s.engine.frozen_count; ++i) {
    if (s.engine.frozen[i].is_synced) continue;
    if (s.engine.must_sync != 0) {
      State next = s;
      MakeReplayDurable(next);
      RaiseSynced(next);
      return Visit(next, "what was replayed is synced");
    }
    const int log = s.engine.frozen[i].last_log;
    if (s.disk.FileOf(log) < 0) continue;  // durably gone, which ends its flush
    return SyncOrFail(s, log, "older log synced", [this, i](State& done) {
      done.engine.frozen[i].is_synced = 1;
      RaiseSynced(done);
    });
  }
}

void Model::ExpandPreparation(const State& s) {
  const Engine& e = s.engine;
  if (e.prepared_log != 0 || (e.preparing_log == 0 && e.next_number >= e.reserved_end)) return;
  if (s.ghost.ops == 0 && s.ghost.closes == 0) return;
  // Without MINLOG_EXISTS a flush may have retired it together with all other logs.
  if (e.prepare_step != 0 && !s.disk.Exists(e.preparing_log)) return;
  State next = s;
  if (e.prepare_step == 0) {
    const uint8_t log = next.engine.next_number++;
    if (!next.disk.Create(log)) return;
    next.disk.Write(log, 0, pool_.Add({.kind = BlockKind::kHeader, .file = log, .edit = e.durable_edit()}));
    (rules_.prep_durable ? next.engine.preparing_log : next.engine.prepared_log) = log;
    next.engine.prepare_step = rules_.prep_durable ? 1 : 0;
    Visit(next, "log created", log);
  } else if (e.prepare_step == 1) {
    SyncOrFail(s, e.preparing_log, "new log synced", [](State& done) { done.engine.prepare_step = 2; });
  } else {
    next.disk.SyncDirectory();
    next.engine.prepared_log = e.preparing_log;
    next.engine.preparing_log = next.engine.prepare_step = 0;
    Visit(next, "directory synced behind the new log");
    FailDirectorySync(s, "DIRECTORY SYNC FAILS behind a new log",
                      [](State& failed) { failed.engine.phase = Phase::kFailed; });
  }
}

}  // namespace aeternus::durability_model
