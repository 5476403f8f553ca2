// The results as Markdown: what was compared and how, the table of rates and latencies, and the one of resources.
//
// Thread safety: pure functions.
#ifndef AETERNUS_BENCH_MARKDOWN_H_
#define AETERNUS_BENCH_MARKDOWN_H_

#include <string>

#include "absl/types/span.h"
#include "bench/results.h"
#include "bench/store.h"

namespace aeternus::bench {

// Three significant digits and a unit: "448 k", "1.31 M", "42.5", "0.28".
std::string ShortNumber(double number);

// The engines with their versions, flags and settings, and what each row does that needs a word.
std::string SettingsMarkdown(absl::Span<const Engine> engines);

// Both tables. A cell is the median, with the extremes below it; "n/a" where an engine lacks the operation, "failed"
// where it has it and nothing was measured.
std::string ResultsMarkdown(const Results& results);

}  // namespace aeternus::bench

#endif  // AETERNUS_BENCH_MARKDOWN_H_
