// Stats (aeternus/stats.h) for people and for programs.
//
// Thread safety: pure functions.
#ifndef AETERNUS_TOOLS_STATS_VIEW_H_
#define AETERNUS_TOOLS_STATS_VIEW_H_

#include <string>

#include "aeternus/stats.h"

namespace aeternus::tools {

// Several lines: the state, the tree table by table with bars to scale, the memory and its parts, the work since open.
std::string FormatStats(const Stats& stats);

// One JSON object of every field, names as in the struct; keys that are not UTF-8 end in _base64.
std::string FormatStatsJson(const Stats& stats);

// One line: "7 tables, 58.1 MiB, 600,123 entries (598,000 puts, 2,120 deletes, 3 range deletes)".
std::string FormatTableSummary(const Stats& stats);

}  // namespace aeternus::tools

#endif  // AETERNUS_TOOLS_STATS_VIEW_H_
