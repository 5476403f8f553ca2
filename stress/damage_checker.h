// One damage to one file of a database, and whether the store says the right thing about it (invariants 6 and 7;
// docs/durability.md):
//
//   - each read gives the right answer or DataLoss; a scan that meets damage ends with an error, never early
//   - an open that fails changes nothing; one that succeeds keeps what an open of the whole database keeps, as it is
//   - bytes that nothing uses do not matter
//   - a database that was killed may also answer with the prefix of its history that stands in front of the damaged
//     frame, if nothing that survives says that more was synced ("What no store can tell")
//
//   DamageChecker checker(Ending::kClosed, MakeFullDatabase(Ending::kClosed));
//   Verdict verdict = checker.Check({.path = path, .byte = 17, .bit = 3});     // verdict.wrong should be empty
//
// Thread safety: one thread.
#ifndef AETERNUS_STRESS_DAMAGE_CHECKER_H_
#define AETERNUS_STRESS_DAMAGE_CHECKER_H_

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aeternus/engine.h"
#include "engine/testing/log_frames.h"
#include "engine/testing/machine.h"
#include "stress/full_database.h"

namespace aeternus::stress {

enum class FileType { kCurrent, kManifest, kLog, kTable, kReserve };
FileType TypeOf(std::string_view path);

struct Damage {
  std::string path;
  uint64_t byte = 0;  // the one that is damaged, or the first that is cut off
  int bit = kCutOff;
  static constexpr int kCutOff = -1;

  bool is_cut() const { return bit == kCutOff; }
};

enum class Answer { kRight, kError, kPrefix };

struct Verdict {
  Answer answer = Answer::kRight;
  std::string wrong;       // what no damage excuses; empty: nothing
  size_t failed_gets = 0;  // that met the damage
};

class DamageChecker {
 public:
  using Contents = aeternus::testing::Contents;

  // Of the whole database everything can be read; otherwise the test fails.
  DamageChecker(Ending ending, FullDatabase full);

  const Contents& files() const { return files_; }
  const FullDatabase& full() const { return full_; }

  Verdict Check(const Damage& damage) const;

 private:
  // What the store may still say after one damage.
  struct Allowed {
    const Contents* contents;
    bool is_prefix = false;
    bool must_fail = false;    // what is left proves that something is missing
    bool must_answer = false;  // nothing uses the damaged bytes
  };

  // The exception of docs/durability.md, to the letter.
  Allowed AllowedAfter(const Damage& damage) const;
  // Reads every key, and scans in both directions. A read that meets damage makes the answer an error.
  std::string ReadEverything(Engine& engine, const Contents& expected, Verdict* verdict) const;
  bool IsUnchanged(const Contents& now, const std::string& damaged_path, const std::string& damaged) const;
  // After an open: what an open of the whole database keeps is there, as it was. A prefix may do without the logs that
  // hold what is behind it.
  std::string WrongFiles(const Contents& now, const std::string& damaged_path, const std::string& damaged,
                         bool is_prefix) const;

  const Ending ending_;
  const FullDatabase full_;
  const Contents files_;
  // Of each log, in the order of the chain.
  std::vector<std::pair<std::string, std::vector<aeternus::testing::LogFrame>>> frames_;
  std::set<std::string> kept_;  // by an open of the whole database
};

}  // namespace aeternus::stress

#endif  // AETERNUS_STRESS_DAMAGE_CHECKER_H_
