#include "env/huge_pages.h"

#include <sys/mman.h>

namespace aeternus::env {

void PreferHugePages(void* begin, size_t size) {
  // A kernel that has none refuses, and that is fine.
  static_cast<void>(::madvise(begin, size, MADV_HUGEPAGE));
}

}  // namespace aeternus::env
