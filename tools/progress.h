// Shows how far a long job is: a bar on a terminal, drawn over itself at most ten times a second; nothing until the end
// elsewhere, so that logs stay clean. The final summary line comes either way.
//
//   loading [#########---------]  45%  270,112 records  181,204/s  14.2 MiB/s  ETA 1.8 s  1.5 s  12.4 MiB of 27.5 MiB
//
// Without a known total size there is no bar, no percentage and no ETA. What does not fit is left out from the end.
//
//   Progress progress({.label = "loading", .total_bytes = size, .is_terminal = isatty(2) == 1}, clock, sink);
//   progress.Update(records, bytes);          // as often as one likes
//   progress.Finish("loaded");                // "loaded 600,000 records, 27.5 MiB in 3.3 s: 181,204 records/s, ..."
//
// Thread safety: one thread at a time.
#ifndef AETERNUS_TOOLS_PROGRESS_H_
#define AETERNUS_TOOLS_PROGRESS_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "env/clock.h"

namespace aeternus::tools {

class Progress {
 public:
  struct Options {
    std::string label;
    std::optional<uint64_t> total_bytes;  // absent: unknown
    bool is_terminal = false;
    int columns = 80;  // of the terminal; the line is kept shorter
  };
  // Writes text to standard error, or wherever a test wants it.
  using Sink = std::function<void(std::string_view)>;

  // The job begins now. `clock` outlives this object.
  Progress(Options options, env::Clock* clock, Sink sink);

  // What is done so far.
  void Update(uint64_t records, uint64_t bytes);
  // Takes the bar away and writes the summary, as one line that begins with `verb`.
  void Finish(std::string_view verb);

 private:
  double ElapsedSeconds() const;
  std::string BarLine() const;

  const Options options_;
  env::Clock* const clock_;
  const Sink sink_;
  const int64_t start_nanos_;
  std::optional<int64_t> drawn_nanos_;  // when the bar was last drawn
  uint64_t records_ = 0;
  uint64_t bytes_ = 0;
};

}  // namespace aeternus::tools

#endif  // AETERNUS_TOOLS_PROGRESS_H_
