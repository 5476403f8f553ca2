// A small number for the calling thread: what is kept once for each thread (a slot, a counter) is found by indexing an
// array, so that threads do not write to one another's cache lines, and nothing has to be told when a thread ends.
//
//   counters[env::ThreadNumber() % kCounters].fetch_add(1, std::memory_order_relaxed);
//
// Threads that live at the same time have different numbers, from 0 on and as small as can be; the number of a thread
// that has ended goes to the next one that asks. While it ends (in destructors of its thread-local objects) a thread
// may share a number with another one. Whoever indexes an array by it has to get along with sharing anyway, since there
// may be more threads than places.
//
// Thread safety: any number of threads.
#ifndef AETERNUS_ENV_THREAD_NUMBER_H_
#define AETERNUS_ENV_THREAD_NUMBER_H_

#include <cstddef>

namespace aeternus::env {

namespace thread_number_internal {
extern constinit thread_local size_t number_plus_one;  // 0: none yet
size_t Assign();
}  // namespace thread_number_internal

inline size_t ThreadNumber() {
  const size_t n = thread_number_internal::number_plus_one;
  return n != 0 ? n - 1 : thread_number_internal::Assign();
}

}  // namespace aeternus::env

#endif  // AETERNUS_ENV_THREAD_NUMBER_H_
