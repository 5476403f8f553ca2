#include "stress/peers/rocksdb_subject.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "aeternus/iterator.h"
#include "aeternus/snapshot.h"
#include "base/status.h"
#include "rocksdb/db.h"
#include "rocksdb/env.h"
#include "rocksdb/iterator.h"
#include "rocksdb/options.h"
#include "rocksdb/slice.h"
#include "rocksdb/snapshot.h"
#include "rocksdb/status.h"
#include "rocksdb/write_batch.h"
#include "stress/differential/stepwise_iterator.h"

namespace aeternus::stress {
namespace {

absl::Status Translated(const rocksdb::Status& status) {
  return status.ok() ? absl::OkStatus() : absl::InternalError(status.ToString());
}

rocksdb::Slice SliceOf(std::string_view bytes) { return {bytes.data(), bytes.size()}; }

class RocksSnapshot final : public Snapshot {
 public:
  explicit RocksSnapshot(rocksdb::DB* db)
      : snapshot_(db->GetSnapshot(), [db](const rocksdb::Snapshot* snapshot) { db->ReleaseSnapshot(snapshot); }) {}
  uint64_t lsn() const override { return snapshot_->GetSequenceNumber(); }
  // Shared with iterators: RocksDB's look at the snapshot as long as they live.
  const std::shared_ptr<const rocksdb::Snapshot>& get() const { return snapshot_; }

 private:
  const std::shared_ptr<const rocksdb::Snapshot> snapshot_;
};

rocksdb::ReadOptions Translated(const ReadOptions& options) {
  rocksdb::ReadOptions translated;
  if (options.snapshot != nullptr)
    translated.snapshot = static_cast<const RocksSnapshot*>(options.snapshot)->get().get();
  return translated;
}

class RocksIterator final : public StepwiseIterator {
 public:
  RocksIterator(rocksdb::DB* db, const ReadOptions& options, const IteratorOptions& bounds) : bounds_(bounds) {
    if (options.snapshot != nullptr) snapshot_ = static_cast<const RocksSnapshot*>(options.snapshot)->get();
    rocksdb::ReadOptions translated = Translated(options);
    if (bounds_.lower_bound) translated.iterate_lower_bound = &(lower_ = *bounds_.lower_bound);
    if (bounds_.upper_bound) translated.iterate_upper_bound = &(upper_ = *bounds_.upper_bound);
    // Its debug builds refuse inverted bounds.
    is_empty_ = bounds_.lower_bound && bounds_.upper_bound && *bounds_.upper_bound <= *bounds_.lower_bound;
    if (is_empty_) translated.iterate_lower_bound = translated.iterate_upper_bound = nullptr;
    iterator_.reset(db->NewIterator(translated));
  }

  absl::Status status() const override { return Translated(iterator_->status()); }
  uint64_t lsn() const override { return 0; }  // nobody compares those of different stores

 private:
  bool IsOnPair() const override { return !is_empty_ && iterator_->Valid(); }
  Pair Current() const override { return {iterator_->key().ToStringView(), iterator_->value().ToStringView()}; }
  void GoToFirst() override { iterator_->SeekToFirst(); }
  void GoToLast() override { iterator_->SeekToLast(); }
  void GoTo(std::string_view target) override { iterator_->Seek(SliceOf(target)); }
  void GoToOrBefore(std::string_view target) override { iterator_->SeekForPrev(SliceOf(target)); }
  void StepForward() override { iterator_->Next(); }
  void StepBackward() override { iterator_->Prev(); }
  absl::Status Renew() override {
    if (snapshot_ != nullptr) return absl::FailedPreconditionError("an iterator over a snapshot");
    return Translated(iterator_->Refresh());
  }

