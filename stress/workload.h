// The eleven workloads of the seed: each drives a database and an oracle with the same operations and compares them.
// They are the acceptance of the whole store; their numbers are fixed.
//
//   absl::Status s = SeedWorkloads()[0].run(*store, /*seed=*/42);     // OK, or the first difference
//
// What a compaction does to the tables is checked where the store compacts only when told to.
#ifndef AETERNUS_STRESS_WORKLOAD_H_
#define AETERNUS_STRESS_WORKLOAD_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "stress/store.h"

namespace aeternus::stress {

struct Workload {
  std::string_view name;
  std::optional<uint64_t> seed;  // nullopt: it draws nothing, and `run` ignores its seed
  Configuration configuration;   // to open the store with
  absl::Status (*run)(Store& store, uint64_t seed);
};

// All eleven, in their order.
absl::Span<const Workload> SeedWorkloads();

}  // namespace aeternus::stress

#endif  // AETERNUS_STRESS_WORKLOAD_H_
