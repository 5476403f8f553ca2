// Runs a program to its end and takes what it writes to its standard output; its standard error is ours.
//
// Thread safety: any number of threads.
#ifndef AETERNUS_BENCH_CHILD_H_
#define AETERNUS_BENCH_CHILD_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace aeternus::bench {

// Internal if it cannot be started, is killed, or exits with another status than 0: which, and what it had written.
absl::StatusOr<std::string> RunProgram(const std::string& path, const std::vector<std::string>& arguments);

}  // namespace aeternus::bench

#endif  // AETERNUS_BENCH_CHILD_H_
