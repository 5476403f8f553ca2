// Comparisons of a store with an oracle. Each answers OK, or Internal saying what differs.
#ifndef AETERNUS_STRESS_WORKLOAD_CHECKS_H_
#define AETERNUS_STRESS_WORKLOAD_CHECKS_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "stress/oracle.h"
#include "stress/store.h"

namespace aeternus::stress {

// What every key of the generator lies within.
inline constexpr std::string_view kKeysStart = "key_";
inline constexpr std::string_view kKeysEnd = "key_\xff";

// Every Get of name(0) ... name(count - 1) equals the oracle's.
absl::Status CheckGets(Store& store, const Oracle& oracle, uint64_t count,
                       const std::function<std::string(uint64_t)>& name);
// The scan of [start, end) has exactly the oracle's pairs, strictly ascending.
absl::Status CheckScan(Store& store, const Oracle& oracle, std::string_view start = kKeysStart,
                       std::string_view end = kKeysEnd);
// The store has exactly one table.
absl::Status CheckOneTable(Store& store);

}  // namespace aeternus::stress

#endif  // AETERNUS_STRESS_WORKLOAD_CHECKS_H_
