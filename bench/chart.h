// The results as a chart in SVG: a line for each row, on it a dot for each engine, placed by its median rate over that
// of the best peer, on a logarithmic scale. Where our dot is right of the line at 1, we are ahead.
//
// Thread safety: a pure function.
#ifndef AETERNUS_BENCH_CHART_H_
#define AETERNUS_BENCH_CHART_H_

#include <string>

#include "bench/results.h"

namespace aeternus::bench {

// Rows that no peer has are left out.
std::string ChartSvg(const Results& results);

}  // namespace aeternus::bench

#endif  // AETERNUS_BENCH_CHART_H_
