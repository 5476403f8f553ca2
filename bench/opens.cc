// Opening: after a process died with a million writes in its log and in no table, and with many tables.
#include <algorithm>
#include <memory>
#include <numeric>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/groups.h"
#include "bench/steps.h"

namespace aeternus::bench {
namespace {

constexpr size_t kLargestWriteBuffer = size_t{256} << 20;
constexpr size_t kSmallWriteBuffer = size_t{1} << 20;
constexpr int kOpens = 5;

// As many as a write buffer holds in every engine, with what each spends on an entry beside it.
uint64_t RecoveredWrites(const Trial& trial) {
  const uint64_t entry_bytes = KeySpace::kBytes + trial.values().value_bytes() + 64;
  return std::min({trial.key_count(), uint64_t{1'000'000}, kLargestWriteBuffer * 3 / 4 / entry_bytes});
}

absl::Status WriteUnflushed(Trial& trial) {
  AETERNUS_RETURN_IF_ERROR(trial.Open({.write_buffer_bytes = kLargestWriteBuffer}));
  const uint64_t n = RecoveredWrites(trial);
  return Fill(trial, {.row = "", .operations = n, .writes = true}, Shuffled(n));
}

absl::Status Recover(Trial& trial) {
  const uint64_t n = RecoveredWrites(trial);
  AETERNUS_RETURN_IF_ERROR(
      trial.MeasureStore({.row = "recovery", .operations = 1, .entries_per_operation = n, .has_latencies = false},
                         [&] { return trial.Open({.write_buffer_bytes = kLargestWriteBuffer}); }));
  {
    const std::unique_ptr<Session> session = trial.store().NewSession();
    AETERNUS_ASSIGN_OR_RETURN(const uint64_t found, session->ScanForward("", n + 1));
    if (found != n) return absl::InternalError(absl::StrCat("recovered ", found, " of ", n, " writes"));
  }
  return trial.Close();
}

StoreSettings ManyTables() { return {.write_buffer_bytes = kSmallWriteBuffer, .many_tables = true}; }

absl::Status MakeTables(Trial& trial) {
  AETERNUS_RETURN_IF_ERROR(trial.Open(ManyTables()));
  std::vector<uint32_t> ascending(trial.key_count());
  std::iota(ascending.begin(), ascending.end(), 0);
  const Phase phase{.row = "", .operations = trial.key_count(), .writes = true, .settles = true};
  AETERNUS_RETURN_IF_ERROR(Fill(trial, phase, ascending));
  return trial.Close();
}

absl::Status OpenTables(Trial& trial) {
  for (int i = 0; i < kOpens; ++i) {
    AETERNUS_RETURN_IF_ERROR(trial.MeasureStore({.row = "open_many_tables", .operations = 1, .has_latencies = false},
                                                [&] { return trial.Open(ManyTables()); }));
    AETERNUS_RETURN_IF_ERROR(trial.Close());
  }
  return absl::OkStatus();
}

}  // namespace

std::vector<Group> OpenGroups() {
  return {
      {.name = "recovery", .rows = {"recovery"}, .run = Recover, .prepare = WriteUnflushed},
      {.name = "open_many_tables", .rows = {"open_many_tables"}, .run = OpenTables, .prepare = MakeTables},
  };
}

}  // namespace aeternus::bench
