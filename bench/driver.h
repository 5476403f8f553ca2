// The judge's main program, but for which engines it has: reads the flags, runs each engine through each group of rows
// in a process of its own, shows on standard error how far it is, and prints the tables. What it does is in compare.cc.
#ifndef AETERNUS_BENCH_DRIVER_H_
#define AETERNUS_BENCH_DRIVER_H_

#include <vector>

#include "bench/store.h"

namespace aeternus::bench {

// The exit status. Flags are parsed already.
int CompareEngines(const std::vector<Engine>& engines);

}  // namespace aeternus::bench

#endif  // AETERNUS_BENCH_DRIVER_H_
