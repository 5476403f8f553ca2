// Every call that a Db makes of its disk fails, one after the other; with threads that flush and merge, and writers
// that may have to wait for those. Otherwise as io_error_test.cc.
#include <optional>
#include <string>

#include "gtest/gtest.h"
#include "stress/call_sweep.h"
#include "stress/io_script.h"
#include "stress/io_shell.h"
#include "stress/seed.h"

namespace aeternus::stress {
namespace {

class DbIoErrorTest : public testing::TestWithParam<FailureMode> {};

TEST_P(DbIoErrorTest, EveryCallOfADbAndItsBackgroundWorkMayFail) {
  SweepEveryCall(kDbShell, WrittenScript(), GetParam(), ReplayCommand(std::nullopt));
}

INSTANTIATE_TEST_SUITE_P(Modes, DbIoErrorTest, testing::ValuesIn(kFailureModes),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace aeternus::stress
