// One life of a database on a disk that fails (io_script.h, io_faults.h), and what is promised of it:
//
//   - the call whose own I/O failed returns that error and names the file;
//   - every other read succeeds and shows what was acknowledged, an iterator and a snapshot from before included;
//   - nothing is acknowledged after a failed sync of a log, the manifest or a directory, until the database is
//   reopened;
//   - once a full disk has room again (and no sync met it) writes go on without reopening;
//   - a reopen finds everything that was written after a kill, everything acknowledged as durable after a loss of
//   power,
//     and loses none of it again.
//
// Want of space may also be got over: the call then does what it was asked for. Deletions, and the reserve file, are
// nobody's error (IsHousekeeping). What background work meets is told by who waits for it, unless a second attempt went
// well.
//
//   LifeTotals totals;
//   FaultyLife life(kEngineShell, script, {.call = 17, .fault = Fault::kIoError}, &totals);
//   life.Run();                                          // failures are gtest's
//
// Thread safety: one thread.
#ifndef AETERNUS_STRESS_FAULTY_LIFE_H_
#define AETERNUS_STRESS_FAULTY_LIFE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "aeternus/iterator.h"
#include "aeternus/snapshot.h"
#include "env/testing/sim_env.h"
#include "env/testing/sim_file_system.h"
#include "stress/io_faults.h"
#include "stress/io_script.h"
#include "stress/io_shell.h"
#include "stress/sim_database.h"

namespace aeternus::stress {

struct LifeTotals {
  uint64_t lives = 0;
  uint64_t injected = 0;
  uint64_t told = 0;          // calls that returned the error of their own I/O
  uint64_t reads_beside = 0;  // reads that succeeded after something had failed
  uint64_t resumed = 0;       // lives in which space returned and writes went on
  uint64_t read_only = 0;     // lives that ended read-only
  uint64_t reopened = 0;      // disks opened again
};

class FaultyLife {
 public:
  FaultyLife(const IoShellKind& shell, const IoScript& script, const Injection& injection, LifeTotals* totals)
      : shell_(shell),
        script_(script),
        injection_(injection),
        totals_(totals),
        env_(/*seed=*/1),
        faults_(&disk(), injection) {}

  void Run();

  env::testing::SimFileSystem& disk() { return env_.file_system(); }
  std::vector<std::string> trace() const { return faults_.trace(); }

 private:
  // ---- steps ----

  void RunStep(const IoStep& step);
  absl::Status Maintain(Act act);
  void Open();

  // Which of the acceptable states the database came back with; it keeps that one. Whatever was written outlives the
  // process, synced or not.
  void LearnWhatWasKept();
  void Write(const IoStep& step);
  void Hold();
  void Resume();
  void Close();

  // ---- what is promised of every call ----

  // Holds the outcome of the call just made against what failed in it. Whether it was OK.
  bool Told(const absl::Status& status);
  void Settle();
  void CheckReads(bool backward, const std::string& key);

  // As Told, for a read, which no failure but its own may keep from succeeding.
  bool ReadTold(const absl::Status& status);
  absl::StatusOr<Contents> ReadAllBackward();

  // ---- the end ----

  // The disk is well again. A database that has not failed for good goes on without reopening.
  void EndOfFaults();

  // What a reopen may show: a state from number `least` on, or one that a failed write would have led to.
  std::vector<Contents> Acceptable(size_t least) const;
  void CheckDisks();
  void CheckDisk(std::string_view how, std::unique_ptr<env::testing::SimFileSystem> disk,
                 const std::vector<Contents>& acceptable);

  const IoShellKind& shell_;
  const IoScript& script_;
  const Injection injection_;
  LifeTotals* const totals_;
  env::testing::SimEnv env_;
  IoFaults faults_;
  std::unique_ptr<IoShell> database_;
  std::unique_ptr<const Snapshot> snapshot_;
  std::unique_ptr<Iterator> held_;
  Contents held_contents_;
  bool has_failed_ = false;
  std::vector<Contents> states_ = {Contents{}};  // after each acknowledged write since the last open
  std::vector<Contents> in_doubt_;               // after each write that failed since
  size_t acknowledged_ = 0;                      // the state that must survive
};

}  // namespace aeternus::stress

#endif  // AETERNUS_STRESS_FAULTY_LIFE_H_
