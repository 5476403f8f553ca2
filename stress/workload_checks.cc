#include "stress/workload_checks.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"

namespace aeternus::stress {
namespace {

std::string Show(const std::optional<std::string>& value) {
  return value.has_value() ? absl::StrCat("\"", *value, "\"") : "nothing";
}

}  // namespace

absl::Status CheckGets(Store& store, const Oracle& oracle, uint64_t count,
                       const std::function<std::string(uint64_t)>& name) {
  for (uint64_t i = 0; i < count; ++i) {
    const std::string key = name(i);
    AETERNUS_ASSIGN_OR_RETURN(const std::optional<std::string> found, store.Get(key));
    const std::optional<std::string> expected = oracle.Get(key);
    if (found != expected) {
      return absl::InternalError(absl::StrCat("get ", key, ": ", Show(found), " instead of ", Show(expected)));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckScan(Store& store, const Oracle& oracle, std::string_view start, std::string_view end) {
  AETERNUS_ASSIGN_OR_RETURN(const Store::Pairs found, store.Scan(start, end));
  for (size_t i = 1; i < found.size(); ++i) {
    if (found[i - 1].first >= found[i].first) {
      return absl::InternalError(absl::StrCat("scan: ", found[i].first, " follows ", found[i - 1].first));
    }
  }
  const Oracle::Pairs expected = oracle.VisiblePairs(start, end);
  const auto [at_found, at_expected] = std::mismatch(found.begin(), found.end(), expected.begin(), expected.end());
  if (at_found == found.end() && at_expected == expected.end()) return absl::OkStatus();
  return absl::InternalError(absl::StrCat(
      "scan: ", found.size(), " pairs, ", expected.size(), " expected; the first that differs: ",
      at_found == found.end() ? "end" : absl::StrCat(at_found->first, " = ", at_found->second), " instead of ",
      at_expected == expected.end() ? "end" : absl::StrCat(at_expected->first, " = ", at_expected->second)));
}

absl::Status CheckOneTable(Store& store) {
  AETERNUS_ASSIGN_OR_RETURN(const aeternus::Stats stats, store.Stats());
  if (stats.table_count == 1) return absl::OkStatus();
  return absl::InternalError(absl::StrCat(stats.table_count, " tables instead of exactly one"));
}

}  // namespace aeternus::stress
