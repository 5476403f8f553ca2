// What a sanitizer costs, for tests that can choose how much they do: the only place that knows.
//
//   for (uint64_t seed = 1; seed <= SanitizedShare(60'000); ++seed) ...        a fraction under a sanitizer
//   for (uint64_t i = 0; i < calls; i += kSanitizerSlowdown) ...               one in so many
//
// What a sanitizer looks for shows in a part of the work, too; that all of it comes out right is for the other builds.
#ifndef AETERNUS_BASE_TESTING_SANITIZER_H_
#define AETERNUS_BASE_TESTING_SANITIZER_H_

#include <cstdint>

namespace aeternus {

// About how many times as long as otherwise a test takes in this build; 1 without a sanitizer.
#if !defined(__has_feature)
inline constexpr uint64_t kSanitizerSlowdown = 1;
#elif __has_feature(thread_sanitizer)
inline constexpr uint64_t kSanitizerSlowdown = 10;
#elif __has_feature(address_sanitizer)
inline constexpr uint64_t kSanitizerSlowdown = 3;
#else
inline constexpr uint64_t kSanitizerSlowdown = 1;
#endif

// What this build does of `work` in the time that others need for all of it; at least 1.
constexpr uint64_t SanitizedShare(uint64_t work) { return work < kSanitizerSlowdown ? 1 : work / kSanitizerSlowdown; }

}  // namespace aeternus

#endif  // AETERNUS_BASE_TESTING_SANITIZER_H_
