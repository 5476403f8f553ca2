// The progress bar of `aeternus load` on a real terminal: a pseudo-terminal stands for standard error.
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "re2/re2.h"
#include "tools/testing/process.h"

namespace aeternus::tools {
namespace {

// Both ends of a pseudo-terminal of a given width.
class Terminal {
 public:
  explicit Terminal(int columns) : ours_(posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK)) {
    if (ours_ < 0 || grantpt(ours_) != 0 || unlockpt(ours_) != 0) return;
    theirs_ = open(ptsname(ours_), O_RDWR | O_NOCTTY);
    winsize size{};
    size.ws_col = static_cast<unsigned short>(columns);
    size.ws_row = 24;
    ioctl(theirs_, TIOCSWINSZ, &size);
  }
  ~Terminal() {
    close(theirs_);
    close(ours_);
  }

  int descriptor() const { return theirs_; }
  // What was shown so far. A load writes less than the terminal's buffer holds, so nobody need read meanwhile.
  std::string Shown() {
    std::string text;
    char chunk[4096];
    for (ssize_t n = 0; (n = read(ours_, chunk, sizeof(chunk))) > 0;) text.append(chunk, static_cast<size_t>(n));
    return text;
  }

 private:
  const int ours_;
  int theirs_ = -1;
};

struct Load {
  std::string shown;
  std::vector<std::string> draws;  // what was drawn behind each rewind
};

Load RunLoad(int columns, const std::string& argument, const std::string& input) {
  const std::string dir = NewTestDirectory("terminal");
  const std::string path = dir + "/in.tsv";
  std::ofstream(path) << input;
  Terminal terminal(columns);
  EXPECT_GE(terminal.descriptor(), 0);
  const ProcessResult result =
      RunProcess({Runfile("tools/aeternus"), "load", dir + "/db", argument == "-" ? "-" : path, "--batch_records=500"},
                 {.input = input, .error_descriptor = terminal.descriptor()});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out, "");
  Load load{.shown = terminal.Shown(), .draws = {}};
  load.draws = absl::StrSplit(load.shown, "\r\x1b[K");
  return load;
}

std::string ManyLines() {
  std::string lines;
  for (int i = 0; i < 20'000; ++i) absl::StrAppend(&lines, "/some/path/", i, "\t1234 644 1700000000\n");
  return lines;
}

TEST(ProgressTerminalTest, TheBarIsDrawnAndTheSummaryTakesItsPlace) {
  const Load load = RunLoad(/*columns=*/140, "file", ManyLines());
  ASSERT_GE(load.draws.size(), 3u) << "nothing, at least one bar, the summary: " << load.shown;
  EXPECT_EQ(load.draws.front(), "") << "the first draw clears the line, too";
  const RE2 bar(
      R"(loading \[[#-]{30}\] +\d+%  [\d,]+ records  [\d,]+/s  [\d.]+ [KM]?i?B/s  ETA [\d.]+ s  [\d.]+ s  [\d.]+ KiB of [\d.]+ KiB)");
  for (size_t i = 1; i + 1 < load.draws.size(); ++i) EXPECT_TRUE(RE2::FullMatch(load.draws[i], bar)) << load.draws[i];
  EXPECT_TRUE(absl::StartsWith(load.draws.back(), "loaded 20,000 records, ")) << load.draws.back();
  EXPECT_TRUE(absl::EndsWith(load.draws.back(), "/s\r\n")) << load.draws.back();
}

TEST(ProgressTerminalTest, NoDrawReachesTheEdgeOfANarrowTerminal) {
  const Load load = RunLoad(/*columns=*/40, "file", ManyLines());
  ASSERT_GE(load.draws.size(), 3u);
  for (size_t i = 1; i + 1 < load.draws.size(); ++i) EXPECT_LT(load.draws[i].size(), 40u) << load.draws[i];
}

}  // namespace
}  // namespace aeternus::tools
