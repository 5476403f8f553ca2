#include "stress/call_sweep.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/testing/sanitizer.h"
#include "gtest/gtest.h"
#include "stress/faulty_life.h"

namespace aeternus::stress {

using env::testing::Fault;

void SweepEveryCall(const IoShellKind& shell, const IoScript& script, const FailureMode& mode,
                    std::string_view replay) {
  LifeTotals none, totals;
  FaultyLife undisturbed(shell, script, {}, &none);
  undisturbed.Run();
  ASSERT_FALSE(testing::Test::HasFailure()) << "undisturbed";
  const std::vector<std::string> trace = undisturbed.trace();
  uint64_t lives = 0;
  // Where calls are left out, they are others for other faults.
  const uint64_t first = static_cast<uint64_t>(mode.fault) % kSanitizerSlowdown;
  for (uint64_t call = first; call < trace.size(); call += kSanitizerSlowdown, ++lives) {
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

}  // namespace aeternus::stress
