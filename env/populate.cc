#include "env/populate.h"

#include <sys/mman.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23  // of Linux 5.14; the C library may be older
#endif

namespace aeternus::env {

bool Populate(char* data, size_t size) { return madvise(data, size, MADV_POPULATE_WRITE) == 0; }

}  // namespace aeternus::env
