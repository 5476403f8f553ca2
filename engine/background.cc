#include "engine/background.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "env/sync_point.h"

namespace aeternus {
namespace {

// How often a flush that failed for another reason than space is tried before the database becomes read-only.
constexpr int kFlushAttempts = 5;

}  // namespace

Background::Background(std::shared_ptr<Core> core, env::Env* env, int threads, int max_frozen)
    : core_(std::move(core)), env_(env), threads_(threads), max_frozen_(static_cast<size_t>(max_frozen)) {
  core_->OnScansPaid([this] { WakeCompactions(); });
  Start();
}

Background::~Background() {
  core_->OnScansPaid(nullptr);
  Stop();
}

absl::Status Background::StoppedError() const { return absl::FailedPreconditionError("the database is closed"); }

void Background::Start() {
  core_->CancelMerges(false);
  {
    env::MutexLock lock(&mutex_);
    if (!stopped_) return;
    stopped_ = false;
    flusher_ = env_->executors->NewExecutor(1, "aeternus-flush");
    compactor_ = env_->executors->NewExecutor(threads_, "aeternus-merge");
  }
  Wake();
}

void Background::Stop() {
  std::unique_ptr<env::Executor> flusher, compactor;
  {
    env::MutexLock lock(&mutex_);
    if (stopped_) return;
    stopped_ = true;
    flusher = std::move(flusher_);
    compactor = std::move(compactor_);
    changed_.SignalAll();
  }
  core_->CancelMerges(true);
  flusher.reset();  // joins
  compactor.reset();
}

void Background::Wake() {
  if (core_->frozen_count() == 0) return;
  env::MutexLock lock(&mutex_);
  ScheduleFlush();
}

void Background::WakeCompactions() {
  env::MutexLock lock(&mutex_);
  ScheduleCompaction();
}

void Background::ScheduleFlush() {
  if (stopped_ || flush_scheduled_) return;
  flush_scheduled_ = true;
  flusher_->Schedule([this] { RunFlushes(); });
}

void Background::ScheduleCompaction() {
  compaction_wanted_ = true;
  if (stopped_ || compaction_scheduled_) return;
  compaction_scheduled_ = true;
  compactor_->Schedule([this] { RunCompactions(); });
}

void Background::RunFlushes() {
  // A writer that finds no log prepared makes one itself, and meets the same error there.
  core_->PrepareLog().IgnoreError();
  while (true) {
    const absl::StatusOr<bool> flushed = core_->FlushOldestFrozen();
    if (flushed.ok()) env::SyncPoint("flush:end");
    env::MutexLock lock(&mutex_);
    bool again = false;
    if (flushed.ok()) {
      flush_error_ = absl::OkStatus();
      flush_failures_ = 0;
      if (*flushed) ScheduleCompaction();
      again = core_->frozen_count() > 0;
    } else {
      again = NoteFlushFailure(flushed.status());
    }
    changed_.SignalAll();
    if (again && !stopped_) continue;
    flush_scheduled_ = false;
    return;
  }
}

bool Background::NoteFlushFailure(const absl::Status& status) {
  flush_error_ = status;
  if (absl::IsResourceExhausted(status) || absl::IsCancelled(status)) return false;
  if (!core_->CheckWritable().ok()) return false;
  if (++flush_failures_ < kFlushAttempts) return true;
  core_->Fail(status).IgnoreError();  // kept by the core, and told to every writer
  return false;
}

void Background::RunCompactions() {
  while (true) {
    {
      env::MutexLock lock(&mutex_);
      if (stopped_ || !compaction_wanted_) {
        compaction_scheduled_ = false;
        changed_.SignalAll();
        return;
      }
      compaction_wanted_ = false;
    }
    absl::StatusOr<bool> did = true;
    while (did.ok() && *did) {
      did = core_->MinorCompact();
      if (did.ok() && !*did) did = core_->TombstoneCompact();
      if (did.ok() && !*did) did = core_->ScanCompact();
    }
    env::MutexLock lock(&mutex_);
    compaction_error_ = did.status();
  }
}

absl::Status Background::WaitForRoom(size_t bytes) {
  if (!core_->WouldFreeze(bytes) || core_->frozen_count() < max_frozen_) return absl::OkStatus();
  const int64_t begin = env_->clock->MonotonicNanos();
  env::MutexLock lock(&mutex_);
  ++writer_waits_;
  last_wait_reason_ = absl::StrCat(max_frozen_, " memtables are full and not yet flushed (max_frozen_memtables)");
  absl::Status status;
  bool has_tried = false;
  while (core_->frozen_count() >= max_frozen_) {
    status = stopped_ ? StoppedError() : core_->CheckWritable();
    if (!status.ok()) break;
    if (!flush_scheduled_) {
      if (has_tried && !flush_error_.ok()) {
        status = flush_error_;
        break;
      }
      has_tried = true;
      ScheduleFlush();
    }
    changed_.Wait(&mutex_);
  }
  writer_wait_nanos_ += env_->clock->MonotonicNanos() - begin;
  return status;
}

bool Background::IsMending() const { return flush_scheduled_ && !stopped_ && !flush_error_.ok(); }

absl::Status Background::WaitForFlushes() {
  env::MutexLock lock(&mutex_);
  bool has_tried = false;
  while (core_->frozen_count() > 0 || IsMending()) {
    if (stopped_) return StoppedError();
    AETERNUS_RETURN_IF_ERROR(core_->CheckWritable());
    if (!flush_scheduled_) {
      if (has_tried && !flush_error_.ok()) return flush_error_;
      has_tried = true;
      ScheduleFlush();
    }
    changed_.Wait(&mutex_);
  }
  return absl::OkStatus();
}

absl::Status Background::WaitUntilIdle() {
  env::MutexLock lock(&mutex_);
  while (!stopped_ && (flush_scheduled_ || compaction_scheduled_)) changed_.Wait(&mutex_);
  if (stopped_) return StoppedError();
  return flush_error_.ok() ? compaction_error_ : flush_error_;
}

void Background::AddTo(Stats* stats) const {
  env::MutexLock lock(&mutex_);
  stats->writer_waits = writer_waits_;
  stats->writer_wait_micros = static_cast<uint64_t>(writer_wait_nanos_ / 1000);
  stats->last_writer_wait_reason = last_wait_reason_;
  const absl::Status& error = flush_error_.ok() ? compaction_error_ : flush_error_;
  if (!error.ok()) stats->background_error = error.ToString();
  if (stats->state == EngineState::kHealthy && stats->frozen_memtables >= max_frozen_) {
    stats->state = EngineState::kThrottled;
    stats->state_reason = absl::StrCat(stats->frozen_memtables, " memtables are full and not yet flushed");
  }
}

}  // namespace aeternus
