// Every call that an engine makes of its disk fails, one after the other: with an I/O error, for want of space, after
// half of its bytes, because the disk has become read-only; once, or from then on. What must hold through all of it is
// said, and checked, by FaultyLife. A failed sync loses its data for good while reads still see it
// (env/testing/sim_file_system.h). With background work: db_io_error_test.cc.
#include <algorithm>
#include <cstdint>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "env/testing/sim_file_system.h"
#include "gtest/gtest.h"
#include "stress/call_sweep.h"
#include "stress/faulty_life.h"
#include "stress/io_script.h"
#include "stress/io_shell.h"
#include "stress/seed.h"

namespace aeternus::stress {
namespace {

using env::testing::FileOp;

class IoErrorTest : public testing::TestWithParam<FailureMode> {};

TEST_P(IoErrorTest, EveryCallOfAnEngineMayFail) {
  SweepEveryCall(kEngineShell, WrittenScript(), GetParam(), ReplayCommand(std::nullopt));
}

TEST_P(IoErrorTest, EveryCallOfARandomLifeMayFail) {
  for (const uint64_t seed : SeedsOrFirst(IsLongRun() ? 40 : 1)) {
    std::cout << "seed: " << seed << "\n";
    SweepEveryCall(kEngineShell, RandomScript(seed, 60), GetParam(), ReplayCommand(seed));
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Modes, IoErrorTest, testing::ValuesIn(kFailureModes),
                         [](const auto& info) { return std::string(info.param.name); });

// The script is no less than it claims: every kind of call is in it, and a manifest outgrown.
TEST(IoScriptTest, TheWrittenScriptMakesEveryKindOfCall) {
  LifeTotals totals;
  const IoScript script = WrittenScript();
  FaultyLife life(kEngineShell, script, {}, &totals);
  life.Run();
  const std::vector<std::string> trace = life.trace();
  for (int op = 0; op <= static_cast<int>(FileOp::kLock); ++op) {
    const std::string_view name = FileOpName(static_cast<FileOp>(op));
    const auto made = std::count_if(trace.begin(), trace.end(), [&](const std::string& call) {
      return absl::StartsWith(call, absl::StrCat(name, " /"));
    });
    std::cout << "calls to " << name << ": " << made << "\n";
    EXPECT_GT(made, 0) << name;
  }
  const auto manifests = std::count_if(trace.begin(), trace.end(), [](const std::string& call) {
    return absl::StartsWith(call, "create /db/MANIFEST");
  });
  const auto opens =
      std::count_if(script.begin(), script.end(), [](const IoStep& step) { return step.act == Act::kOpen; });
  EXPECT_GT(manifests, opens) << "one for each open, and one outgrown";
}

}  // namespace
}  // namespace aeternus::stress
