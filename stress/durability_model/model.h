// The steps that a database can take from a state, and what must hold in every state (docs/durability.md). The explorer
// visits all that follow; a step is as small as a crash could tell.
#ifndef AETERNUS_STRESS_DURABILITY_MODEL_MODEL_H_
#define AETERNUS_STRESS_DURABILITY_MODEL_MODEL_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "stress/durability_model/block.h"
#include "stress/durability_model/recovery.h"
#include "stress/durability_model/rules.h"
#include "stress/durability_model/state.h"

namespace aeternus::durability_model {

class Model {
 public:
  // Takes one successor of the state that is being expanded: the step to it, and a number that belongs to the step.
  using Visitor = std::function<void(const State& next, const char* step, int detail)>;

  Model(const Bounds& bounds, const Rules& rules) : bounds_(bounds), rules_(rules) {}

  // An empty database that is open: one manifest, one log ready for its first frame.
  State Initial();

  // Hands every successor to `visit`. What is wrong with `state` itself, if anything is: then it has no successors.
  std::optional<std::string> Expand(const State& state, const Visitor& visit);

  uint64_t damages() const { return damages_; }

 private:
  // checks.cc: what a state that lies on disk must hold.
  std::optional<std::string> CheckRecovery(const State& down, const Recovered& found) const;
  std::optional<std::string> CheckDamage(const State& down);
  std::optional<std::string> CheckDamaged(const State& down, const Recovered& before, const Disk& damaged, int name,
                                          const Block& lost);

  // opening.cc
  void BeginOpening(const State& down, const Recovered& found);
  void ExpandOpening(const State& s);
  void MakeReplayDurable(State& s) const;
  void WriteSnapshot(const State& s);
  void DeleteUnreferenced(State& s) const;

  // writing.cc: writers and the logs.
  void ExpandWriter(const State& s);
  void Freeze(State s);
  void WriteGroup(State s, int count, bool sync);
  void WriteOwedCut(State s);
  void FailWrite(State s);
  void ExpandSync(const State& s);
  void ExpandPreparation(const State& s);

  // jobs.cc: flush, compaction, close.
  void ExpandFlush(const State& s);
  void WriteFlushedTable(State s);
  void EndFlush(State s, const char* step);
  void ExpandCompaction(const State& s);
  void BeginClose(State s);
  void ExpandClosing(const State& s);
  void SyncFrozen(State& s) const;
  void FinishClose(State s);
  void CloseFailed(State s);
  bool IsProofOwed(const State& s) const;

  // model.cc
  void ExpandCrash(const State& s);
  void Visit(State next, const char* step, int detail = 0);
  // Both outcomes of a sync: `done`, or the data is gone.
  void SyncOrFail(const State& s, int name, const char* step, const std::function<void(State&)>& done);
  void FailDirectorySync(const State& s, const char* step, const std::function<void(State&)>& go_on);
  void WriteEdit(State& s, Block edit);
  void WriteSeal(State& s, int proven_lsn);
  void RaiseSynced(State& s) const;
  int manifest_name(const State& s) const { return kFirstManifest + s.engine.manifest; }
  bool IsFull(const State& s) const { return s.engine.active_end >= 2 + bounds_.frames; }

  const Bounds bounds_;
  const Rules rules_;
  BlockPool pool_;
  const State* from_ = nullptr;  // what is being expanded
  const Visitor* visit_ = nullptr;
  uint64_t damages_ = 0;
};

// A process that is gone remembers nothing.
inline void Stop(State& s) { s.engine = Engine(); }
// Counters of the model are bytes.
template <typename T>
constexpr uint8_t U8(T value) {
  return static_cast<uint8_t>(value);
}

}  // namespace aeternus::durability_model

#endif  // AETERNUS_STRESS_DURABILITY_MODEL_MODEL_H_
