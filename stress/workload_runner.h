// Runs one seed workload as a gtest case on a fresh directory of the real file system, and says how to run it again.
#ifndef AETERNUS_STRESS_WORKLOAD_RUNNER_H_
#define AETERNUS_STRESS_WORKLOAD_RUNNER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "stress/store.h"

namespace aeternus::stress {

using OpenStoreFunction = absl::StatusOr<std::unique_ptr<Store>> (*)(const std::string& dir,
                                                                     Configuration configuration);

// `number` counts the workloads from 1, as their documentation does.
void RunSeedWorkload(int number, OpenStoreFunction open);

}  // namespace aeternus::stress

#endif  // AETERNUS_STRESS_WORKLOAD_RUNNER_H_
