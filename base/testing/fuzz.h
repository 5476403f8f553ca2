// What a fuzzer of one decoder consists of: two functions in x_fuzz.cc, and the rule fuzz_test (fuzz_test.bzl) around
// them. In ordinary builds the test replays the seeds, the corpus that is checked in, and hostile lengths in every
// place of every seed (fuzz_replay.cc); under --config=fuzz the same target is a libFuzzer binary (fuzz_libfuzzer.cc).
// docs/testing.md says how to run, refresh and debug them.
//
//   namespace aeternus::fuzzing {
//   bool DecodeAndCheck(std::string_view input) {
//     const absl::StatusOr<Footer> footer = DecodeFooter(input, "fuzz", 1 << 20);
//     if (!footer.ok()) return false;
//     CHECK_EQ(EncodeFooter(*footer), input);
//     return true;
//   }
//   std::vector<Seed> Seeds() { return {{"empty_table", EncodeFooter(...)}}; }
//   }  // namespace aeternus::fuzzing
//
// A decoder that wants a checksum first gets one: the fuzzer of such a format decodes the input as it is, and then
// again with its checksums mended, so that the checks behind them are reached.
#ifndef AETERNUS_BASE_TESTING_FUZZ_H_
#define AETERNUS_BASE_TESTING_FUZZ_H_

#include <string>
#include <string_view>
#include <vector>

namespace aeternus::fuzzing {

struct Seed {
  std::string name;  // of a file: letters, digits and underscores
  std::string bytes;
};

// ---- defined by each x_fuzz.cc ----

// Decodes `input`, whatever it is, and CHECKs what must hold of the outcome: that what was decoded encodes to the same
// bytes or to an equal value, that iterators end and are ordered. Whether it was decoded.
bool DecodeAndCheck(std::string_view input);
// Small inputs that decode, made by the encoder, which between them use every part of the format.
std::vector<Seed> Seeds();

// ---- defined in fuzz_limits.cc ----

// DecodeAndCheck, and a CHECK that it asked for no more memory than so small an input may (invariant 7).
bool DecodeWithinLimits(std::string_view input);
// The largest single allocation, in bytes, that any call of DecodeWithinLimits has made so far.
size_t LargestAllocationBytes();

}  // namespace aeternus::fuzzing

#endif  // AETERNUS_BASE_TESTING_FUZZ_H_
