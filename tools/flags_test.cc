#include "tools/flags.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/reflection.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "tools/record.h"

namespace aeternus::tools {
namespace {

constexpr std::string_view kAllowed[] = {"format", "limit", "reverse", "start", "write_buffer_mb"};

class FlagsTest : public ::testing::Test {
 protected:
  absl::StatusOr<ParsedArguments> Parse(const std::vector<std::string>& arguments) {
    return ParseArguments(arguments, kAllowed);
  }
  // The parameters, joined; or the error.
  std::string Parameters(const std::vector<std::string>& arguments) {
    const absl::StatusOr<ParsedArguments> parsed = Parse(arguments);
    if (!parsed.ok()) return std::string(parsed.status().message());
    std::string joined;
    for (const std::string& parameter : parsed->parameters) joined += parameter + "|";
    return joined;
  }

  absl::FlagSaver saver_;  // flags are global: put them back
};

TEST_F(FlagsTest, FlagsAndParametersComeInAnyOrder) {
  EXPECT_EQ(Parameters({"db", "--limit=7", "key", "--start", "a", "-"}), "db|key|-|");
  EXPECT_EQ(absl::GetFlag(FLAGS_limit), 7u);
  EXPECT_EQ(absl::GetFlag(FLAGS_start), "a");
}

TEST_F(FlagsTest, SwitchesTakeNoValueAndCanBeTurnedOff) {
  EXPECT_EQ(Parameters({"--reverse", "db"}), "db|");
  EXPECT_TRUE(absl::GetFlag(FLAGS_reverse));
  EXPECT_EQ(Parameters({"--noreverse"}), "");
  EXPECT_FALSE(absl::GetFlag(FLAGS_reverse));
  EXPECT_EQ(Parameters({"--reverse=true"}), "");
  EXPECT_TRUE(absl::GetFlag(FLAGS_reverse));
}

TEST_F(FlagsTest, DashesInNamesCountAsUnderscores) {
  EXPECT_EQ(Parameters({"--write-buffer-mb=3"}), "");
  EXPECT_EQ(absl::GetFlag(FLAGS_write_buffer_mb), 3u);
}

TEST_F(FlagsTest, ValuesMayBeEmptyOrHoldAnything) {
  EXPECT_EQ(Parameters({"--start="}), "");
  EXPECT_EQ(absl::GetFlag(FLAGS_start), std::nullopt) << "an empty bound is none";
  EXPECT_EQ(Parameters({"--start=a=--limit"}), "");
  EXPECT_EQ(absl::GetFlag(FLAGS_start), "a=--limit");
  EXPECT_EQ(Parameters({"--start", "--limit=1"}), "") << "the next argument is the value, whatever it looks like";
  EXPECT_EQ(absl::GetFlag(FLAGS_start), "--limit=1");
}

TEST_F(FlagsTest, BehindTwoDashesEverythingIsAParameter) {
  EXPECT_EQ(Parameters({"db", "--", "--limit=1", "--", "-x"}), "db|--limit=1|--|-x|");
  EXPECT_EQ(absl::GetFlag(FLAGS_limit), 0u);
}

TEST_F(FlagsTest, HelpIsAskedForEitherWay) {
  EXPECT_TRUE(Parse({"db", "--help"}).value().wants_help);
  EXPECT_TRUE(Parse({"-h"}).value().wants_help);
  EXPECT_FALSE(Parse({"--", "--help"}).value().wants_help);
}

TEST_F(FlagsTest, WhatIsNoFlagOfTheCommandIsRefused) {
  const std::string hint =
      "; known: --format, --limit, --reverse, --start, --write_buffer_mb (what begins with a dash and is no flag goes "
      "behind --)";
  EXPECT_EQ(Parameters({"--colour=red"}), "unknown flag --colour" + hint);
  EXPECT_EQ(Parameters({"--json"}), "unknown flag --json" + hint) << "a flag of other commands";
  EXPECT_EQ(Parameters({"-limit=1"}), "unknown flag -limit" + hint);
  EXPECT_EQ(Parameters({"--nolimit"}), "unknown flag --nolimit" + hint);
  EXPECT_EQ(Parse({"--json"}).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(FlagsTest, ValuesOfTheWrongKindAreRefused) {
  EXPECT_EQ(Parameters({"--limit"}), "--limit needs a value");
  for (const char* argument : {"--limit=many", "--limit=-1", "--reverse=perhaps", "--write_buffer_mb=1.5"}) {
    EXPECT_TRUE(absl::StrContains(Parameters({argument}), "Illegal value")) << argument << Parameters({argument});
  }
  EXPECT_TRUE(absl::StrContains(Parameters({"--format=xml"}), "the formats are tsv, json and hex"));
}

TEST_F(FlagsTest, HelpNamesEveryFlagAndItsDefault) {
  const std::string help = FlagHelp(kAllowed);
  EXPECT_TRUE(absl::StrContains(help, "  --limit=LIMIT\n      end after this many pairs; 0: no limit (default: 0)\n"));
  EXPECT_TRUE(absl::StrContains(help, "  --reverse\n      from the last key to the first\n")) << help;
  EXPECT_TRUE(absl::StrContains(help, "  --format=FORMAT\n"));
}

}  // namespace
}  // namespace aeternus::tools
