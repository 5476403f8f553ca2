// What the writers of a killed process write: each writer has keys of its own and writes number 1, 2, 3 ... to them,
// and the seed says what each of these is. So whoever knows the seed and how many writes of each writer a database has,
// knows its whole contents.
//
//   ProcessHistory history(/*seed=*/7);
//   db->Write(BatchOf(history.WriteOf(/*writer=*/0, /*number=*/1)), {.sync = history.IsSynced(0, 1)});
//   Contents contents;
//   Apply(history.WriteOf(0, 1), contents);
//
// Every write is one batch that also puts its number to CountKey(writer): the count is in the database, and a batch
// that was torn would show.
#ifndef AETERNUS_STRESS_PROCESS_HISTORY_H_
#define AETERNUS_STRESS_PROCESS_HISTORY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "stress/write_spec.h"

namespace aeternus::stress {

inline constexpr int kProcessWriters = 3;

class ProcessHistory {
 public:
  explicit ProcessHistory(uint64_t seed) : seed_(seed) {}

  // Number `number` (from 1) of writer `writer` (from 0).
  std::vector<WriteSpec> WriteOf(int writer, uint64_t number) const;
  bool IsSynced(int writer, uint64_t number) const;
  static std::string CountKey(int writer);

 private:
  uint64_t seed_;
};

}  // namespace aeternus::stress

#endif  // AETERNUS_STRESS_PROCESS_HISTORY_H_
