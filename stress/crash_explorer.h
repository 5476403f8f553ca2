// Visits what crashes of scripted lives may leave, and checks each: the database opens, and what it holds is a prefix
// of its history with everything acknowledged with sync (invariants 1 and 2), and nothing else.
//
//   CrashExplorer explorer({.seed = 1});
//   explorer.Explore("pPf", /*from_step=*/2);           // crashes during the third step
//   if (explorer.failure().has_value()) ... explorer.failure()->crash, ->what ...
//   explorer.counts().states ...
//
// A crash state is a disk that a crash left, together with what may be found on it. Power is lost before every call of
// the steps explored that comes after something changed on the disk, and after the last one; there, CrashesToTry says
// what survives. A state seen before is not looked at, nor counted, again. From some states, chosen by a hash, the life
// after is explored in the same way, its recovery and a step or two after it: a second crash, and a third. What
// recovery has shown is all that may be found from then on.
//
// Stops at the first failure.
//
// Thread safety: one thread at a time.
#ifndef AETERNUS_STRESS_CRASH_EXPLORER_H_
#define AETERNUS_STRESS_CRASH_EXPLORER_H_

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/types/span.h"
#include "env/testing/sim_file_system.h"
#include "stress/crash_path.h"
#include "stress/crash_script.h"

namespace aeternus::stress {

inline constexpr int kMostCrashes = 3;

struct CrashExplorerOptions {
  uint64_t seed = 1;
  // One in so many states is explored further: those left by the first crash, and those left by the second.
  uint64_t second_crash_one_in = 50;
  uint64_t third_crash_one_in = 50;
  // Makes, for each life, the recoveries included, what is asked before each of its calls: a disk that lies (lie.h)
  // shows whether crashes are noticed. Null: an honest one.
  std::function<ScriptedLife::CallRule()> lie = nullptr;
};

struct CrashStateCounts {
  // Distinct ones, each recovered and checked, and how many crashes it took to get there: one, two, three.
  uint64_t states = 0;
  std::array<uint64_t, kMostCrashes> of_depth{};
  // Crashes made, whether or not they left a state seen before; and those that did such a thing at least once.
  uint64_t crashes = 0;
  uint64_t lost = 0, torn = 0, zeroed = 0, garbage = 0, reordered = 0, entry_lost = 0, rename_undone = 0,
           deletion_undone = 0;
  uint64_t points = 0;  // places at which power was lost
  uint64_t sequences = 0, operations = 0;
  std::map<char, uint64_t> steps;  // explored that had something to do, by letter

  CrashStateCounts& operator+=(const env::testing::CrashCounts& crash);
};

class CrashExplorer {
 public:
  struct Failure {
    std::string crash;  // as of FormatCrashPath; without an "@", the life failed before any crash
    std::string what;
  };

  explicit CrashExplorer(CrashExplorerOptions options) : options_(std::move(options)) {}

  // A life on an empty disk. It is explored from step `from_step` on; 0 is the first open, step i the i-th letter.
  void Explore(std::string_view steps, size_t from_step);
  // Makes one crash again, and nothing else. NotFound when that life never gets there.
  absl::Status Replay(const CrashPath& path);

  const CrashStateCounts& counts() const { return counts_; }
  const std::optional<Failure>& failure() const { return failure_; }

 private:
  class Visitor;

  // Lives a life, and visits its crashes, or those of `only_`.
  void Live(std::unique_ptr<env::testing::SimFileSystem> disk, std::vector<std::string> acceptable,
            std::string_view steps, size_t from_step);
  // The crashes before call number `call` of a life.
  void Visit(const env::testing::SimFileSystem& disk, absl::Span<const std::string> acceptable, uint64_t call);
  // One of them.
  void Crash(const env::testing::SimFileSystem& disk, absl::Span<const std::string> acceptable,
             const CrashChoice& choice);
  // Whether the state was not seen before; counts it.
  bool IsNew(const env::testing::SimFileSystem& disk, uint64_t key);
  // What is explored behind a crash that left the state of that key: nothing, or recovery and these steps after it.
  std::optional<std::string> StepsToExplore(uint64_t key);
  void Fail(std::string what);

  const CrashExplorerOptions options_;
  CrashPath path_;                   // where we are
  const CrashPath* only_ = nullptr;  // the one crash to make
  bool was_reached_ = false;         // that one
  absl::flat_hash_set<uint64_t> seen_;
  CrashStateCounts counts_;
  std::optional<Failure> failure_;
};

}  // namespace aeternus::stress

#endif  // AETERNUS_STRESS_CRASH_EXPLORER_H_
