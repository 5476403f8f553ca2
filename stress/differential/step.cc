#include "stress/differential/step.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace aeternus::stress {
namespace {

std::string DescribeWrites(const Step& step) {
  const std::string_view sync = step.sync ? ", sync" : "";
  if (step.writes.size() == 1) return absl::StrCat(Describe(step.writes[0]), sync);
  const auto formatter = [](std::string* out, const WriteSpec& write) { out->append(Describe(write)); };
  return absl::StrCat("batch {", absl::StrJoin(step.writes, "; ", formatter), "}", sync);
}

std::string DescribeMove(const MoveSpec& move) {
  switch (move.kind) {
    case MoveSpec::Kind::kFirst:
      return "first";
    case MoveSpec::Kind::kLast:
      return "last";
    case MoveSpec::Kind::kSeek:
      return absl::StrCat("seek ", Quoted(move.target));
    case MoveSpec::Kind::kSeekForPrev:
      return absl::StrCat("seek for prev ", Quoted(move.target));
    case MoveSpec::Kind::kNext:
      return "next";
    case MoveSpec::Kind::kPrev:
      return "prev";
  }
  return "";
}

std::string DescribeBounds(const IteratorOptions& bounds) {
  const auto bound = [](const std::optional<std::string>& key) { return key.has_value() ? Quoted(*key) : "-"; };
  return absl::StrCat("[", bound(bounds.lower_bound), ", ", bound(bounds.upper_bound), ")");
}

std::string At(const Step& step) {
  return step.snapshot == kPresent ? "" : absl::StrCat(" at snapshot ", step.snapshot);
}

std::string_view NameOf(Maintenance maintenance) {
  switch (maintenance) {
    case Maintenance::kFreeze:
      return "freeze";
    case Maintenance::kFlushOldest:
      return "flush oldest";
    case Maintenance::kFlushAll:
      return "flush all";
    case Maintenance::kMinorCompact:
      return "minor compaction";
    case Maintenance::kTombstoneCompact:
      return "tombstone compaction";
    case Maintenance::kMajorCompact:
      return "major compaction";
  }
  return "";
}

}  // namespace

std::string Describe(const Step& step) {
  switch (step.kind) {
    case Step::Kind::kWrite:
      return DescribeWrites(step);
    case Step::Kind::kGet:
      return absl::StrCat("get ", Quoted(step.key), At(step));
    case Step::Kind::kScan:
      return absl::StrCat(step.backward ? "scan backward " : "scan ", DescribeBounds(step.bounds), At(step));
    case Step::Kind::kTakeSnapshot:
      return absl::StrCat("take snapshot ", step.snapshot);
    case Step::Kind::kReleaseSnapshot:
      return absl::StrCat("release snapshot ", step.snapshot);
    case Step::Kind::kCompare:
      return absl::StrCat("compare everything", step.backward ? " backward" : "", At(step));
    case Step::Kind::kOpenCursor:
      return absl::StrCat("open cursor ", step.cursor, " ", DescribeBounds(step.bounds), At(step));
    case Step::Kind::kMoveCursor: {
      const auto formatter = [](std::string* out, const MoveSpec& move) { out->append(DescribeMove(move)); };
      return absl::StrCat("move cursor ", step.cursor, ": ", absl::StrJoin(step.moves, ", ", formatter));
    }
    case Step::Kind::kRefreshCursor:
      return absl::StrCat("refresh cursor ", step.cursor);
    case Step::Kind::kCloseCursor:
      return absl::StrCat("close cursor ", step.cursor);
    case Step::Kind::kMaintain:
      return std::string(NameOf(step.maintenance));
    case Step::Kind::kPassTime:
      return "an hour passes";
    case Step::Kind::kReopen:
      return step.by_close ? "close and reopen" : "drop and reopen";
  }
  return "";
}

std::string Describe(const Script& script) {
  std::string text;
  for (size_t i = 0; i < script.size(); ++i) absl::StrAppendFormat(&text, "%4d  %s\n", i + 1, Describe(script[i]));
  return text;
}

std::vector<Step> SimplerSteps(const Step& step) {
  std::vector<Step> simpler;
  const auto add = [&](auto change) { change(simpler.emplace_back(step)); };
  for (size_t i = 0; i < step.writes.size(); ++i) {
    const auto at = static_cast<std::ptrdiff_t>(i);
    if (step.writes.size() > 1) add([&](Step& s) { s.writes.erase(s.writes.begin() + at); });
    // The shortest that still holds the number, else the half.
    const uint32_t size = step.writes[i].value.size_bytes;
    const uint32_t number_size = static_cast<uint32_t>(absl::StrCat(step.writes[i].value.number).size());
    if (size > number_size) add([&](Step& s) { s.writes[i].value.size_bytes = number_size; });
    if (size / 2 > number_size) add([&](Step& s) { s.writes[i].value.size_bytes = size / 2; });
  }
  for (size_t i = 0; i < step.moves.size(); ++i) {
    const auto at = static_cast<std::ptrdiff_t>(i);
    if (step.moves.size() > 1) add([&](Step& s) { s.moves.erase(s.moves.begin() + at); });
  }
  if (step.sync) add([](Step& s) { s.sync = false; });
  if (step.bounds.lower_bound.has_value()) add([](Step& s) { s.bounds.lower_bound.reset(); });
  if (step.bounds.upper_bound.has_value()) add([](Step& s) { s.bounds.upper_bound.reset(); });
  return simpler;
}

}  // namespace aeternus::stress
