// What clients did to a database, what it told them and when, as one history; and the rules that make such a history
// linearizable, with the LSN that each operation reports for the order in which the database claims to have done it:
//
//   1. Writes have the LSNs from 1 on, each operation of each batch its own, none used twice, none left out (invariant
//      3; the database was empty and no write failed halfway).
//   2. What ended before something else began has the smaller LSN: of two writes; of a read and a later write. A later
//      read is at an LSN no smaller than that of an earlier write or read.
//   3. A read is at an LSN that some write had already begun to take, and never inside a batch (invariant 2).
//   4. A read found what the operations up to its LSN leave behind, applied one by one to a simple model; at a snapshot
//      too, however much later (invariant 4).
//   5. What a crash leaves is what the writes up to some LSN leave behind, all those included that had to survive it
//      (invariant 1): what was acknowledged, and what was read, as durable as its writer had asked for.
//
// Time is counted in ticks, drawn from one counter before an operation begins and after it has ended.
//
// Thread safety: Ticks by any number of threads; the rest one thread at a time.
#ifndef AETERNUS_STRESS_HISTORY_H_
#define AETERNUS_STRESS_HISTORY_H_

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/config.h"
#include "absl/status/status.h"
#include "stress/oracle.h"

namespace aeternus::stress {

class Ticks {
 public:
  // Under the thread sanitizer the counter orders nothing but itself: it must not see an order between the threads that
  // the database does not make. (An addition is a full barrier on x86, so that the ticks tell the truth all the same.)
  uint64_t Next() {
#ifdef ABSL_HAVE_THREAD_SANITIZER
    return next_.fetch_add(1, std::memory_order_relaxed);
#else
    return next_.fetch_add(1);
#endif
  }

 private:
  std::atomic<uint64_t> next_{1};
};

struct Change {
  enum class Kind { kPut, kDelete, kDeleteRange };
  Kind kind;
  std::string key;
  std::string value;  // of kDeleteRange: the end
};

// What was found in [start, end), in the order in which it was found.
struct Reading {
  std::string start, end;
  Oracle::Pairs rows;
};

struct Operation {
  std::string client;
  std::string what;  // for people
  uint64_t begin = 0, end = 0;
  uint64_t lsn = 0;             // committed at, or read as of
  std::vector<Change> changes;  // of a write
  bool is_synced = false;
  std::optional<Reading> reading;
  std::optional<uint64_t> as_of;  // of a read at a snapshot or by an older iterator: the LSN that it had to be at

  bool is_write() const { return !changes.empty(); }
};

class History {
 public:
  explicit History(std::vector<Operation> operations);
  History(History&&) = default;

  // OK, or the first break of rules 1 to 4.
  absl::Status Check() const;
  // Rule 5, of a crash that came between the ticks `begin` and `end`. Lost power takes what was not synced; a killed
  // process loses nothing.
  absl::Status CheckSurvivors(const Oracle::Pairs& found, bool lost_power, uint64_t begin, uint64_t end) const;
  // What all the writes leave behind.
  Oracle::Pairs Final() const;

  size_t size() const { return by_begin_.size(); }
  // One line for each operation, in the order of their begin.
  std::string ToString() const;

 private:
  absl::Status CheckWrites() const;
  absl::Status CheckRealTime() const;
  absl::Status CheckReads() const;
  bool IsBoundary(uint64_t lsn) const;

  std::vector<Operation> by_begin_;
  std::vector<const Operation*> writes_;  // by LSN
};

}  // namespace aeternus::stress

#endif  // AETERNUS_STRESS_HISTORY_H_
