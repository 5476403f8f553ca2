// stats, verify, compact: how a database is, and making it better.
#include <string>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "aeternus/db.h"
#include "aeternus/stats.h"
#include "base/status.h"
#include "tools/command.h"
#include "tools/database.h"
#include "tools/flags.h"
#include "tools/output.h"
#include "tools/stats_view.h"
#include "tools/units.h"

namespace aeternus::tools {
namespace {

absl::StatusOr<ExitCode> RunStats(Arguments arguments) {
  return WithDatabase(arguments[0], Purpose::kRead, [&](Db& db) -> absl::StatusOr<ExitCode> {
    // A failure of that work is among what Stats tells.
    db.WaitForBackgroundWork().IgnoreError();
    AETERNUS_ASSIGN_OR_RETURN(const Stats stats, db.Stats());
    AETERNUS_RETURN_IF_ERROR(
        WriteOutput(absl::GetFlag(FLAGS_json) ? absl::StrCat(FormatStatsJson(stats), "\n") : FormatStats(stats)));
    return ExitCode::kOk;
  });
}

absl::StatusOr<ExitCode> RunVerify(Arguments arguments) {
  return WithDatabase(arguments[0], Purpose::kRead, [&](Db& db) -> absl::StatusOr<ExitCode> {
    AETERNUS_RETURN_IF_ERROR(db.Verify());
    AETERNUS_ASSIGN_OR_RETURN(const Stats stats, db.Stats());
    AETERNUS_RETURN_IF_ERROR(WriteOutput(absl::StrCat("ok: every byte checked; ", FormatTableSummary(stats),
                                                      "; last LSN ", FormatCount(stats.last_lsn), "\n")));
    return ExitCode::kOk;
  });
}

absl::StatusOr<ExitCode> RunCompact(Arguments arguments) {
  return WithDatabase(arguments[0], Purpose::kRead, [&](Db& db) -> absl::StatusOr<ExitCode> {
    // What is still in memory belongs into the one table, too.
    AETERNUS_RETURN_IF_ERROR(db.Flush());
    AETERNUS_ASSIGN_OR_RETURN(const Stats before, db.Stats());
    AETERNUS_ASSIGN_OR_RETURN(const bool did_anything, db.MajorCompact());
    AETERNUS_ASSIGN_OR_RETURN(const Stats after, db.Stats());
    AETERNUS_RETURN_IF_ERROR(
        WriteOutput(absl::StrCat("before: ", FormatTableSummary(before), "\nafter:  ", FormatTableSummary(after),
                                 did_anything ? "\n" : " (nothing to do)\n")));
    return ExitCode::kOk;
  });
}

}  // namespace

Command StatsCommand() {
  return {.name = "stats",
          .parameters = "DB",
          .summary = "show the tree of tables, the memory and the state",
          .help =
              "Tables are shown as compaction groups them, with bars to the scale of the largest, after the flushes\n"
              "and merges that are due.",
          .flags = {"json", "memory_budget_mb"},
          .run = RunStats};
}

Command VerifyCommand() {
  return {.name = "verify",
          .parameters = "DB",
          .summary = "check every byte of every file; exit code 4 when one is damaged",
          .help = "Checksums, order and counts of every table, and the logs. Damage is reported with file and offset.",
          .flags = {"memory_budget_mb"},
          .run = RunVerify};
}

Command CompactCommand() {
  return {.name = "compact",
          .parameters = "DB",
          .summary = "merge everything into one table and drop what is deleted",
          .help = "Needs free space for a copy of the tables while it runs.",
          .flags = {"memory_budget_mb"},
          .run = RunCompact};
}

}  // namespace aeternus::tools
