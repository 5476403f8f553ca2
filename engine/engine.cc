#include "aeternus/engine.h"

#include "base/status.h"
#include "engine/batch_format.h"
#include "engine/config_check.h"
#include "engine/core.h"

namespace aeternus {
namespace {

CoreOptions OptionsOf(const EngineConfig& config) {
  return {.write_buffer_bytes = config.write_buffer_bytes,
          .memory_budget_bytes = config.memory_budget_bytes,
          .table = config.table,
          .compaction = config.compaction,
          .create_if_missing = config.create_if_missing,
          .error_if_exists = config.error_if_exists,
          .keep_reserve = config.keep_reserve,
          .map_unsynced_writes = config.map_unsynced_writes,
          .env = config.env};
}

}  // namespace

Engine::Engine(std::shared_ptr<Core> core) : core_(std::move(core)) {}
Engine::~Engine() = default;

absl::StatusOr<std::unique_ptr<Engine>> Engine::Open(const std::string& dir, const EngineConfig& config) {
  AETERNUS_RETURN_IF_ERROR(CheckConfig(config));
  AETERNUS_ASSIGN_OR_RETURN(std::shared_ptr<Core> core, Core::Open(dir, OptionsOf(config)));
  return std::unique_ptr<Engine>(new Engine(std::move(core)));
}

absl::Status Engine::Close() {
  if (core_->is_closed()) return absl::OkStatus();
  AETERNUS_RETURN_IF_ERROR(core_->CheckNoHandles());
  // A failed engine flushes nothing; Core::Close says why it failed.
  if (core_->CheckWritable().ok()) AETERNUS_RETURN_IF_ERROR(FlushAllFrozen().status());
  return core_->Close();
}

absl::Status Engine::Put(std::string_view key, std::string_view value, const WriteOptions& options) {
  WriteBatch batch;
  batch.Put(key, value);
  return Write(batch, options);
}

absl::Status Engine::Delete(std::string_view key, const WriteOptions& options) {
  WriteBatch batch;
  batch.Delete(key);
  return Write(batch, options);
}

absl::Status Engine::DeleteRange(std::string_view start, std::string_view end, const WriteOptions& options) {
  WriteBatch batch;
  batch.DeleteRange(start, end);
  return Write(batch, options);
}

absl::Status Engine::Write(const WriteBatch& batch, const WriteOptions& options) {
  if (batch.empty()) return core_->CheckWritable();
  AETERNUS_RETURN_IF_ERROR(CheckBatch(batch));
  PendingCommit commit{.batch = &batch, .sync = options.sync, .status = absl::OkStatus()};
  PendingCommit* group[] = {&commit};
  core_->Commit(group);
  AETERNUS_RETURN_IF_ERROR(commit.status);
  if (options.commit_lsn != nullptr) *options.commit_lsn = commit.last_lsn.value;
  return absl::OkStatus();
}

absl::StatusOr<std::optional<std::string>> Engine::Get(std::string_view key, const ReadOptions& options) {
  return core_->Get(key, options);
}

absl::StatusOr<bool> Engine::Get(const ReadOptions& options, std::string_view key, PinnedValue* value) {
  return core_->GetPinned(key, options, value);
}

std::vector<absl::StatusOr<bool>> Engine::MultiGet(const ReadOptions& options, absl::Span<const std::string_view> keys,
                                                   absl::Span<PinnedValue> values) {
  return core_->MultiGet(options, keys, values);
}

absl::StatusOr<std::vector<std::pair<std::string, std::string>>> Engine::Scan(std::string_view start,
                                                                              std::string_view end,
                                                                              const ReadOptions& options) {
  return core_->Scan(start, end, options);
}

absl::StatusOr<std::unique_ptr<Iterator>> Engine::NewIterator(const ReadOptions& options, IteratorOptions bounds) {
  return core_->NewIterator(options, std::move(bounds));
}

absl::StatusOr<std::unique_ptr<const Snapshot>> Engine::GetSnapshot() { return core_->GetSnapshot(); }

absl::StatusOr<bool> Engine::FreezeMemtable() { return core_->Freeze(); }
absl::StatusOr<bool> Engine::FlushOldestFrozen() { return core_->FlushOldestFrozen(); }

absl::StatusOr<bool> Engine::FlushAllFrozen() {
  bool did_anything = false;
  while (true) {
    AETERNUS_ASSIGN_OR_RETURN(const bool flushed, core_->FlushOldestFrozen());
    if (!flushed) return did_anything;
    did_anything = true;
  }
}

absl::StatusOr<bool> Engine::MinorCompact() { return core_->MinorCompact(); }
absl::StatusOr<bool> Engine::TombstoneCompact() { return core_->TombstoneCompact(); }
absl::StatusOr<bool> Engine::MajorCompact() { return core_->MajorCompact(); }

absl::StatusOr<aeternus::Stats> Engine::Stats() {
  AETERNUS_RETURN_IF_ERROR(core_->CheckOpen());
  return core_->Stats();
}

absl::Status Engine::Verify() { return core_->Verify(); }

}  // namespace aeternus
