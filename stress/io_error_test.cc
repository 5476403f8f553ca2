// Every call that a database makes of its disk fails, one after the other: with an I/O error, for want of space, after
// half of its bytes, because the disk has become read-only; once, or from then on. What must hold through all of it is
// said, and checked, by FaultyLife. A failed sync loses its data for good while reads still see it
// (env/testing/sim_file_system.h).
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
#include "stress/faulty_life.h"
#include "stress/io_faults.h"
#include "stress/io_script.h"
#include "stress/io_shell.h"
#include "stress/seed.h"

namespace aeternus::stress {
namespace {

using env::testing::Fault;
using env::testing::FileOp;

// ---- every index ----

struct Mode {
  const char* name;
  Fault fault;
  bool for_good;
  const char* text;
};

constexpr Mode kModes[] = {{"IoErrorOnce", Fault::kIoError, false, "EIO once"},
                           {"IoErrorForGood", Fault::kIoError, true, "EIO for good"},
                           {"NoSpaceOnce", Fault::kNoSpace, false, "ENOSPC once"},
                           {"NoSpaceForGood", Fault::kNoSpace, true, "ENOSPC for good"},
                           {"PartOnce", Fault::kFailAfterPart, false, "EIO after a part once"},
                           {"PartForGood", Fault::kFailAfterPart, true, "EIO after a part for good"},
                           {"ReadOnlyForGood", Fault::kReadOnly, true, "read-only for good"}};

void SweepEveryCall(const IoShellKind& shell, const IoScript& script, const Mode& mode, std::string_view replay) {
  LifeTotals none, totals;
  FaultyLife undisturbed(shell, script, {}, &none);
  undisturbed.Run();
  ASSERT_FALSE(testing::Test::HasFailure()) << "undisturbed";
  const std::vector<std::string> trace = undisturbed.trace();
  const uint64_t lives = trace.size();
  for (uint64_t call = 0; call < trace.size(); ++call) {
    SCOPED_TRACE(absl::StrCat("call ", call, " of ", trace.size(), ", ", trace[call], ", fails; replay: ", replay));
    FaultyLife life(shell, script, {call, mode.fault, mode.for_good}, &totals);
    life.Run();
    const std::vector<std::string> met = life.trace();
    ASSERT_GT(met.size(), call);
    EXPECT_TRUE(std::equal(met.begin(), met.begin() + static_cast<std::ptrdiff_t>(call) + 1, trace.begin()))
        << "another call failed than was meant";
    if (testing::Test::HasFailure()) return;
  }
  const std::string what = absl::StrCat(" (", shell.name, ", ", mode.text, "): ");
  std::cout << "I/O calls" << what << trace.size() << "\n"
            << "failures injected" << what << totals.injected << "\n"
            << "errors told by the call they befell" << what << totals.told << "\n"
            << "reads that succeeded beside a failure" << what << totals.reads_beside << "\n"
            << "lives that went on without reopening" << what << totals.resumed << "\n"
            << "lives that ended read-only" << what << totals.read_only << "\n"
            << "disks reopened" << what << totals.reopened << "\n";
  EXPECT_EQ(totals.lives, lives);
  EXPECT_EQ(totals.reopened, 6 * lives);
  EXPECT_GE(trace.size(), 200u);
  // A read needs no space, and changes nothing on a disk that is read-only.
  const bool always = mode.fault == Fault::kIoError || mode.fault == Fault::kFailAfterPart;
  EXPECT_GE(totals.injected, always ? lives : lives / 4);
  if (always && !mode.for_good) {
    EXPECT_EQ(totals.injected, lives);
  }
  EXPECT_GE(totals.told, lives / 8);
  EXPECT_GE(totals.reads_beside, lives);
}

class IoErrorTest : public testing::TestWithParam<Mode> {};

TEST_P(IoErrorTest, EveryCallOfAnEngineMayFail) {
  SweepEveryCall(kEngineShell, WrittenScript(), GetParam(), ReplayCommand(std::nullopt));
}

TEST_P(IoErrorTest, EveryCallOfADbAndItsBackgroundWorkMayFail) {
  SweepEveryCall(kDbShell, WrittenScript(), GetParam(), ReplayCommand(std::nullopt));
}

TEST_P(IoErrorTest, EveryCallOfARandomLifeMayFail) {
  for (const uint64_t seed : SeedsOrFirst(IsLongRun() ? 40 : 1)) {
    std::cout << "seed: " << seed << "\n";
    SweepEveryCall(kEngineShell, RandomScript(seed, 60), GetParam(), ReplayCommand(seed));
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Modes, IoErrorTest, testing::ValuesIn(kModes),
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
