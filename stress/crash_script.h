// The life of a small database on a simulated disk, told step by step in letters, beside a model of what it holds: the
// histories that crash_explorer.h cuts short.
//
//   ScriptedLife life(std::make_unique<SimFileSystem>(), {""}, on_call);
//   life.Open();
//   for (char step : std::string_view("pPfk")) life.Do(step);
//   life.acceptable();   // what a database opened after a crash now may hold
//
//   p put               P put with sync      d delete           r range delete    b batch of three, one of them large
//   f flush everything  n minor compaction   t tombstone pass   m major compaction
//   s take a snapshot, or look at it again and release it       c checkpoint of the manifest
//   o close and reopen  k kill and reopen    x put with a sync that fails, then close and reopen
//
// Only P and x ask for a sync. Keys are few and memtables tiny, so that every third write or so freezes one. Every
// value is written once, so that contents tell where in the history they stand.
//
// Thread safety: one thread at a time.
#ifndef AETERNUS_STRESS_CRASH_SCRIPT_H_
#define AETERNUS_STRESS_CRASH_SCRIPT_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "aeternus/options.h"
#include "aeternus/snapshot.h"
#include "aeternus/write_batch.h"
#include "env/testing/sim_file_system.h"
#include "stress/sim_database.h"

namespace aeternus::stress {

inline constexpr std::string_view kCrashSteps = "pPdrbfntmscokx";

// What the sequences that are explored go on from.
inline constexpr std::string_view kCrashBeginnings[] = {
    "",          // a new database
    "PpfdbrfP",  // two tables, the younger with tombstones that hide what the elder holds, and a log
    "PpfbPpk",   // a table, and logs that were recovered after a kill
    "pPpx",      // recovered after a failed sync
};

// `steps`, and all that go on from there by up to `length` more.
template <typename Use>
void ForEachCrashSequence(std::string steps, size_t length, Use use) {
  use(steps);
  if (length == 0) return;
  for (const char step : kCrashSteps) ForEachCrashSequence(steps + step, length - 1, use);
}

class ScriptedLife {
 public:
  // Asked before every call to the file system; may look at the disk and at acceptable().
  using CallRule = std::function<env::testing::Fault(const env::testing::FileCall&)>;

  // `acceptable`: what the database on `disk` may hold (texts as of Contents below); "" is an empty one.
  ScriptedLife(std::unique_ptr<env::testing::SimFileSystem> disk, std::vector<std::string> acceptable, CallRule rule);

  // Opens the database. DataLoss unless it holds something acceptable, which from then on is all that is.
  absl::Status Open();
  // Makes one step, and looks whether the database holds what the model does. InvalidArgument for an unknown letter.
  absl::Status Do(char step);
  // Whether the last step found anything to do: a flush or a compaction may not.
  bool has_acted() const { return has_acted_; }

  // What may be found after a crash at this moment: the prefixes of the history that hold everything acknowledged with
  // sync, shortest first (invariants 1 and 2).
  absl::Span<const std::string> acceptable() const { return absl::MakeConstSpan(states_).subspan(acknowledged_); }
  env::testing::SimFileSystem& disk() { return database_.disk(); }

 private:
  env::testing::Fault OnCall(const env::testing::FileCall& call);
  absl::Status Step(char step);
  absl::Status NoteActed(const absl::StatusOr<bool>& has_acted);
  absl::Status Flush();
  absl::Status Put(bool sync);
  absl::Status DeleteLatest();
  absl::Status DeleteSome();
  absl::Status PutSeveral();
  absl::Status PutWithFailingSync();
  absl::Status Write(const WriteBatch& batch, bool sync);
  absl::Status ToggleSnapshot();
  absl::Status CloseAndReopen();
  absl::Status KillAndReopen();
  // Opens the database, which must hold one of the states from number `oldest` on.
  absl::Status OpenAt(size_t oldest);
  absl::Status CheckContents();
  absl::StatusOr<std::string> Read(const ReadOptions& options = {});
  std::string NextValue(size_t size_bytes);

  const CallRule rule_;
  SimDatabase database_;
  std::vector<std::string> states_;  // after each write since the last open
  size_t acknowledged_ = 0;          // this one, or a later one, must survive
  Contents model_;                   // states_.back()
  int writes_ = 0;
  bool has_acted_ = true;
  bool fails_next_log_sync_ = false;
  std::unique_ptr<const Snapshot> snapshot_;
  std::string snapshot_contents_;
};

// The configuration of these databases.
EngineConfig CrashScriptConfig();

}  // namespace aeternus::stress

#endif  // AETERNUS_STRESS_CRASH_SCRIPT_H_
