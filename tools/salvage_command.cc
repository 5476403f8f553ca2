// salvage: a new database out of what can be read of a damaged one.
#include <string>

#include "absl/flags/flag.h"
#include "base/status.h"
#include "env/env.h"
#include "salvage/report.h"
#include "salvage/salvage.h"
#include "tools/command.h"
#include "tools/flags.h"
#include "tools/output.h"
#include "tools/progress.h"
#include "tools/salvage_view.h"

namespace aeternus::tools {
namespace {

absl::StatusOr<ExitCode> RunSalvage(Arguments arguments) {
  Progress progress(
      {.label = "salvaging", .total_bytes = {}, .is_terminal = IsErrorATerminal(), .columns = TerminalColumns()},
      env::Env::Posix()->clock, WriteError);
  const salvage::Options options{
      .stop_at_damage = absl::GetFlag(FLAGS_stop_at_damage),
      .progress = [&](uint64_t records, uint64_t bytes) { progress.Update(records, bytes); }};
  AETERNUS_ASSIGN_OR_RETURN(const salvage::Report report,
                            salvage::Salvage(env::Env::Posix(), arguments[0], arguments[1], options));
  progress.Update(report.written_records, report.written_bytes);
  progress.Finish("salvaged");
  AETERNUS_RETURN_IF_ERROR(WriteOutput(FormatSalvageReport(report)));
  return report.is_complete() ? ExitCode::kOk : ExitCode::kCorruption;
}

}  // namespace

Command SalvageCommand() {
  return {
      .name = "salvage",
      .parameters = "SOURCE TARGET",
      .summary = "write what can be read of a damaged database into a new one",
      .help =
          "Copies every entry that a checksum proves good from the database in SOURCE, which need not open, into a\n"
          "new one in TARGET, which must not exist, and lists what was lost: file, offset, size, entries where that\n"
          "is known, keys. SOURCE is only read. Of several values of a key the newest one wins. Where a deletion or\n"
          "a newer value was lost, older ones may reappear; without a manifest, so may data deleted long ago.\n"
          "Exit code 0: nothing was lost; 4: the losses are listed, and the rest is in TARGET.",
      .parameter_count = 2,
      .flags = {"stop_at_damage"},
      .run = RunSalvage};
}

}  // namespace aeternus::tools
