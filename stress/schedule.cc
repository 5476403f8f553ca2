#include "stress/schedule.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "aeternus/db.h"
#include "aeternus/engine.h"
#include "base/status.h"
#include "env/testing/sim_env.h"
#include "env/testing/sim_scheduler.h"
#include "stress/client.h"
#include "stress/history.h"
#include "stress/rng.h"
#include "stress/sim_database.h"

namespace aeternus::stress {
namespace {

using env::testing::SimEnv;
using env::testing::SimScheduler;

constexpr char kDirectory[] = "/db";
constexpr int kKeys = 4;
constexpr uint64_t kMaxSteps = 200'000;  // a hundred times what a schedule takes

enum class Ending { kClosed, kClosedMeanwhile, kDestroyed };

template <typename Database>
absl::StatusOr<Oracle::Pairs> PairsOf(Database& database) {
  AETERNUS_ASSIGN_OR_RETURN(const Contents contents, ReadAll(database));
  return Oracle::Pairs(contents.begin(), contents.end());
}

absl::Status WithContext(std::string_view context, const absl::Status& status) {
  return status.ok() ? status : absl::Status(status.code(), absl::StrCat(context, ": ", status.message()));
}

// The database of the schedule, its clients and its machine.
class World {
 public:
  World(uint64_t seed, bool keep_events)
      : rng_(seed),
        scheduler_({.seed = seed, .keep_events = keep_events, .max_steps = kMaxSteps}),
        env_(seed, nullptr, &scheduler_) {
    config_.write_buffer_bytes = 1024;
    config_.max_frozen_memtables = 1 + static_cast<int>(rng_.Below(2));
    config_.background_threads = 1;
    config_.memory_budget_bytes = size_t{1} << 20;
    config_.table.block_size_bytes = 256;
    config_.compaction.min_table_size_bytes = rng_.OneIn(2) ? 0 : 64 << 10;
    config_.compaction.min_threshold = 2;
    config_.compaction.tombstone_ratio = 0.1;
    config_.env = env_.env();
    constexpr Ending kEndings[] = {Ending::kClosed, Ending::kClosed, Ending::kClosedMeanwhile, Ending::kDestroyed};
    ending_ = kEndings[rng_.Below(4)];
  }

  // False when the threads stand still.
  bool Run(ScheduleResult* result) {
    const absl::Status ran = scheduler_.Run([this] { status_ = Live(); });
    result->status = ran.ok() ? status_ : ran;
    result->switches = scheduler_.switches();
    result->steps = scheduler_.steps();
    result->event_hash = scheduler_.event_hash();
    result->events = scheduler_.events();
    return ran.ok();
  }

  void Check(ScheduleResult* result) {
    std::vector<Operation> operations;
    std::vector<CrashedDisk> crashes;
    for (const auto& client : clients_) {
      client->AppendTo(&operations, &crashes);
      result->status.Update(client->status());
    }
    const History history(std::move(operations));
    result->history = history.ToString();
    result->operations = history.size();
    result->flushes = stats_.flushes;
    result->compactions = stats_.minor_compactions + stats_.tombstone_compactions + stats_.major_compactions;
    result->writer_waits = stats_.writer_waits;
    result->shared_commits = stats_.commits - stats_.commit_groups;
    result->status.Update(history.Check());
    if (!result->status.ok()) return;
    if (reopened_ != history.Final()) {
      result->status = absl::InternalError("opened again, the database does not hold what was written");
    }
    for (CrashedDisk& crash : crashes) {
      result->status.Update(CheckCrash(history, std::move(crash)));
      ++result->crashes;
    }
  }

 private:
  // The first thread.
  absl::Status Live() {
    AETERNUS_ASSIGN_OR_RETURN(db_, Db::Open(kDirectory, config_));
    StartClients();
    if (ending_ == Ending::kClosedMeanwhile) {
      // Refused while a client holds something; and then it has to stay open.
      const absl::Status closed = db_->Close();
      if (!closed.ok() && !absl::IsFailedPrecondition(closed)) return WithContext("closing meanwhile", closed);
    }
    for (const SimScheduler::ThreadId thread : threads_) scheduler_.Join(thread);
    if (ending_ == Ending::kClosed && rng_.OneIn(2)) {
      AETERNUS_RETURN_IF_ERROR(WithContext("background work", db_->WaitForBackgroundWork()));
    }
    if (absl::StatusOr<Stats> stats = db_->Stats(); stats.ok()) stats_ = *std::move(stats);
    if (ending_ != Ending::kDestroyed) AETERNUS_RETURN_IF_ERROR(WithContext("closing", db_->Close()));
    db_.reset();
    AETERNUS_ASSIGN_OR_RETURN(db_, Db::Open(kDirectory, config_));
    AETERNUS_ASSIGN_OR_RETURN(reopened_, PairsOf(*db_));
    AETERNUS_RETURN_IF_ERROR(db_->Close());
    db_.reset();
    return absl::OkStatus();
  }

  void StartClients() {
    const uint64_t count = 3 + rng_.Below(2);
    for (uint64_t i = 0; i < count; ++i) {
      clients_.push_back(std::make_unique<Client>(
          absl::StrCat("client-", i + 1), rng_.Next(), db_.get(), &ticks_,
          ClientOptions{
              .keys = kKeys, .disk = &env_.file_system(), .may_be_closed = ending_ == Ending::kClosedMeanwhile}));
    }
    for (const auto& client : clients_) {
      const int operations = 5 + static_cast<int>(rng_.Below(4));
      threads_.push_back(scheduler_.Start(client->name(), [&client, operations] { client->Run(operations); }));
    }
  }

  // Without threads, and so without the scheduler.
  absl::Status CheckCrash(const History& history, CrashedDisk crash) const {
    SimDatabase database({.write_buffer_bytes = config_.write_buffer_bytes, .compaction = config_.compaction},
                         std::move(crash.disk));
    AETERNUS_RETURN_IF_ERROR(WithContext("opening what a crash left", database.Open()));
    AETERNUS_ASSIGN_OR_RETURN(const Oracle::Pairs found, PairsOf(*database));
    return history.CheckSurvivors(found, crash.lost_power, crash.begin, crash.end);
  }

  Rng rng_;
  SimScheduler scheduler_;
  SimEnv env_;
  DbConfig config_;
  Ending ending_;
  Ticks ticks_;
  std::unique_ptr<Db> db_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<SimScheduler::ThreadId> threads_;
  absl::Status status_;
  Stats stats_;
  Oracle::Pairs reopened_;
};

}  // namespace

ScheduleResult RunSchedule(uint64_t seed, bool keep_events) {
  auto world = std::make_unique<World>(seed, keep_events);
  ScheduleResult result;
  if (world->Run(&result)) {
    world->Check(&result);
  } else {
    world.release();  // NOLINT: its threads stand in it for ever
  }
  return result;
}

}  // namespace aeternus::stress
