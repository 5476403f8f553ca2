// The eleven workloads of the seed on Db: the same data checks while flushes and compactions run behind them.
#include "gtest/gtest.h"
#include "stress/store.h"
#include "stress/workload_runner.h"

namespace aeternus::stress {
namespace {

TEST(DbWorkloads, HeavyMixedCrud) { RunSeedWorkload(1, OpenDbStore); }
TEST(DbWorkloads, ScanConsistency) { RunSeedWorkload(2, OpenDbStore); }
TEST(DbWorkloads, WriteDeleteRewriteChurn) { RunSeedWorkload(3, OpenDbStore); }
TEST(DbWorkloads, RecoveryAfterALongSession) { RunSeedWorkload(4, OpenDbStore); }
TEST(DbWorkloads, CrashRecovery) { RunSeedWorkload(5, OpenDbStore); }
TEST(DbWorkloads, DenseRangeTombstones) { RunSeedWorkload(6, OpenDbStore); }
TEST(DbWorkloads, MinorCompaction) { RunSeedWorkload(7, OpenDbStore); }
TEST(DbWorkloads, TombstoneCompaction) { RunSeedWorkload(8, OpenDbStore); }
TEST(DbWorkloads, MinorThenMajorCompaction) { RunSeedWorkload(9, OpenDbStore); }
TEST(DbWorkloads, InterleavedWritesAndCompaction) { RunSeedWorkload(10, OpenDbStore); }
TEST(DbWorkloads, CompactionThenRecovery) { RunSeedWorkload(11, OpenDbStore); }

}  // namespace
}  // namespace aeternus::stress
