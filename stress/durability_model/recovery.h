// What opening reads from a disk: a pure function of it, which changes nothing.
#ifndef AETERNUS_STRESS_DURABILITY_MODEL_RECOVERY_H_
#define AETERNUS_STRESS_DURABILITY_MODEL_RECOVERY_H_

#include <cstdint>

#include "stress/durability_model/block.h"
#include "stress/durability_model/disk.h"
#include "stress/durability_model/rules.h"

namespace aeternus::durability_model {

struct Recovered {
  const char* refusal = nullptr;  // why the open fails as corruption; null if it does not
  // What the manifest says.
  uint8_t manifest = 0, edit = 0, min_log = 1, tables = 0, reserved_end = 1, flushed_lsn = 0;
  uint8_t cut_log = 0, cut_end = 0, cut_lsn = 0, first_live_log = 0;
  uint8_t close_log = 0, close_lsn = 0;
  // What tables and logs hold.
  uint8_t writes = 0;           // all that is there
  uint8_t table_writes = 0;     // of it, in tables
  uint8_t last_lsn = 0;         // of it
  uint8_t max_lsn = 0;          // found anywhere
  uint8_t greatest_synced = 0;  // of the frames that were replayed or searched
  // The chain of logs: as a mask, and where it ends.
  uint16_t chain = 0;
  uint8_t end_log = 0, end_slot = 0;
  bool is_proven_durable = false;

  bool holds_entries() const { return (writes & ~table_writes) != 0; }
};

Recovered Recover(const Disk& disk, const BlockPool& pool, const Rules& rules);

// The slot behind the frames that the chain takes from a log: link and data.
int EndOfFrames(const Disk& disk, const BlockPool& pool, int log);

}  // namespace aeternus::durability_model

#endif  // AETERNUS_STRESS_DURABILITY_MODEL_RECOVERY_H_
