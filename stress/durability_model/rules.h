// What the model is asked to explore (Bounds), and which rules of docs/durability.md are in force while it does
// (Rules). A rule that is switched off gives way to the other, simpler reading; most of them then lose data within a
// handful of steps, which is why they are rules.
#ifndef AETERNUS_STRESS_DURABILITY_MODEL_RULES_H_
#define AETERNUS_STRESS_DURABILITY_MODEL_RULES_H_

#include <cstdint>
#include <span>
#include <string_view>

namespace aeternus::durability_model {

// How much may happen in one history. Every interleaving of it is explored.
struct Bounds {
  int ops = 2;           // writes; at most 8
  int frames = 1;        // batches per log before it is full; at most 3
  int groups = 1;        // 1: two writes may share a sync
  int crashes = 2;       // power cuts and kills
  int kills = 1;         // 1: a process may be killed, too
  int fails = 0;         // syncs of a file or directory that fail and lose what they should have kept
  int write_fails = 0;   // 1: a write may fail midway; counts among `fails`
  int undeleted = 0;     // opens that cannot delete what they discard
  int closes = 1;        // clean closes, each followed by an open
  int flushes = 1;       // 1: frozen memtables become tables
  int compactions = 0;   // merges of all tables into one that no longer shows its largest LSN
  int damage = 1;        // 1: whatever lies on disk after a crash or a close is damaged in every single way
  int states = 5000000;  // explored at most
};

struct Rules {
  bool prep_durable = true;
  bool number_fresh = true;
  bool check_lsn = true;
  bool seal_by_lsn = true;
  bool close_sync_first = true;
  bool close_proof = true;
  bool failed_no_seal = true;
  bool wait_older = true;
  bool gone_or_synced = true;
  bool syncfail_final = true;
  bool dirfail_final = true;
  bool wfail_final = true;
  bool rewrite = true;
  bool sync_before_cut = true;
  bool cut_at_open = true;
  bool cut_proof = true;
  bool cut_drops = true;
  bool pass_over = true;
  bool sync0_is_cut = true;
  bool lsn_above_all = true;
  bool flushed_lsn = true;
  bool man_dirsync = true;
  bool man_behind = true;
  bool edit_durable = true;
  bool minlog_exists = true;
  bool link_gap = true;
  bool delete_late = true;
};

struct RuleInfo {
  std::string_view name;  // as in docs/durability.md
  bool Rules::*member;
  std::string_view says;
};
std::span<const RuleInfo> AllRules();

struct BoundInfo {
  std::string_view name;
  int Bounds::*member;
};
std::span<const BoundInfo> AllBounds();

// Takes "ops=3" or "REWRITE=0"; false when there is no such bound or rule, or no number.
bool ApplySetting(std::string_view setting, Bounds* bounds, Rules* rules);

}  // namespace aeternus::durability_model

#endif  // AETERNUS_STRESS_DURABILITY_MODEL_RULES_H_
