#include "stress/workload.h"

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "stress/generator.h"
#include "stress/oracle.h"
#include "stress/store.h"
#include "stress/workload_checks.h"

namespace aeternus::stress {
namespace {

// One store, one oracle and one generator, never reset: what is done to one is done to the other.
class Twins {
 public:
  Twins(Store& store, uint64_t seed) : store_(store), lcg_(seed) {}

  absl::Status Put(std::string_view key, std::string_view value) {
    oracle_.Put(key, value);
    return store_.Put(key, value);
  }
  absl::Status Delete(std::string_view key) {
    oracle_.Delete(key);
    return store_.Delete(key);
  }
  absl::Status DeleteRange(std::string_view start, std::string_view end) {
    oracle_.DeleteRange(start, end);
    return store_.DeleteRange(start, end);
  }
  // Draws and applies `count` operations.
  absl::Status Mixed(uint64_t count, const OperationShape& shape, ValueNaming naming, uint64_t round = 0);

  absl::Status CheckGets(uint64_t key_count) { return stress::CheckGets(store_, oracle_, key_count, KeyName); }
  absl::Status CheckScan() { return stress::CheckScan(store_, oracle_); }

  Store& store() { return store_; }
  const Oracle& oracle() const { return oracle_; }

 private:
  Store& store_;
  Oracle oracle_;
  Lcg lcg_;
};

absl::Status Twins::Mixed(uint64_t count, const OperationShape& shape, ValueNaming naming, uint64_t round) {
  for (uint64_t i = 0; i < count; ++i) {
    const Operation operation = DrawOperation(lcg_, shape);
    const std::string key = KeyName(operation.index);
    switch (operation.kind) {
      case Operation::Kind::kPut:
      case Operation::Kind::kOverwrite:
        AETERNUS_RETURN_IF_ERROR(Put(key, ValueOf(operation, naming, round)));
        break;
      case Operation::Kind::kDelete:
        AETERNUS_RETURN_IF_ERROR(Delete(key));
        break;
      case Operation::Kind::kDeleteRange:
        AETERNUS_RETURN_IF_ERROR(DeleteRange(key, KeyName(operation.end_index)));
        break;
    }
  }
  return absl::OkStatus();
}

absl::Status HeavyMixedCrud(Store& store, uint64_t seed) {
  Twins twins(store, seed);
  const OperationShape shape{.key_count = 500, .mix = {60, 20, 15}, .range_width_max = 20};
  AETERNUS_RETURN_IF_ERROR(twins.Mixed(8000, shape, ValueNaming::kVerbose));
  AETERNUS_RETURN_IF_ERROR(twins.CheckGets(500));
  AETERNUS_RETURN_IF_ERROR(store.Flush());
  if (!store.compacts_only_when_told()) return absl::OkStatus();
  AETERNUS_ASSIGN_OR_RETURN(const aeternus::Stats stats, store.Stats());
  if (stats.table_count >= 2) return absl::OkStatus();
  return absl::InternalError(absl::StrCat(stats.table_count, " tables instead of at least 2"));
}

absl::Status ScanConsistency(Store& store, uint64_t seed) {
  Twins twins(store, seed);
  const OperationShape shape{.key_count = 500, .mix = {55, 20, 15}, .range_width_max = 15};
  AETERNUS_RETURN_IF_ERROR(twins.Mixed(8000, shape, ValueNaming::kPlain));
  return twins.CheckScan();
}

// What must be there at the end follows from the last round alone, so it is written down apart from the rounds.
Oracle AfterTheLastChurn() {
  Oracle oracle;
  for (uint64_t i = 0; i < 200; ++i) {
    if (i % 4 == 0) {
      oracle.Put(KeyName(i), absl::StrCat("resurrected_r49_", i));
    } else if (i % 2 == 1) {
      oracle.Put(KeyName(i), absl::StrCat("val_r49_", i));
    }
  }
  return oracle;
}

absl::Status Churn(Store& store, uint64_t) {
  for (uint64_t round = 0; round < 50; ++round) {
    for (uint64_t i = 0; i < 200; ++i) {
      AETERNUS_RETURN_IF_ERROR(store.Put(KeyName(i), absl::StrCat("val_r", round, "_", i)));
    }
    for (uint64_t i = 0; i < 200; i += 2) AETERNUS_RETURN_IF_ERROR(store.Delete(KeyName(i)));
    for (uint64_t i = 0; i < 200; i += 4) {
      AETERNUS_RETURN_IF_ERROR(store.Put(KeyName(i), absl::StrCat("resurrected_r", round, "_", i)));
    }
  }
  const Oracle oracle = AfterTheLastChurn();
  const size_t pairs = oracle.VisiblePairs(kKeysStart, kKeysEnd).size();
  if (pairs != 150) return absl::InternalError(absl::StrCat("the oracle has ", pairs, " pairs instead of 150"));
  AETERNUS_RETURN_IF_ERROR(CheckGets(store, oracle, 200, KeyName));
  return CheckScan(store, oracle);
}

absl::Status MixedThenReopen(Twins& twins, Shutdown how) {
  const OperationShape shape{.key_count = 500, .mix = {60, 20, 15}, .range_width_max = 20};
  AETERNUS_RETURN_IF_ERROR(twins.Mixed(8000, shape, ValueNaming::kPlain));
  AETERNUS_RETURN_IF_ERROR(twins.store().Reopen(how));
  AETERNUS_RETURN_IF_ERROR(twins.CheckGets(500));
  return twins.CheckScan();
}

absl::Status RecoveryAfterALongSession(Store& store, uint64_t seed) {
  Twins twins(store, seed);
  return MixedThenReopen(twins, Shutdown::kClose);
}

absl::Status CrashRecovery(Store& store, uint64_t seed) {
  Twins twins(store, seed);
  return MixedThenReopen(twins, Shutdown::kDrop);
}

absl::Status DenseRangeTombstones(Store& store, uint64_t) {
  Twins twins(store, 0);
  for (uint64_t i = 0; i < 1000; ++i) {
    AETERNUS_RETURN_IF_ERROR(twins.Put(KeyName(i), absl::StrFormat("val_%04d", i)));
  }
  for (uint64_t r = 0; r < 50; ++r) AETERNUS_RETURN_IF_ERROR(twins.DeleteRange(KeyName(7 * r), KeyName(7 * r + 10)));
  for (uint64_t i = 0; i < 1000; i += 13) {
    AETERNUS_RETURN_IF_ERROR(twins.Put(KeyName(i), absl::StrFormat("resurrected_%04d", i)));
  }
  AETERNUS_RETURN_IF_ERROR(twins.CheckScan());
  return twins.CheckGets(1000);
}

// Flushes, compacts, and checks that minor compaction at least halved the number of tables.
absl::Status MinorCompactToHalf(Store& store) {
  AETERNUS_RETURN_IF_ERROR(store.Flush());
  AETERNUS_ASSIGN_OR_RETURN(const aeternus::Stats before, store.Stats());
  AETERNUS_RETURN_IF_ERROR(store.MinorCompactAll());
  AETERNUS_ASSIGN_OR_RETURN(const aeternus::Stats after, store.Stats());
  if (!store.compacts_only_when_told() || after.table_count <= before.table_count / 2) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("minor compaction left ", after.table_count, " of ", before.table_count));
}

absl::Status MinorCompaction(Store& store, uint64_t seed) {
  Twins twins(store, seed);
  const OperationShape shape{.key_count = 300, .mix = {60, 20, 15}, .range_width_max = 15};
  for (uint64_t round = 0; round < 3; ++round) {
    AETERNUS_RETURN_IF_ERROR(twins.Mixed(3000, shape, ValueNaming::kRound, round));
    AETERNUS_RETURN_IF_ERROR(MinorCompactToHalf(store));
    AETERNUS_RETURN_IF_ERROR(twins.CheckGets(300));
    AETERNUS_RETURN_IF_ERROR(twins.CheckScan());
  }
  return absl::OkStatus();
}

std::string DataName(uint64_t i) { return absl::StrFormat("dat_%04d", i); }
std::string GhostName(uint64_t i) { return absl::StrFormat("ghost_%04d", i); }

absl::Status WriteDataAndDeleteGhosts(Twins& twins) {
  for (uint64_t i = 0; i < 500; ++i) {
    AETERNUS_RETURN_IF_ERROR(twins.Put(DataName(i), absl::StrFormat("value_%04d_pad_for_size_%06d", i, i * 17)));
  }
  AETERNUS_RETURN_IF_ERROR(twins.store().Flush());
  for (uint64_t i = 0; i < 500; ++i) AETERNUS_RETURN_IF_ERROR(twins.Delete(GhostName(i)));
  for (uint64_t i = 0; i < 500; i += 100) {
    AETERNUS_RETURN_IF_ERROR(twins.DeleteRange(GhostName(i), GhostName(i + 100)));
  }
  return twins.store().Flush();
}

absl::Status TombstoneCompaction(Store& store, uint64_t) {
  Twins twins(store, 0);
  AETERNUS_RETURN_IF_ERROR(WriteDataAndDeleteGhosts(twins));
  AETERNUS_ASSIGN_OR_RETURN(const aeternus::Stats before, store.Stats());
  AETERNUS_RETURN_IF_ERROR(store.TombstoneCompactAll());
  AETERNUS_ASSIGN_OR_RETURN(const aeternus::Stats after, store.Stats());
  if (store.compacts_only_when_told() && after.table_bytes * 10 > before.table_bytes * 8) {
    return absl::InternalError(absl::StrCat("tombstone compaction left ", after.table_bytes, " of ", before.table_bytes,
                                            " bytes, more than 80 %"));
  }
  AETERNUS_RETURN_IF_ERROR(CheckGets(store, twins.oracle(), 500, DataName));
  AETERNUS_RETURN_IF_ERROR(CheckGets(store, twins.oracle(), 500, GhostName));
  return CheckScan(store, twins.oracle(), "dat_", "ghost_\xff");
}

absl::Status MinorThenMajor(Store& store, uint64_t seed) {
  Twins twins(store, seed);
  const OperationShape shape{.key_count = 400, .mix = {55, 20, 15}, .range_width_max = 20};
  AETERNUS_RETURN_IF_ERROR(twins.Mixed(6000, shape, ValueNaming::kPlain));
  AETERNUS_RETURN_IF_ERROR(store.Flush());
  AETERNUS_RETURN_IF_ERROR(store.MinorCompactAll());
  AETERNUS_RETURN_IF_ERROR(store.MajorCompact());
  AETERNUS_RETURN_IF_ERROR(CheckOneTable(store));
  AETERNUS_RETURN_IF_ERROR(twins.CheckGets(400));
  return twins.CheckScan();
}

absl::Status InterleavedWritesAndCompaction(Store& store, uint64_t seed) {
  Twins twins(store, seed);
  const OperationShape shape{.key_count = 200, .mix = {55, 20, 15}, .range_width_max = 10};
  for (uint64_t round = 0; round < 10; ++round) {
    AETERNUS_RETURN_IF_ERROR(twins.Mixed(1000, shape, ValueNaming::kRound, round));
    AETERNUS_RETURN_IF_ERROR(store.Flush());
    AETERNUS_RETURN_IF_ERROR(store.MinorCompactAll());
    AETERNUS_RETURN_IF_ERROR(twins.CheckGets(200));
  }
  AETERNUS_RETURN_IF_ERROR(store.MajorCompact());
  AETERNUS_RETURN_IF_ERROR(CheckOneTable(store));
  return twins.CheckScan();
}

absl::Status CompactionThenRecovery(Store& store, uint64_t seed) {
  Twins twins(store, seed);
  const OperationShape shape{.key_count = 300, .mix = {55, 20, 15}, .range_width_max = 20};
  AETERNUS_RETURN_IF_ERROR(twins.Mixed(5000, shape, ValueNaming::kPlain));
  AETERNUS_RETURN_IF_ERROR(store.Flush());
  AETERNUS_RETURN_IF_ERROR(store.MinorCompactAll());
  AETERNUS_RETURN_IF_ERROR(store.TombstoneCompactAll());
  AETERNUS_RETURN_IF_ERROR(store.MajorCompact());
  AETERNUS_RETURN_IF_ERROR(CheckOneTable(store));
  AETERNUS_RETURN_IF_ERROR(store.Reopen(Shutdown::kClose));
  AETERNUS_RETURN_IF_ERROR(twins.CheckGets(300));
  return twins.CheckScan();
}

constexpr Workload kWorkloads[] = {
    {"heavy mixed CRUD", 42, Configuration::kSmall, HeavyMixedCrud},
    {"scan consistency", 0xDEAD, Configuration::kSmall, ScanConsistency},
    {"write-delete-rewrite churn", std::nullopt, Configuration::kSmall, Churn},
    {"recovery after a long session", 0xCAFE, Configuration::kSmall, RecoveryAfterALongSession},
    {"crash recovery", 0xBEEF, Configuration::kSmall, CrashRecovery},
    {"dense range tombstones", std::nullopt, Configuration::kSmall, DenseRangeTombstones},
    {"minor compaction", 0xC04C, Configuration::kCompaction, MinorCompaction},
    {"tombstone compaction", std::nullopt, Configuration::kCompaction, TombstoneCompaction},
    {"minor compaction, then major", 0xF1FA, Configuration::kCompaction, MinorThenMajor},
    {"interleaved writes and compaction", 0xABCD, Configuration::kCompaction, InterleavedWritesAndCompaction},
    {"compaction, then recovery", 0xD15C, Configuration::kCompaction, CompactionThenRecovery},
};

}  // namespace

absl::Span<const Workload> SeedWorkloads() { return kWorkloads; }

}  // namespace aeternus::stress
