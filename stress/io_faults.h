// The failures of one run: which calls of a simulated disk failed, who made them, and in which step.
//
// Thread safety: the rule may be asked by any number of threads; the rest by the thread that made the object.
#ifndef AETERNUS_STRESS_IO_FAULTS_H_
#define AETERNUS_STRESS_IO_FAULTS_H_

#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "env/testing/sim_file_system.h"

namespace aeternus::stress {

// Call number `call`, or all from it on, fails that way. kNever: none does.
struct Injection {
  static constexpr uint64_t kNever = ~uint64_t{0};
  uint64_t call = kNever;
  env::testing::Fault fault = env::testing::Fault::kNone;
  bool for_good = false;
};

// What failed in one step.
struct FailedCalls {
  std::vector<env::testing::FileCall> own;     // by the thread that runs the script
  std::vector<env::testing::FileCall> others;  // by background work
  bool empty() const { return own.empty() && others.empty(); }
};

class IoFaults {
 public:
  // Makes `disk` fail as `injection` says until this object goes away or Lift is called.
  IoFaults(env::testing::SimFileSystem* disk, const Injection& injection);
  ~IoFaults() { Lift(); }

  void Lift() { disk_->SetFaultRule(nullptr); }
  // What failed since the last call, or since the beginning.
  FailedCalls Take();

  // "op path" of every call so far.
  std::vector<std::string> trace() const;
  uint64_t injected() const;
  // Whether a sync failed that makes a database read-only: of a log, of the manifest, of CURRENT, of a directory. Those
  // of tables do not: a table is thrown away and made again.
  bool final_sync_failed() const;
  // Whether the script's own thread has made a call after that, or the very call.
  bool went_on_after_final_sync() const;
  void ForgetFinalSync();  // before a reopen

 private:
  env::testing::Fault Decide(const env::testing::FileCall& call);

  env::testing::SimFileSystem* const disk_;
  const Injection injection_;
  const std::thread::id own_thread_ = std::this_thread::get_id();

  mutable std::mutex mutex_;
  std::vector<std::string> trace_;
  FailedCalls failed_;
  uint64_t injected_ = 0;
  bool final_sync_failed_ = false;
  uint64_t final_sync_call_ = 0;
  uint64_t last_own_call_ = 0;
};

// Whether nobody is told when that call fails: deletions are owed and tried again, and the reserve file may be missing.
bool IsHousekeeping(const env::testing::FileCall& call);
// Whether `status` names the file of one of the calls.
bool NamesOneOf(const std::vector<env::testing::FileCall>& calls, const absl::Status& status);

}  // namespace aeternus::stress

#endif  // AETERNUS_STRESS_IO_FAULTS_H_
