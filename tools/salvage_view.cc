#include "tools/salvage_view.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "tools/text.h"
#include "tools/units.h"

namespace aeternus::tools {
namespace {

std::string Counted(uint64_t n, const char* one, const char* many) {
  return absl::StrCat(FormatCount(n), " ", n == 1 ? one : many);
}

std::string FormatBound(const std::optional<std::string>& key, const char* absent) {
  return key.has_value() ? Quote(*key) : absent;
}

std::string FormatLoss(const salvage::Loss& loss) {
  std::string line = absl::StrCat("lost: ", loss.file, " at offset ", loss.offset);
  if (loss.size_bytes > 0) absl::StrAppend(&line, ", ", FormatBytes(loss.size_bytes));
  absl::StrAppend(&line, ": ", loss.what);
  if (!loss.may_hold_entries) return absl::StrCat(line, "; no entries");
  if (loss.entries.has_value()) {
    absl::StrAppend(&line, "; ", Counted(*loss.entries, "entry", "entries"));
  } else {
    absl::StrAppend(&line, "; an unknown number of entries");
  }
  if (loss.has_key_range) {
    absl::StrAppend(&line, ", keys from ", FormatBound(loss.after, "the beginning"), " to ",
                    FormatBound(loss.before, "the end"));
  }
  return line;
}

}  // namespace

std::string FormatSalvageReport(const salvage::Report& report) {
  std::string out = absl::StrCat("used: ", report.manifest.empty() ? "no manifest" : report.manifest, ", ",
                                 Counted(report.tables, "table", "tables"), ", ", Counted(report.logs, "log", "logs"),
                                 "; ", Counted(report.good_entries, "good entry", "good entries"), "\n");
  for (const salvage::Loss& loss : report.losses) absl::StrAppend(&out, FormatLoss(loss), "\n");
  if (report.behind_damage > 0) {
    absl::StrAppend(&out, "behind damage in the logs: ", Counted(report.behind_damage, "operation", "operations"),
                    report.used_behind_damage ? ", used (--stop_at_damage leaves them out)\n" : ", left out\n");
  }
  if (report.discarded > 0) {
    absl::StrAppend(&out, "discarded by an earlier recovery: ", Counted(report.discarded, "operation", "operations"),
                    ", left out\n");
  }
  for (const salvage::IgnoredFile& file : report.ignored) {
    absl::StrAppend(&out, "left alone: ", file.file, ": ", file.why, "\n");
  }
  for (const std::string& warning : report.warnings) absl::StrAppend(&out, "warning: ", warning, "\n");
  absl::StrAppend(&out, report.is_complete() ? "nothing was lost" : "what is listed as lost was not saved", "; wrote ",
                  Counted(report.written_records, "record", "records"), ", ", FormatBytes(report.written_bytes), "\n");
  return out;
}

}  // namespace aeternus::tools
