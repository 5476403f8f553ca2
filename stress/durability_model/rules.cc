#include "stress/durability_model/rules.h"

#include <charconv>
#include <system_error>

namespace aeternus::durability_model {
namespace {

constexpr RuleInfo kRules[] = {
    {"PREP_DURABLE", &Rules::prep_durable, "a log is synced, file and directory, before its first frame"},
    {"NUMBER_FRESH", &Rules::number_fresh, "a log that was prepared before a crash is not taken into use after it"},
    {"CHECK_LSN", &Rules::check_lsn, "within a log, replay demands consecutive LSNs"},
    {"SEAL_BY_LSN", &Rules::seal_by_lsn, "a seal proves what its synced LSN says, not what it closes"},
    {"CLOSE_SYNC_FIRST", &Rules::close_sync_first, "a close syncs the logs before it writes that they are synced"},
    {"CLOSE_PROOF", &Rules::close_proof,
     "a close writes to the manifest how far the logs reach, and open insists on it"},
    {"FAILED_NO_SEAL", &Rules::failed_no_seal, "an engine that has failed proves nothing when it closes"},
    {"WAIT_OLDER", &Rules::wait_older, "a synced write is acknowledged only once every older log is synced"},
    {"GONE_OR_SYNCED", &Rules::gone_or_synced,
     "a flush is done once the log that it retires is synced or durably gone"},
    {"SYNCFAIL_FINAL", &Rules::syncfail_final, "a failed sync of a file ends the writing"},
    {"DIRFAIL_FINAL", &Rules::dirfail_final, "so does one of a directory"},
    {"WFAIL_FINAL", &Rules::wfail_final, "so does a write that fails midway; nothing is taken back"},
    {"REWRITE", &Rules::rewrite, "what was replayed is written again before it is synced"},
    {"SYNC_BEFORE_CUT", &Rules::sync_before_cut, "and that before the manifest counts on it"},
    {"CUT_AT_OPEN", &Rules::cut_at_open, "the cut is in the snapshot of the open, not written before the first write"},
    {"CUT_PROOF", &Rules::cut_proof, "what one recovery reached, the next must reach"},
    {"CUT_DROPS", &Rules::cut_drops, "logs between the cut and the first log made after it are dead"},
    {"PASS_OVER", &Rules::pass_over, "a log that does not continue the chain is passed over when a later one does"},
    {"SYNC0_IS_CUT", &Rules::sync0_is_cut, "after an open what was replayed counts as synced, not all that was found"},
    {"LSN_ABOVE_ALL", &Rules::lsn_above_all, "counting goes on above the largest LSN found, discarded frames included"},
    {"FLUSHED_LSN", &Rules::flushed_lsn, "the manifest says up to which LSN all is flushed, whatever tables show"},
    {"MAN_DIRSYNC", &Rules::man_dirsync, "the directory is synced before CURRENT names a new manifest"},
    {"MAN_BEHIND", &Rules::man_behind, "a valid edit behind an invalid one is corruption"},
    {"EDIT_DURABLE", &Rules::edit_durable,
     "a file made before the open's switch of CURRENT is durable counts on no edit"},
    {"MINLOG_EXISTS", &Rules::minlog_exists, "the oldest log that the manifest needs always exists"},
    {"LINK_GAP", &Rules::link_gap, "a link to a log that is needed and missing is corruption"},
    {"DELETE_LATE", &Rules::delete_late, "an open deletes only after its switch of CURRENT is durable"},
};

constexpr BoundInfo kBounds[] = {
    {"ops", &Bounds::ops},
    {"frames", &Bounds::frames},
    {"groups", &Bounds::groups},
    {"crashes", &Bounds::crashes},
    {"kills", &Bounds::kills},
    {"fails", &Bounds::fails},
    {"write_fails", &Bounds::write_fails},
    {"undeleted", &Bounds::undeleted},
    {"closes", &Bounds::closes},
    {"flushes", &Bounds::flushes},
    {"compactions", &Bounds::compactions},
    {"damage", &Bounds::damage},
    {"states", &Bounds::states},
};

}  // namespace

std::span<const RuleInfo> AllRules() { return kRules; }
std::span<const BoundInfo> AllBounds() { return kBounds; }

bool ApplySetting(std::string_view setting, Bounds* bounds, Rules* rules) {
  const size_t equals = setting.find('=');
  if (equals == std::string_view::npos) return false;
  const std::string_view name = setting.substr(0, equals);
  int value = 0;
  const char* const end = setting.data() + setting.size();
  const auto parsed = std::from_chars(setting.data() + equals + 1, end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end || value < 0) return false;
  for (const BoundInfo& bound : kBounds) {
    if (bound.name == name) return bounds->*bound.member = value, true;
  }
  for (const RuleInfo& rule : kRules) {
    if (rule.name == name) return rules->*rule.member = value != 0, true;
  }
  return false;
}

}  // namespace aeternus::durability_model
