// The judge: our engine against RocksDB, LevelDB and LMDB, on every row of one table, in one run.
//
//   ./bazelw run --config=release //bench:compare
//   ./bazelw run --config=release //bench:compare -- --keys=100000 --workloads='fill*,readhot' --engines=aeternus,lmdb
//
// Each engine goes through each group of rows in a process of its own, interleaved, so that memory and CPU are its own,
// and a crash of one does not take the table away. The last line of standard output is the verdict; --help has the
// flags, docs/performance.md says how it measures and what the settings are.
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "bench/aeternus_store.h"
#include "bench/driver.h"
#include "bench/leveldb_store.h"
#include "bench/lmdb_store.h"
#include "bench/rocksdb_store.h"

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage("compares AeternusDB with RocksDB, LevelDB and LMDB");
  absl::ParseCommandLine(argc, argv);
  namespace bench = aeternus::bench;
  return bench::CompareEngines(
      {bench::AeternusEngine(), bench::RocksdbEngine(), bench::LeveldbEngine(), bench::LmdbEngine()});
}
