// One engine's run through one group of rows, in a process of its own: holds the open store, and measures phases.
//
//   Trial trial({.engine = AeternusEngine(), .key_count = 1'000'000, .directory = "/tmp/x"});
//   AETERNUS_RETURN_IF_ERROR(trial.Open());
//   AETERNUS_RETURN_IF_ERROR(trial.Measure({.row = "fillseq", .operations = n, .writes = true}, [&](Session* s,
//   uint64_t i) {
//     return s->Put(key(i), value(i));
//   }));
//   for (const Row& row : trial.rows()) ...
//
// Keys and values are made inside the timed loop, by the same few instructions for every engine; which key comes next
// is chosen beforehand.
//
// Thread safety: one thread at a time; operations run on as many as a phase says.
#ifndef AETERNUS_BENCH_TRIAL_H_
#define AETERNUS_BENCH_TRIAL_H_

#include <atomic>
#include <barrier>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <latch>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/status.h"
#include "bench/data.h"
#include "bench/measure.h"
#include "bench/row.h"
#include "bench/store.h"

namespace aeternus::bench {

struct TrialConfig {
  Engine engine;
  KeySeries key_series = KeySeries::kDecimal;
  uint64_t key_count = 1'000'000;
  size_t value_bytes = 100;
  std::string directory;  // absent or empty, unless a process before prepared it
  // Which rows are to be reported. Those that only read are skipped otherwise.
  std::function<bool(std::string_view)> wants = [](std::string_view) { return true; };
};

struct Phase {
  std::string row;
  uint64_t operations = 0;
  uint64_t entries_per_operation = 1;  // the rate is of entries
  int threads = 1;                     // operations are shared out evenly
  bool writes = false;                 // so that it must run for the sake of later phases, whoever wants its row
  bool settles = false;                // resources are counted until the engine has settled; time is not
  bool has_latencies = true;
};

class Trial {
 public:
  explicit Trial(TrialConfig config);

  const Engine& engine() const { return config_.engine; }
  const KeySpace& keys() const { return keys_; }
  const ValuePool& values() const { return values_; }
  uint64_t key_count() const { return config_.key_count; }
  // No row is called "", which is for phases that only prepare.
  bool Wants(std::string_view row) const { return !row.empty() && config_.wants(row); }
  const std::vector<Row>& rows() const { return rows_; }

  // Opens the store in the trial's directory. `settings` need not say where, nor how large its data will be.
  absl::Status Open(StoreSettings settings = {});
  Store& store() { return *store_; }
  absl::Status Close();

  // Calls `operation(Session*, i)` for each i below phase.operations, and adds a row.
  template <typename Operation>
  absl::Status Measure(const Phase& phase, const Operation& operation);
  // The same for two phases at once, of one thread each. `second` begins before `first` and goes
  // on, over and over, until that is done.
  template <typename First, typename Second>
  absl::Status MeasureTogether(const Phase& first_phase, const First& first, const Phase& second_phase,
                               const Second& second);
  // Measures calls of the store itself, by this thread and while there is no session.
  absl::Status MeasureStore(const Phase& phase, const std::function<absl::Status()>& operation);

 private:
  // What one thread did.
  struct Lane {
    std::unique_ptr<Session> session;
    OpTimer timer;
    uint64_t operations = 0;
    absl::Status status;
  };

  std::vector<Lane> NewLanes(int count);
  void BeginPhase();
  // Joins what the lanes measured to a row, if it is wanted, and ends their sessions.
  absl::Status EndPhase(const Phase& phase, std::vector<Lane>& lanes);
  static Row RowOf(const Phase& phase, const std::vector<Lane>& lanes);

  template <typename Operation>
  static void RunLane(Lane& lane, uint64_t begin, uint64_t end, const Operation& operation) {
    lane.timer.Start();
    for (uint64_t i = begin; i < end; ++i) {
      lane.status = operation(lane.session.get(), i);
      if (!lane.status.ok()) return;
      lane.timer.Lap();
    }
    lane.timer.Stop();
    lane.operations = end - begin;
  }

  const TrialConfig config_;
  const KeySpace keys_;
  const ValuePool values_;
  std::unique_ptr<Store> store_;
  uint64_t resident_before_ = 0;
  Usage usage_before_;
  std::vector<Row> rows_;
};

template <typename Operation>
absl::Status Trial::Measure(const Phase& phase, const Operation& operation) {
  if (!phase.writes && !Wants(phase.row)) return absl::OkStatus();
  std::vector<Lane> lanes = NewLanes(phase.threads);
  BeginPhase();
  if (phase.threads == 1) {
    RunLane(lanes[0], 0, phase.operations, operation);
  } else {
    std::barrier start(phase.threads);
    std::vector<std::thread> threads;
    for (size_t t = 0; t < lanes.size(); ++t) {
      threads.emplace_back([&, t] {
        start.arrive_and_wait();
        RunLane(lanes[t], phase.operations * t / lanes.size(), phase.operations * (t + 1) / lanes.size(), operation);
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  return EndPhase(phase, lanes);
}

template <typename First, typename Second>
absl::Status Trial::MeasureTogether(const Phase& first_phase, const First& first, const Phase& second_phase,
                                    const Second& second) {
  std::vector<Lane> lanes = NewLanes(1);
  std::vector<Lane> others = NewLanes(1);
  std::atomic<bool> is_done = false;
  std::latch is_running(1);
  BeginPhase();
  std::thread thread([&] {
    Lane& lane = others[0];
    lane.timer.Start();
    do {
      lane.status = second(lane.session.get(), lane.operations % second_phase.operations);
      lane.timer.Lap();
      if (++lane.operations == 1) is_running.count_down();
    } while (!is_done.load(std::memory_order_relaxed) && lane.status.ok());
    lane.timer.Stop();
  });
  is_running.wait();
  RunLane(lanes[0], 0, first_phase.operations, first);
  is_done = true;
  thread.join();
  others[0].session.reset();
  AETERNUS_RETURN_IF_ERROR(others[0].status);
  AETERNUS_RETURN_IF_ERROR(EndPhase(first_phase, lanes));
  if (Wants(second_phase.row)) rows_.push_back(RowOf(second_phase, others));
  return absl::OkStatus();
}

}  // namespace aeternus::bench

#endif  // AETERNUS_BENCH_TRIAL_H_
