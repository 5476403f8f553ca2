// Writers: in ascending and in random order, over what is there, in batches, synced, by several threads; and the
// compaction of what overwriting leaves.
#include <algorithm>
#include <array>
#include <numeric>
#include <string>
#include <vector>

#include "bench/groups.h"
#include "bench/steps.h"

namespace aeternus::bench {
namespace {

constexpr size_t kBatch = 100;

absl::Status FillSequential(Trial& trial) {
  AETERNUS_RETURN_IF_ERROR(trial.Open());
  std::vector<uint32_t> ascending(trial.key_count());
  std::iota(ascending.begin(), ascending.end(), 0);
  const Phase phase{.row = "fillseq", .operations = trial.key_count(), .writes = true, .settles = true};
  AETERNUS_RETURN_IF_ERROR(Fill(trial, phase, ascending));
  if (trial.Wants("scan_after_fillseq")) AETERNUS_RETURN_IF_ERROR(WarmUp(trial));
  AETERNUS_RETURN_IF_ERROR(MeasureScan(trial, "scan_after_fillseq", trial.key_count()));
  return trial.Close();
}

absl::Status FillRandomBy(Trial& trial, const std::string& row, int writers) {
  AETERNUS_RETURN_IF_ERROR(trial.Open());
  const Phase phase{.row = row, .operations = trial.key_count(), .threads = writers, .writes = true, .settles = true};
  AETERNUS_RETURN_IF_ERROR(Fill(trial, phase, Shuffled(trial.key_count())));
  return trial.Close();
}

absl::Status FillRandomBy2(Trial& trial) { return FillRandomBy(trial, "fillrandom_2writers", 2); }
absl::Status FillRandomBy4(Trial& trial) { return FillRandomBy(trial, "fillrandom_4writers", 4); }

absl::Status Overwrite(Trial& trial) {
  AETERNUS_RETURN_IF_ERROR(trial.Open());
  AETERNUS_RETURN_IF_ERROR(FillToRead(trial));
  const uint64_t n = trial.key_count();
  const Phase overwrite{.row = "overwrite", .operations = n, .writes = true, .settles = true};
  AETERNUS_RETURN_IF_ERROR(Fill(trial, overwrite, Drawn(n, n, 3)));
  const Phase compact{.row = "majorcompact", .operations = 1, .entries_per_operation = n, .has_latencies = false};
  if (!trial.Wants(compact.row)) return trial.Close();
  // What has settled may be one table already, with nothing left to merge, or not, depending on the engine. So each
  // gets the same to do: a tenth of the keys once more, in tables and not merged.
  AETERNUS_RETURN_IF_ERROR(Fill(trial, {.row = "", .operations = n / 10, .writes = true}, Drawn(n / 10, n, 19)));
  AETERNUS_RETURN_IF_ERROR(trial.store().Flush());
  AETERNUS_RETURN_IF_ERROR(trial.MeasureStore(compact, [&] { return trial.store().Compact(); }));
  return trial.Close();
}

absl::Status FillBatch(Trial& trial) {
  AETERNUS_RETURN_IF_ERROR(trial.Open());
  const std::vector<uint32_t> order = Shuffled(trial.key_count());
  const Phase phase{.row = "fillbatch",
                    .operations = trial.key_count() / kBatch,
                    .entries_per_operation = kBatch,
                    .writes = true,
                    .settles = true};
  AETERNUS_RETURN_IF_ERROR(trial.Measure(phase, [&](Session* session, uint64_t i) {
    std::array<char[KeySpace::kBytes], kBatch> keys;
    std::array<KeyValue, kBatch> batch;
    for (size_t j = 0; j < kBatch; ++j) {
      const uint64_t entry = i * kBatch + j;
      batch[j] = {trial.keys().Write(order[entry], keys[j]), trial.values().At(entry)};
    }
    return session->PutBatch(batch);
  }));
  return trial.Close();
}

absl::Status FillSyncBy(Trial& trial, const std::string& row, int writers) {
  AETERNUS_RETURN_IF_ERROR(trial.Open({.sync = true}));
  const uint64_t n = std::min<uint64_t>(trial.key_count(), 10'000);
  AETERNUS_RETURN_IF_ERROR(
      Fill(trial, {.row = row, .operations = n, .threads = writers, .writes = true}, Shuffled(trial.key_count())));
  return trial.Close();
}

absl::Status FillSyncBy1(Trial& trial) { return FillSyncBy(trial, "fillsync", 1); }
absl::Status FillSyncBy2(Trial& trial) { return FillSyncBy(trial, "fillsync_2writers", 2); }
absl::Status FillSyncBy4(Trial& trial) { return FillSyncBy(trial, "fillsync_4writers", 4); }

}  // namespace

std::vector<Group> FillGroups() {
  return {
      {.name = "fillseq", .rows = {"fillseq", "scan_after_fillseq"}, .run = FillSequential},
      {.name = "overwrite", .rows = {"overwrite", "majorcompact"}, .run = Overwrite},
      {.name = "fillbatch", .rows = {"fillbatch"}, .run = FillBatch},
      {.name = "fillrandom_2writers", .rows = {"fillrandom_2writers"}, .run = FillRandomBy2},
      {.name = "fillrandom_4writers", .rows = {"fillrandom_4writers"}, .run = FillRandomBy4},
      {.name = "fillsync", .rows = {"fillsync"}, .run = FillSyncBy1},
      {.name = "fillsync_2writers", .rows = {"fillsync_2writers"}, .run = FillSyncBy2},
      {.name = "fillsync_4writers", .rows = {"fillsync_4writers"}, .run = FillSyncBy4},
  };
}

}  // namespace aeternus::bench
