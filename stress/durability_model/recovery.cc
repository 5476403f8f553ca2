#include "stress/durability_model/recovery.h"

#include <algorithm>

namespace aeternus::durability_model {
namespace {

// The slot of a log's link.
constexpr int kLinkSlot = 1;

class Recovery {
 public:
  Recovery(const Disk& disk, const BlockPool& pool, const Rules& rules) : disk_(disk), pool_(pool), rules_(rules) {}

  Recovered Run() {
    const bool is_read = ReadManifest() && CheckHeaders() && ReadTables() && CheckNeededLogs();
    for (int log = 1; is_read && r_.refusal == nullptr && log < kLogs; ++log) {
      if (IsUsed(log)) VisitLog(log);
    }
    if (is_read && r_.refusal == nullptr) CheckProofs();
    return r_;
  }

 private:
  const Block& At(int name, int slot) const { return pool_.at(disk_.At(name).cache[slot]); }
  const Block& Link(int log) const { return At(log, kLinkSlot); }
  bool Refuse(const char* why) {
    r_.refusal = why;
    return false;
  }

  bool ReadManifest() {
    r_.manifest = disk_.cached_names[kCurrent];
    if (r_.manifest == 0) {
      for (int name = 0; name < kCurrent; ++name) {
        const bool is_manifest = name >= kFirstManifest && name < kFirstTable;
        if (!is_manifest && disk_.Exists(name)) return Refuse("no CURRENT beside logs or tables");
      }
      return false;  // a database that is being made
    }
    const int name = kFirstManifest + r_.manifest;
    if (!disk_.Exists(name)) return Refuse("CURRENT names a missing manifest");
    if (At(name, 0).kind != BlockKind::kSnapshot) return Refuse("the manifest's snapshot is damaged");
    bool is_torn = false;
    for (int slot = 0; slot < kBlocks; ++slot) {
      const Block& edit = At(name, slot);
      if (slot > 0 && edit.kind != BlockKind::kEdit) {
        is_torn = true;
      } else if (!is_torn) {
        Apply(edit);
      } else if (rules_.man_behind) {
        return Refuse("a valid edit behind damage");
      }
    }
    return true;
  }

  void Apply(const Block& edit) {
    r_.edit = edit.edit;
    r_.tables = static_cast<uint8_t>((r_.tables | edit.tables) & ~edit.removed_tables);
    r_.min_log = std::max(r_.min_log, edit.min_log);
    r_.reserved_end = std::max(r_.reserved_end, edit.reserved_end);
    r_.max_lsn = std::max(r_.max_lsn, edit.max_lsn);
    if (rules_.flushed_lsn) r_.flushed_lsn = std::max(r_.flushed_lsn, edit.flushed_lsn);
    if (edit.cut_log != 0) {
      r_.cut_log = edit.cut_log;
      r_.cut_end = edit.cut_end;
      r_.cut_lsn = edit.cut_lsn;
      r_.first_live_log = edit.first_live_log;
    }
    if (r_.cut_log != 0 && r_.min_log >= r_.first_live_log) r_.cut_log = r_.cut_end = r_.cut_lsn = 0;
    r_.close_log = edit.close_log;
    r_.close_lsn = edit.close_lsn;
  }

  // A file that was made when an edit was durable proves that the manifest reached it.
  bool CheckHeaders() {
    for (int log = 1; log < kLogs; ++log) {
      if (!disk_.Exists(log)) continue;
      const Block& header = At(log, 0);
      if (header.kind == BlockKind::kHeader && header.edit > r_.edit) return Refuse("a log counts on a missing edit");
    }
    return true;
  }

  bool ReadTables() {
    for (int table = 0; table < kTables; ++table) {
      const Block block = disk_.Exists(kFirstTable + table) ? At(kFirstTable + table, 0) : Block();
      const bool is_whole = block.kind == BlockKind::kTable;
      if (is_whole && block.edit > r_.edit) return Refuse("a table counts on a missing edit");
      if (!(r_.tables >> table & 1)) continue;
      if (!is_whole) return Refuse("a table is missing or damaged");
      r_.writes |= block.writes;
      r_.last_lsn = std::max(r_.last_lsn, block.lsn);
    }
    r_.table_writes = r_.writes;
    r_.last_lsn = std::max(r_.last_lsn, r_.flushed_lsn);
    r_.max_lsn = std::max(r_.max_lsn, r_.last_lsn);
    return true;
  }

  bool CheckNeededLogs() {
    if (rules_.minlog_exists && !disk_.Exists(r_.min_log)) return Refuse("the oldest live log is missing");
    if (rules_.close_proof && r_.close_log != 0 && !disk_.Exists(r_.close_log)) {
      return Refuse("the log in which the database was closed is missing");
    }
    return true;
  }

