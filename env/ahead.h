// Work that another thread does ahead of the one that will need it: zeroing 2 MiB of memory takes a writer 140 us, a
// page of a log a microsecond, giving 128 KiB of a table to the system 60 us, and a machine that writes has a core to
// spare more often than not.
//
//   Ahead ahead;
//   ahead.Start([next] { return Populate(next, size); });    // while the writer is busy with what comes before
//   ...
//   if (!ahead.Finish()) ...                                 // was not done: do it now
//
// One thread of the process does all of a kind, in the order in which it was asked; it is begun at the first Start.
// Nothing but speed depends on it: what it has not come to when it is needed is taken back.
//
// Thread safety: each object by one thread at a time; different ones by any number.
#ifndef AETERNUS_ENV_AHEAD_H_
#define AETERNUS_ENV_AHEAD_H_

#include "absl/functional/any_invocable.h"

namespace aeternus::env {

class Ahead {
 public:
  // Writers wait for memory, jobs in the background for files: neither shall wait for the other's work.
  enum class Kind { kMemory, kFile };

  explicit Ahead(Kind kind = Kind::kMemory) : kind_(kind) {}
  ~Ahead() { Finish(); }
  Ahead(const Ahead&) = delete;
  Ahead& operator=(const Ahead&) = delete;

  // `work` is short, asks for nothing of this kind itself, and says whether it did what it should. Finishes what was
  // started before.
  void Start(absl::AnyInvocable<bool()> work);
  // Ends it: afterwards the work is done, or will never be begun. Waits if it is being done. The work's answer; false
  // if it had not come to its turn, or if nothing was started.
  bool Finish();

 private:
  friend class AheadThread;
  enum class State { kQueued, kRunning, kDone, kFailed };

  const Kind kind_;
  bool is_started_ = false;  // the owner's own
  // The thread's from Start to Finish.
  State state_ = State::kQueued;
  absl::AnyInvocable<bool()> work_;
};

}  // namespace aeternus::env

#endif  // AETERNUS_ENV_AHEAD_H_
