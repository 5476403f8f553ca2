#include "stress/workload_runner.h"

#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "stress/seed.h"
#include "stress/store.h"
#include "stress/temp_directory.h"
#include "stress/workload.h"

namespace aeternus::stress {

void RunSeedWorkload(int number, OpenStoreFunction open) {
  const Workload& workload = SeedWorkloads()[static_cast<size_t>(number - 1)];
  std::optional<uint64_t> seed = workload.seed;
  if (seed.has_value() && SeedOverride().has_value()) seed = SeedOverride();
  const std::string line =
      absl::StrCat("workload: ", workload.name, " seed: ", seed.has_value() ? absl::StrCat(*seed) : "none",
                   " replay: ", ReplayCommand(seed));
  std::printf("%s\n", line.c_str());
  SCOPED_TRACE(line);

  const TempDirectory dir;
  absl::StatusOr<std::unique_ptr<Store>> store = open(dir.path(), workload.configuration);
  ASSERT_TRUE(store.ok()) << store.status();
  const absl::Status outcome = workload.run(**store, seed.value_or(0));
  EXPECT_TRUE(outcome.ok()) << outcome;
}

}  // namespace aeternus::stress
