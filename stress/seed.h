// Where the seeds of randomized tests come from, and how a run is replayed. A test takes --seed=N (under Bazel
// --test_arg=--seed=N; decimal or 0x...), else the environment variable AETERNUS_SEED, else its own numbers.
//
// Link //stress:main instead of gtest_main: it parses the flag.
#ifndef AETERNUS_STRESS_SEED_H_
#define AETERNUS_STRESS_SEED_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace aeternus::stress {

// The seed that whoever runs the test asked for.
std::optional<uint64_t> SeedOverride();

// That one, or 1 ... `count` when there is none.
std::vector<uint64_t> SeedsOrFirst(uint64_t count);

// The command that runs the present test case alone; with `seed`, from that seed.
std::string ReplayCommand(std::optional<uint64_t> seed);

// Whether there is time for more than a quick suite: AETERNUS_LONG=1, which --config=long sets.
bool IsLongRun();

}  // namespace aeternus::stress

#endif  // AETERNUS_STRESS_SEED_H_
