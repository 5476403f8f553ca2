// Pages of a mapping that are made present and writable before they are stored to: for much less than a fault of each,
// and with an error where a fault would be a signal.
#ifndef AETERNUS_ENV_POPULATE_H_
#define AETERNUS_ENV_POPULATE_H_

#include <cstddef>

namespace aeternus::env {

// [data, data + size) is mapped, from a page's beginning to a page's end; what it holds does not change. False where
// the system refuses it: no memory, no room in the file, a kernel before Linux 5.14.
bool Populate(char* data, size_t size);

}  // namespace aeternus::env

#endif  // AETERNUS_ENV_POPULATE_H_
