#include "bench/aeternus_store.h"

#include <memory>
#include <utility>

#include "aeternus/db.h"
#include "base/status.h"

namespace aeternus::bench {
namespace {

class AeternusSession : public Session {
 public:
  AeternusSession(Db* db, bool sync) : db_(db), write_{.sync = sync} {}

  absl::Status Put(std::string_view key, std::string_view value) override { return db_->Put(key, value, write_); }

  absl::Status PutBatch(absl::Span<const KeyValue> entries) override {
    batch_.Clear();
    for (const KeyValue& entry : entries) batch_.Put(entry.key, entry.value);
    return db_->Write(batch_, write_);
  }

  absl::Status DeleteRange(std::string_view start, std::string_view end) override {
    return db_->DeleteRange(start, end, write_);
  }

  absl::StatusOr<bool> Get(std::string_view key) override {
    absl::StatusOr<bool> found = db_->Get({}, key, &value_);
    if (found.ok() && *found) Look(value_.view());
    return found;
  }

  absl::StatusOr<uint64_t> ScanForward(std::string_view from, uint64_t limit) override {
    AETERNUS_RETURN_IF_ERROR(PrepareIterator());
    uint64_t n = 0;
    for (iterator_->Seek(from); n < limit && iterator_->Valid(); iterator_->Next(), ++n) LookAtEntry();
    AETERNUS_RETURN_IF_ERROR(iterator_->status());
    return n;
  }

  absl::StatusOr<uint64_t> ScanBackward() override {
    AETERNUS_RETURN_IF_ERROR(PrepareIterator());
    uint64_t n = 0;
    for (iterator_->SeekToLast(); iterator_->Valid(); iterator_->Prev(), ++n) LookAtEntry();
    AETERNUS_RETURN_IF_ERROR(iterator_->status());
    return n;
  }

  absl::Status Refresh() override {
    is_stale_ = true;
    return absl::OkStatus();
  }

 private:
  absl::Status PrepareIterator() {
    if (iterator_ == nullptr) {
      AETERNUS_ASSIGN_OR_RETURN(iterator_, db_->NewIterator({}));
    } else if (is_stale_) {
      AETERNUS_RETURN_IF_ERROR(iterator_->Refresh());
    }
    is_stale_ = false;
    return absl::OkStatus();
  }

  void LookAtEntry() {
    Look(iterator_->key());
    Look(iterator_->value());
  }

  Db* const db_;
  const WriteOptions write_;
  WriteBatch batch_;
  PinnedValue value_;
  std::unique_ptr<Iterator> iterator_;
  bool is_stale_ = false;
};

class AeternusStore : public Store {
 public:
  AeternusStore(std::unique_ptr<Db> db, bool sync) : db_(std::move(db)), sync_(sync) {}

  std::unique_ptr<Session> NewSession() override { return std::make_unique<AeternusSession>(db_.get(), sync_); }

  absl::Status Flush() override { return db_->Flush(); }

  absl::Status Settle() override {
    AETERNUS_RETURN_IF_ERROR(db_->Flush());
    return db_->WaitForBackgroundWork();
  }

  absl::Status Compact() override { return db_->MajorCompact().status(); }
  absl::Status Close() override { return db_->Close(); }

 private:
  const std::unique_ptr<Db> db_;
  const bool sync_;
};

absl::StatusOr<std::unique_ptr<Store>> Open(const StoreSettings& settings) {
  DbConfig config;
  config.write_buffer_bytes = settings.write_buffer_bytes;
  // One number holds what peers have as two: the cache, and as many write buffers as there may be.
  config.memory_budget_bytes =
      settings.cache_bytes + static_cast<size_t>(1 + config.max_frozen_memtables) * settings.write_buffer_bytes;
  config.table.filter_bits_per_key = settings.filter_bits_per_key;
  if (settings.many_tables) {
    config.compaction.min_threshold = 64;
    config.compaction.max_threshold = 64;  // of tables that overlap nothing, as these are
  }
  AETERNUS_ASSIGN_OR_RETURN(std::unique_ptr<Db> db, Db::Open(settings.directory, config));
  return std::make_unique<AeternusStore>(std::move(db), settings.sync);
}

}  // namespace

Engine AeternusEngine() {
  return {
      .name = "aeternus",
      .version = "this checkout",
      .build = "as `--config=release` in .bazelrc says: -O2 -DNDEBUG -msse4.2 -mpclmul",
      .settings =
          "memory budget of the cache and three write buffers in one number; sync or not by WriteOptions; "
          "pinned reads; checksums always verified; the rest as DbConfig has it",
      .open = Open,
  };
}

}  // namespace aeternus::bench
