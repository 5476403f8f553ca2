// The eleven workloads of the seed on Engine: nothing runs behind them, so table counts are exact.
#include "gtest/gtest.h"
#include "stress/store.h"
#include "stress/workload_runner.h"

namespace aeternus::stress {
namespace {

TEST(SeedWorkloads, HeavyMixedCrud) { RunSeedWorkload(1, OpenEngineStore); }
TEST(SeedWorkloads, ScanConsistency) { RunSeedWorkload(2, OpenEngineStore); }
TEST(SeedWorkloads, WriteDeleteRewriteChurn) { RunSeedWorkload(3, OpenEngineStore); }
TEST(SeedWorkloads, RecoveryAfterALongSession) { RunSeedWorkload(4, OpenEngineStore); }
TEST(SeedWorkloads, CrashRecovery) { RunSeedWorkload(5, OpenEngineStore); }
TEST(SeedWorkloads, DenseRangeTombstones) { RunSeedWorkload(6, OpenEngineStore); }
TEST(SeedWorkloads, MinorCompaction) { RunSeedWorkload(7, OpenEngineStore); }
TEST(SeedWorkloads, TombstoneCompaction) { RunSeedWorkload(8, OpenEngineStore); }
TEST(SeedWorkloads, MinorThenMajorCompaction) { RunSeedWorkload(9, OpenEngineStore); }
TEST(SeedWorkloads, InterleavedWritesAndCompaction) { RunSeedWorkload(10, OpenEngineStore); }
TEST(SeedWorkloads, CompactionThenRecovery) { RunSeedWorkload(11, OpenEngineStore); }

}  // namespace
}  // namespace aeternus::stress