  std::shared_ptr<const rocksdb::Snapshot> snapshot_;
  const IteratorOptions bounds_;
  rocksdb::Slice lower_, upper_;  // of bounds_; the iterator points to them
  bool is_empty_ = false;
  std::unique_ptr<rocksdb::Iterator> iterator_;
};

class RocksDbSubject final : public Subject {
 public:
  RocksDbSubject() : env_(rocksdb::NewMemEnv(rocksdb::Env::Default())) {}

  absl::Status Open() {
    rocksdb::Options options;
    options.env = env_.get();
    options.create_if_missing = true;
    options.write_buffer_size = 64 << 10;
    options.level0_file_num_compaction_trigger = 2;
    options.compression = rocksdb::kNoCompression;
    options.info_log_level = rocksdb::FATAL_LEVEL;
    rocksdb::DB* db = nullptr;
    AETERNUS_RETURN_IF_ERROR(Translated(rocksdb::DB::Open(options, "/db", &db)));
    db_.reset(db);
    return absl::OkStatus();
  }

  absl::Status Write(const std::vector<WriteSpec>& writes, bool sync) override {
    rocksdb::WriteBatch batch;
    for (const WriteSpec& write : writes) {
      switch (write.kind) {
        case WriteSpec::Kind::kPut:
          AETERNUS_RETURN_IF_ERROR(Translated(batch.Put(write.key, write.value.Bytes())));
          break;
        case WriteSpec::Kind::kDelete:
          AETERNUS_RETURN_IF_ERROR(Translated(batch.Delete(write.key)));
          break;
        case WriteSpec::Kind::kDeleteRange:
          AETERNUS_RETURN_IF_ERROR(Translated(batch.DeleteRange(write.key, write.end)));
          break;
      }
    }
    rocksdb::WriteOptions options;
    options.sync = sync;
    return Translated(db_->Write(options, &batch));
  }

  absl::StatusOr<std::optional<std::string>> Get(std::string_view key, const ReadOptions& options) override {
    std::string value;
    const rocksdb::Status status = db_->Get(Translated(options), SliceOf(key), &value);
    if (status.IsNotFound()) return std::nullopt;
    AETERNUS_RETURN_IF_ERROR(Translated(status));
    return value;
  }
  absl::StatusOr<std::unique_ptr<Iterator>> NewIterator(const ReadOptions& options,
                                                        const IteratorOptions& bounds) override {
    return std::make_unique<RocksIterator>(db_.get(), options, bounds);
  }
  absl::StatusOr<std::unique_ptr<const Snapshot>> GetSnapshot() override {
    return std::make_unique<const RocksSnapshot>(db_.get());
  }

  absl::Status Maintain(Maintenance maintenance) override {
    switch (maintenance) {
      case Maintenance::kFlushAll:
        ++flushes_;
        return Translated(db_->Flush({}));
      case Maintenance::kMajorCompact:
        ++compactions_;
        return Translated(db_->CompactRange({}, nullptr, nullptr));
      default:
        return absl::OkStatus();
    }
  }
  void PassTime() override {}
  absl::Status Reopen(bool by_close, size_t /*handles*/, const std::function<void()>& release) override {
    release();
    ++reopens_;
    if (by_close) AETERNUS_RETURN_IF_ERROR(Translated(db_->Close()));
    db_.reset();
    return Open();
  }
  absl::Status Verify() override { return absl::OkStatus(); }
  void AddDeeds(Deeds& deeds) override {
    deeds["rocksdb flushes"] += std::exchange(flushes_, 0);
    deeds["rocksdb compactions"] += std::exchange(compactions_, 0);
    deeds["rocksdb reopens"] += std::exchange(reopens_, 0);
  }

 private:
  const std::unique_ptr<rocksdb::Env> env_;
  std::unique_ptr<rocksdb::DB> db_;
  uint64_t flushes_ = 0, compactions_ = 0, reopens_ = 0;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Subject>> OpenRocksDb() {
  auto subject = std::make_unique<RocksDbSubject>();
  AETERNUS_RETURN_IF_ERROR(subject->Open());
  return subject;
}

}  // namespace aeternus::stress
