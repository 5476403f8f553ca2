// Point reads and scans of what a random fill leaves: settled, then with everything compacted; and while a writer
// writes.
#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/groups.h"
#include "bench/steps.h"

namespace aeternus::bench {
namespace {

constexpr uint64_t kSeekEntries = 100;

absl::Status GetPresent(Trial& trial, Session* session, uint64_t number) {
  char buffer[KeySpace::kBytes];
  const std::string_view key = trial.keys().Write(number, buffer);
  AETERNUS_ASSIGN_OR_RETURN(const bool found, session->Get(key));
  return found ? absl::OkStatus() : absl::InternalError(absl::StrCat("key number ", number, " is not there"));
}

absl::Status ReadRandom(Trial& trial, const std::string& row, const std::vector<uint32_t>& picks, int threads = 1) {
  return trial.Measure({.row = row, .operations = picks.size(), .threads = threads},
                       [&](Session* session, uint64_t i) { return GetPresent(trial, session, picks[i]); });
}

// Keys between those that are there: one byte longer, as in db_bench.
absl::Status ReadMissing(Trial& trial, const std::string& row, const std::vector<uint32_t>& picks) {
  return trial.Measure({.row = row, .operations = picks.size()}, [&](Session* session, uint64_t i) -> absl::Status {
    char present[KeySpace::kBytes];
    trial.keys().Write(picks[i], present);
    char key[KeySpace::kBytes + 1];
    std::copy(std::begin(present), std::end(present), key);
    key[KeySpace::kBytes] = '.';
    AETERNUS_ASSIGN_OR_RETURN(const bool found, session->Get({key, sizeof(key)}));
    return found ? absl::InternalError("a key is there that was never written") : absl::OkStatus();
  });
}

// A hundredth of the keys, which lie all over.
std::vector<uint32_t> HotPicks(const Trial& trial) {
  std::vector<uint32_t> hot = Shuffled(trial.key_count());
  hot.resize(std::max<uint64_t>(1, trial.key_count() / 100));
  std::vector<uint32_t> picks = Drawn(ReadCount(trial), hot.size(), 4);
  for (uint32_t& pick : picks) pick = hot[pick];
  return picks;
}

absl::Status SeekAndNext(Trial& trial, const std::string& row, const std::vector<uint32_t>& picks) {
  return trial.Measure({.row = row, .operations = picks.size() / 10}, [&](Session* session, uint64_t i) {
    char key[KeySpace::kBytes];
    return session->ScanForward(trial.keys().Write(picks[i], key), kSeekEntries).status();
  });
}

absl::Status ScanReverse(Trial& trial, const std::string& row) {
  const uint64_t n = trial.key_count();
  const Phase phase{.row = row, .operations = ScanPasses(n), .entries_per_operation = n, .has_latencies = false};
  return trial.Measure(phase, [&](Session* session, uint64_t) -> absl::Status {
    AETERNUS_ASSIGN_OR_RETURN(const uint64_t seen, session->ScanBackward());
    return seen == n ? absl::OkStatus() : absl::InternalError(absl::StrCat("scanned ", seen, " entries of ", n));
  });
}

bool WantsCompacted(const Trial& trial) {
  return trial.Wants("readrandom_compacted") || trial.Wants("readmissing_compacted") || trial.Wants("scan_compacted") ||
         trial.Wants("seek100_compacted");
}

absl::Status RandomFillAndReads(Trial& trial) {
  AETERNUS_RETURN_IF_ERROR(trial.Open());
  const uint64_t n = trial.key_count();
  AETERNUS_RETURN_IF_ERROR(
      Fill(trial, {.row = "fillrandom", .operations = n, .writes = true, .settles = true}, Shuffled(n)));
  AETERNUS_RETURN_IF_ERROR(WarmUp(trial));
  const std::vector<uint32_t> picks = Drawn(ReadCount(trial), n, 5);
  AETERNUS_RETURN_IF_ERROR(ReadRandom(trial, "readrandom_settled", picks));
  AETERNUS_RETURN_IF_ERROR(ReadMissing(trial, "readmissing_settled", picks));
  AETERNUS_RETURN_IF_ERROR(ReadRandom(trial, "readhot", HotPicks(trial)));
  AETERNUS_RETURN_IF_ERROR(ReadRandom(trial, "readrandom_2threads", picks, 2));
  AETERNUS_RETURN_IF_ERROR(ReadRandom(trial, "readrandom_4threads", picks, 4));
  AETERNUS_RETURN_IF_ERROR(MeasureScan(trial, "scan_after_fillrandom", n));
  AETERNUS_RETURN_IF_ERROR(ScanReverse(trial, "scan_reverse"));
  AETERNUS_RETURN_IF_ERROR(SeekAndNext(trial, "seek100_settled", picks));
  if (!WantsCompacted(trial)) return trial.Close();
  AETERNUS_RETURN_IF_ERROR(trial.store().Compact());
  AETERNUS_RETURN_IF_ERROR(WarmUp(trial));
  AETERNUS_RETURN_IF_ERROR(ReadRandom(trial, "readrandom_compacted", picks));
  AETERNUS_RETURN_IF_ERROR(ReadMissing(trial, "readmissing_compacted", picks));
  AETERNUS_RETURN_IF_ERROR(MeasureScan(trial, "scan_compacted", n));
  AETERNUS_RETURN_IF_ERROR(SeekAndNext(trial, "seek100_compacted", picks));
  return trial.Close();
}

absl::Status ReadWhileWriting(Trial& trial) {
  AETERNUS_RETURN_IF_ERROR(trial.Open());
  AETERNUS_RETURN_IF_ERROR(FillToRead(trial));
  AETERNUS_RETURN_IF_ERROR(WarmUp(trial));
  const uint64_t n = trial.key_count();
  const std::vector<uint32_t> reads = Drawn(ReadCount(trial), n, 6);
  const std::vector<uint32_t> writes = Drawn(n, n, 7);
  const auto read = [&](Session* session, uint64_t i) { return GetPresent(trial, session, reads[i]); };
  const auto write = [&](Session* session, uint64_t i) {
    char key[KeySpace::kBytes];
    return session->Put(trial.keys().Write(writes[i], key), trial.values().At(i));
  };
  AETERNUS_RETURN_IF_ERROR(trial.MeasureTogether({.row = "readwhilewriting_reader", .operations = reads.size()}, read,
                                                 {.row = "readwhilewriting_writer", .operations = writes.size()},
                                                 write));
  return trial.Close();
}

}  // namespace

std::vector<Group> ReadGroups() {
  return {
      {.name = "fillrandom",
       .rows = {"fillrandom", "readrandom_settled", "readmissing_settled", "readhot", "readrandom_2threads",
                "readrandom_4threads", "scan_after_fillrandom", "scan_reverse", "seek100_settled",
                "readrandom_compacted", "readmissing_compacted", "scan_compacted", "seek100_compacted"},
       .run = RandomFillAndReads},
      {.name = "readwhilewriting",
       .rows = {"readwhilewriting_reader", "readwhilewriting_writer"},
       .run = ReadWhileWriting},
  };
}

}  // namespace aeternus::bench
