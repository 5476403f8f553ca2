// A hint about memory that will be read at random: fewer, larger pages make each cache miss cheaper, because the
// processor finds the page without one more miss.
#ifndef AETERNUS_ENV_HUGE_PAGES_H_
#define AETERNUS_ENV_HUGE_PAGES_H_

#include <cstddef>

namespace aeternus::env {

inline constexpr size_t kHugePageBytes = size_t{2} << 20;

// Asks for [begin, begin + size) to be in huge pages where it covers them whole. Nothing but speed depends on whether
// the machine has any.
void PreferHugePages(void* begin, size_t size);

}  // namespace aeternus::env

#endif  // AETERNUS_ENV_HUGE_PAGES_H_
