// One state of the model: the disk, the engine's memory, and what an observer knows.
#ifndef AETERNUS_STRESS_DURABILITY_MODEL_STATE_H_
#define AETERNUS_STRESS_DURABILITY_MODEL_STATE_H_

#include <cstdint>
#include <type_traits>

#include "stress/durability_model/disk.h"

namespace aeternus::durability_model {

enum class Phase : uint8_t { kDown, kOpening, kRunning, kFailed, kClosing };

// A memtable that is no longer written to, and its logs: one, or all that an open replayed.
struct Frozen {
  uint8_t first_log, last_log;
  uint8_t writes;
  uint8_t last_lsn;
  uint8_t is_synced = 0;
};
inline constexpr int kFrozen = 4;  // at most

// What the process remembers; zeros while it is down. Steps count within the job that they belong to.
struct Engine {
  uint16_t chain;  // logs that the open replayed, as a mask
  Phase phase;
  uint8_t step;  // of opening or closing
  // The active log: 0 if none.
  uint8_t active_log, active_end, active_writes, active_last, active_synced;
  uint8_t frozen_count;
  Frozen frozen[kFrozen];
  // The next log.
  uint8_t prepared_log, preparing_log, prepare_step;
  uint8_t write_step, last_write;  // a group that waits for its sync
  uint8_t flush_step, flush_table;
  uint8_t compaction_step, compaction_table;
  uint8_t last_lsn, synced_lsn, max_lsn, flushed_lsn;
  uint8_t next_number, reserved_end;
  uint8_t edit, is_edit_pending, manifest, manifest_end, min_log, tables;
  // Where the chain ends before the active log: what the next link says and, after an open, the cut.
  uint8_t end_log, end_slot, end_lsn, first_live_log;
  uint8_t cut_lsn;             // of the cut in force
  uint8_t is_cut_owed;         // the cut is not in the manifest yet
  uint8_t must_sync;           // what was replayed is not known to be durable
  uint8_t must_sync_prepared;  // the open made the prepared log, and left its sync to the first write
  uint8_t unused[1];

  uint8_t durable_edit() const { return static_cast<uint8_t>(edit - is_edit_pending); }
};

// What an observer knows, and what may still happen.
struct Ghost {
  uint8_t committed;     // every write that was logged and not discarded by a crash
  uint8_t must_survive;  // acknowledged as synced, flushed, or closed
  uint8_t acknowledged;  // a kill must not lose it
  uint8_t taken_back;    // failed and truncated away (rule WFAIL_FINAL off)
  uint8_t next_write;
  uint8_t is_closed;  // cleanly
  uint8_t has_failed;
  uint8_t ops, crashes, fails, undeleted, closes, compactions;
  uint8_t unused[3];
};

// Its bytes are its identity: no padding.
struct State {
  Disk disk;
  Ghost ghost;
  Engine engine;
};
static_assert(std::has_unique_object_representations_v<Disk>);
static_assert(std::has_unique_object_representations_v<Engine>);
static_assert(std::has_unique_object_representations_v<State>);

}  // namespace aeternus::durability_model

#endif  // AETERNUS_STRESS_DURABILITY_MODEL_STATE_H_
