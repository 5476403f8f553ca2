#include "engine/log_chain.h"

#include <utility>
#include <vector>

#include "base/planted_bug.h"
#include "base/status.h"

namespace aeternus {

std::string EncodeLogLink(const LogLink& link) {
  std::string payload;
  PutU64(&payload, link.predecessor.value);
  PutU64(&payload, link.end_offset);
  PutU64(&payload, link.last_lsn.value);
  return payload;
}

absl::StatusOr<LogLink> DecodeLogLink(std::string_view payload, std::string_view file, uint64_t offset) {
  Decoder in(payload, "log link", file, offset);
  LogLink link;
  AETERNUS_ASSIGN_OR_RETURN(const uint64_t predecessor, in.TakeU64("predecessor"));
  AETERNUS_ASSIGN_OR_RETURN(link.end_offset, in.TakeU64("end offset"));
  AETERNUS_ASSIGN_OR_RETURN(const uint64_t last_lsn, in.TakeU64("last LSN"));
  AETERNUS_RETURN_IF_ERROR(in.ExpectEnd());
  link.predecessor = FileNumber(predecessor);
  link.last_lsn = Lsn(last_lsn);
  return link;
}

LogChain::LogChain(SegmentFactory factory, const LogLink& predecessor, Lsn synced)
    : factory_(std::move(factory)), predecessor_(predecessor), synced_lsn_(synced.value) {}

std::shared_ptr<LogChain::Log> LogChain::active() const {
  env::MutexLock lock(&list_mutex_);
  return active_;
}

std::optional<LogChain::Position> LogChain::active_position() const {
  const std::shared_ptr<Log> log = active();
  if (log == nullptr) return std::nullopt;
  return Position{log->number, log->end_offset.load(std::memory_order_acquire)};
}

LogLink LogChain::end() const {
  if (current_ == nullptr) return predecessor_;
  return {.predecessor = current_->number, .end_offset = current_->end_offset, .last_lsn = Lsn(current_->last_lsn)};
}

void LogChain::RaiseSynced(Lsn lsn) {
  uint64_t seen = synced_lsn_.load(std::memory_order_relaxed);
  while (seen < lsn.value && !synced_lsn_.compare_exchange_weak(seen, lsn.value, std::memory_order_acq_rel)) {
  }
}

absl::StatusOr<FileNumber> LogChain::EnsureNext() {
  env::MutexLock prepare(&prepare_mutex_);
  while (true) {
    {
      env::MutexLock lock(&list_mutex_);
      if (active_ != nullptr) return active_->number;
      if (prepared_ != nullptr) return prepared_->number();
    }
    // Where it is looked for again, because a writer may have begun the log meanwhile, and sealed it too.
    AETERNUS_RETURN_IF_ERROR(PrepareLocked());
  }
}

absl::Status LogChain::PrepareNext() {
  env::MutexLock prepare(&prepare_mutex_);
  return PrepareLocked();
}

absl::Status LogChain::PrepareLocked() {
  {
    env::MutexLock lock(&list_mutex_);
    if (prepared_ != nullptr) return absl::OkStatus();
  }
  AETERNUS_ASSIGN_OR_RETURN(std::unique_ptr<wal::Writer> segment, factory_());
  env::MutexLock lock(&list_mutex_);
  prepared_ = std::move(segment);
  return absl::OkStatus();
}

absl::Status LogChain::Append(absl::Span<const wal::Frame> batches, env::LogFile::Next next, bool* wrote) {
  *wrote = false;
  return current_ == nullptr ? Begin(batches, next, wrote) : AppendToCurrent(batches, next, wrote);
}

absl::Status LogChain::Begin(absl::Span<const wal::Frame> batches, env::LogFile::Next next, bool* wrote) {
  AETERNUS_RETURN_IF_ERROR(EnsureNext().status());
  AETERNUS_RETURN_IF_ERROR(SyncPrepared(wrote));
  {
    env::MutexLock lock(&list_mutex_);
    current_ = std::make_shared<Log>(prepared_->number());
    current_->writer = std::move(prepared_);
    current_->last_lsn = predecessor_.last_lsn.value;
    active_ = current_;  // before its first frame, so that EnsureNext always finds it here or there
  }
  const std::string link = EncodeLogLink(predecessor_);
  std::vector<wal::Frame> frames;
  frames.reserve(batches.size() + 1);
  frames.push_back({.type = wal::FrameType::kLink,
                    .first_lsn = batches.front().first_lsn,
                    .lsn_count = 0,
                    .synced_lsn = synced_lsn(),
                    .payload = link});
  frames.insert(frames.end(), batches.begin(), batches.end());
  const absl::Status status = AppendToCurrent(frames, next, wrote);
  if (!status.ok() && !*wrote) {
    env::MutexLock lock(&list_mutex_);  // still without a frame: it is the prepared one again
    prepared_ = std::move(current_->writer);
    active_ = nullptr;
    current_ = nullptr;
  }
  return status;
}

// An open leaves this to the first write, which perhaps never comes [PREP_DURABLE].
absl::Status LogChain::SyncPrepared(bool* wrote) {
  wal::Writer* prepared = nullptr;
  {
    env::MutexLock lock(&list_mutex_);
    prepared = prepared_.get();  // which only the writer role takes away
  }
  if (prepared->is_head_synced()) return absl::OkStatus();
  const absl::Status status = prepared->Sync();
  *wrote = !status.ok();  // final, as when a frame was lost
  return status;
}

absl::Status LogChain::AppendToCurrent(absl::Span<const wal::Frame> frames, env::LogFile::Next next, bool* wrote) {
  const uint64_t before = current_->writer->size_bytes();
  AETERNUS_RETURN_IF_ERROR(current_->writer->Append(frames, next, wrote));
  const uint64_t end = current_->writer->size_bytes();
  if (frames.back().lsn_count > 0) current_->last_lsn = frames.back().last_lsn().value;
  current_->end_offset.store(end, std::memory_order_release);
  bytes_appended_.fetch_add(end - before, std::memory_order_relaxed);
  return absl::OkStatus();
}

wal::Frame LogChain::SealFrame(const Log& log) const {
  return {.type = wal::FrameType::kSeal, .first_lsn = Lsn(log.last_lsn), .lsn_count = 0, .synced_lsn = synced_lsn()};
}

absl::Status LogChain::Seal(bool* wrote) {
  *wrote = false;
  if (current_ == nullptr) return absl::OkStatus();
  const wal::Frame seal = SealFrame(*current_);
  AETERNUS_RETURN_IF_ERROR(current_->writer->Append({&seal, 1}, env::LogFile::Next::kMore, wrote));
  predecessor_ = end();
  env::MutexLock lock(&list_mutex_);
  older_.push_back(std::move(active_));
  active_ = nullptr;
  current_ = nullptr;
  return absl::OkStatus();
}

absl::Status LogChain::SyncOlderLocked() {
  while (true) {
    std::shared_ptr<Log> oldest;
    {
      env::MutexLock lock(&list_mutex_);
      if (older_.empty()) return absl::OkStatus();
      oldest = older_.front();
    }
    AETERNUS_RETURN_IF_ERROR(oldest->writer->Sync());
    syncs_.fetch_add(1, std::memory_order_relaxed);
    RaiseSynced(Lsn(oldest->last_lsn));
    env::MutexLock lock(&list_mutex_);
    if (!older_.empty() && older_.front() == oldest) older_.pop_front();  // or it was dropped meanwhile
  }
}

bool LogChain::OwesSyncBelow(FileNumber end) const {
  env::MutexLock lock(&list_mutex_);
  return !older_.empty() && older_.front()->number < end;
}

void LogChain::Drop(FileNumber end) {
  while (true) {
    std::shared_ptr<Log> dropped;  // closed without the lock: the system frees what it has cached of the file
    env::MutexLock lock(&list_mutex_);
    if (older_.empty() || older_.front()->number >= end) return;
    dropped = std::move(older_.front());
    older_.pop_front();
    RaiseSynced(Lsn(dropped->last_lsn));
  }
}

absl::Status LogChain::SyncOlder() {
  env::MutexLock sync(&sync_mutex_);
  return SyncOlderLocked();
}

absl::Status LogChain::SyncAll() {
  env::MutexLock sync(&sync_mutex_);
  // The active log first, then its elders: a log that was active here and is sealed meanwhile is synced as an elder.
  const std::shared_ptr<Log> log = active();
  if (!IsPlanted(PlantedBug::kNewLogSyncedBeforeOld)) AETERNUS_RETURN_IF_ERROR(SyncOlderLocked());
  if (log == nullptr) return absl::OkStatus();
  const Lsn covered(log->last_lsn);
  AETERNUS_RETURN_IF_ERROR(log->writer->Sync());
  syncs_.fetch_add(1, std::memory_order_relaxed);
  RaiseSynced(covered);
  return absl::OkStatus();
}

absl::Status LogChain::Close() {
  AETERNUS_RETURN_IF_ERROR(SyncAll());
  bool wrote = false;
  AETERNUS_RETURN_IF_ERROR(Seal(&wrote));
  return SyncOlder();
}

}  // namespace aeternus