  bool IsUsed(int log) const {
    for (int slot = 1; disk_.Exists(log) && slot < kBlocks; ++slot) {
      if (IsFrameOf(At(log, slot), log, slot)) return true;
    }
    return false;
  }
  bool IsDead(int log) const {
    if (superseded_ >> log & 1) return true;
    return rules_.cut_drops && r_.cut_log != 0 && log > r_.cut_log && log < r_.first_live_log;
  }
  bool IsLinked(int log) const { return IsFrameOf(Link(log), log, kLinkSlot) && Link(log).kind == BlockKind::kLink; }
  bool Continues(int log) const {
    if (!IsLinked(log)) return false;
    if (r_.chain == 0) return Link(log).prev_log < r_.min_log;
    return Link(log).prev_log == r_.end_log && Link(log).prev_end == r_.end_slot && Link(log).prev_lsn == r_.last_lsn;
  }
  bool ALaterLogContinues(int log) const {
    for (int later = log + 1; later < kLogs; ++later) {
      if (IsUsed(later) && Continues(later)) return true;
    }
    return false;
  }

  void Extend(int log, int end) {
    r_.chain = static_cast<uint16_t>(r_.chain | 1 << log);
    r_.end_log = static_cast<uint8_t>(log);
    r_.end_slot = static_cast<uint8_t>(end);
    r_.is_proven_durable = false;
  }

  void VisitLog(int log) {
    for (int slot = 1; slot < kBlocks; ++slot) {
      const Block& frame = At(log, slot);
      if (IsFrameOf(frame, log, slot) && frame.kind != BlockKind::kLink) r_.max_lsn = std::max(r_.max_lsn, frame.lsn);
    }
    if (log < r_.min_log || IsDead(log)) return;
    if (!has_ended_ && Continues(log)) return ReplayFrames(log);
    if (!has_ended_ && rules_.pass_over && ALaterLogContinues(log)) {
      superseded_ |= 1 << log;
      return;
    }
    if (rules_.link_gap && IsLinked(log) && Link(log).prev_log >= r_.min_log && !disk_.Exists(Link(log).prev_log)) {
      Refuse("a link names a missing log");
      return;
    }
    if (!has_ended_ && r_.chain == 0) Extend(log, kLinkSlot);
    has_ended_ = true;
  }

  void ReplayFrames(int log) {
    r_.last_lsn = std::max(r_.last_lsn, Link(log).prev_lsn);
    int next_lsn = Link(log).lsn;
    Extend(log, kLinkSlot + 1);
    for (int slot = kLinkSlot + 1; slot < kBlocks; ++slot) {
      if (log == r_.cut_log && slot >= r_.cut_end) return;
      const Block& frame = At(log, slot);
      if (!IsFrameOf(frame, log, slot)) return;
      if (frame.kind == BlockKind::kSeal) {
        r_.is_proven_durable = frame.synced_lsn == r_.last_lsn;
        return;
      }
      if (frame.kind != BlockKind::kData || (rules_.check_lsn && frame.lsn != next_lsn)) return;
      r_.writes = static_cast<uint8_t>(r_.writes | 1 << frame.write);
      r_.last_lsn = frame.lsn;
      next_lsn = frame.lsn + 1;
      r_.greatest_synced = std::max(r_.greatest_synced, frame.synced_lsn);
      r_.end_slot = static_cast<uint8_t>(slot + 1);
    }
  }

  void CheckProofs() {
    for (int log = r_.end_log; log < kLogs; ++log) {
      if (log == 0 || log < r_.min_log || !IsUsed(log) || IsDead(log)) continue;
      for (int slot = log == r_.end_log ? r_.end_slot : 1; slot < kBlocks; ++slot) {
        if (log == r_.cut_log && slot >= r_.cut_end) break;
        const Block& frame = At(log, slot);
        if (!IsFrameOf(frame, log, slot)) continue;
        const bool is_seal = frame.kind == BlockKind::kSeal;
        const uint8_t proven = is_seal && !rules_.seal_by_lsn ? frame.lsn : frame.synced_lsn;
        if (proven > r_.last_lsn) {
          Refuse("a frame proves a missing LSN");
          return;
        }
        r_.greatest_synced = std::max(r_.greatest_synced, frame.synced_lsn);
      }
    }
    if (rules_.cut_proof && r_.cut_log != 0 && r_.cut_log >= r_.min_log && r_.cut_lsn > r_.last_lsn) {
      Refuse("the cut proves a missing LSN");
    }
    if (rules_.close_proof && r_.close_log != 0) {
      if (r_.close_lsn > r_.last_lsn) Refuse("the close proves a missing LSN");
      r_.is_proven_durable |= r_.close_lsn == r_.last_lsn;
    }
  }

  const Disk& disk_;
  const BlockPool& pool_;
  const Rules& rules_;
  Recovered r_;
  uint32_t superseded_ = 0;  // logs that a later log passes over
  bool has_ended_ = false;
};

}  // namespace

Recovered Recover(const Disk& disk, const BlockPool& pool, const Rules& rules) {
  return Recovery(disk, pool, rules).Run();
}

int EndOfFrames(const Disk& disk, const BlockPool& pool, int log) {
  int slot = kLinkSlot;
  while (slot < kBlocks) {
    const Block& frame = pool.at(disk.At(log).cache[slot]);
    if (!IsFrameOf(frame, log, slot) || frame.kind == BlockKind::kSeal) break;
    ++slot;
  }
  return slot;
}

}  // namespace aeternus::durability_model
