#include "bench/child.h"

#include <string>

#include "absl/strings/match.h"
#include "gtest/gtest.h"

namespace aeternus::bench {
namespace {

absl::StatusOr<std::string> Shell(const std::string& script) { return RunProgram("/bin/sh", {"-c", script}); }

TEST(RunProgramTest, TakesWhatItWrites) {
  EXPECT_EQ(Shell("echo one; echo two").value(), "one\ntwo\n");
  EXPECT_EQ(Shell("head -c 200000 /dev/zero").value().size(), 200'000u);
}

TEST(RunProgramTest, SaysHowItEnded) {
  EXPECT_TRUE(absl::StrContains(Shell("echo half; exit 3").status().message(), "status 3; it had written: 'half\n'"));
  EXPECT_TRUE(absl::StrContains(Shell("kill -9 $$").status().message(), "killed by signal 9"));
  EXPECT_FALSE(RunProgram("/does/not/exist", {}).ok());
}

}  // namespace
}  // namespace aeternus::bench
