// LMDB, as the judge drives it.
#ifndef AETERNUS_BENCH_LMDB_STORE_H_
#define AETERNUS_BENCH_LMDB_STORE_H_

#include "bench/store.h"

namespace aeternus::bench {

Engine LmdbEngine();

}  // namespace aeternus::bench

#endif  // AETERNUS_BENCH_LMDB_STORE_H_
