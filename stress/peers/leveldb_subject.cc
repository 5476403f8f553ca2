#include "stress/peers/leveldb_subject.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "aeternus/iterator.h"
#include "aeternus/snapshot.h"
#include "base/status.h"
#include "leveldb/db.h"
#include "leveldb/env.h"
#include "leveldb/helpers/memenv.h"
#include "leveldb/iterator.h"
#include "leveldb/options.h"
#include "leveldb/slice.h"
#include "leveldb/status.h"
#include "leveldb/write_batch.h"
#include "stress/differential/stepwise_iterator.h"

namespace aeternus::stress {
namespace {

absl::Status Translated(const leveldb::Status& status) {
  return status.ok() ? absl::OkStatus() : absl::InternalError(status.ToString());
}

leveldb::Slice SliceOf(std::string_view bytes) { return {bytes.data(), bytes.size()}; }
std::string_view ViewOf(const leveldb::Slice& slice) { return {slice.data(), slice.size()}; }

class LevelSnapshot final : public Snapshot {
 public:
  explicit LevelSnapshot(leveldb::DB* db) : db_(db), snapshot_(db->GetSnapshot()) {}
  ~LevelSnapshot() override { db_->ReleaseSnapshot(snapshot_); }
  uint64_t lsn() const override { return 0; }  // it does not tell
  const leveldb::Snapshot* get() const { return snapshot_; }

 private:
  leveldb::DB* const db_;
  const leveldb::Snapshot* const snapshot_;
};

leveldb::ReadOptions Translated(const ReadOptions& options) {
  leveldb::ReadOptions translated;
  translated.verify_checksums = true;
  if (options.snapshot != nullptr) translated.snapshot = static_cast<const LevelSnapshot*>(options.snapshot)->get();
  return translated;
}

class LevelIterator final : public StepwiseIterator {
 public:
  LevelIterator(leveldb::DB* db, const ReadOptions& options, const IteratorOptions& bounds)
      : db_(db), options_(Translated(options)), bounds_(bounds), iterator_(db->NewIterator(options_)) {}

  absl::Status status() const override { return Translated(iterator_->status()); }
  uint64_t lsn() const override { return 0; }  // nobody compares those of different stores

 private:
  std::string_view found_key() const { return ViewOf(iterator_->key()); }
  bool IsOnPair() const override {
    return iterator_->Valid() && (!bounds_.lower_bound || found_key() >= *bounds_.lower_bound) &&
           (!bounds_.upper_bound || found_key() < *bounds_.upper_bound);
  }
  Pair Current() const override { return {found_key(), ViewOf(iterator_->value())}; }
  void GoToFirst() override { bounds_.lower_bound ? iterator_->Seek(*bounds_.lower_bound) : iterator_->SeekToFirst(); }
  void GoToLast() override { bounds_.upper_bound ? SeekBefore(*bounds_.upper_bound) : iterator_->SeekToLast(); }
  void GoTo(std::string_view target) override {
    const bool is_below = bounds_.lower_bound && target < *bounds_.lower_bound;
    iterator_->Seek(SliceOf(is_below ? *bounds_.lower_bound : target));
  }
  void GoToOrBefore(std::string_view target) override {
    if (bounds_.upper_bound && target >= *bounds_.upper_bound) return GoToLast();
    iterator_->Seek(SliceOf(target));
    if (!iterator_->Valid() || found_key() != target) SeekBefore(target);
  }
  void StepForward() override { iterator_->Next(); }
  void StepBackward() override { iterator_->Prev(); }
  absl::Status Renew() override {
    if (options_.snapshot != nullptr) return absl::FailedPreconditionError("an iterator over a snapshot");
    iterator_.reset(db_->NewIterator(options_));
    return absl::OkStatus();
  }
  // The last key < target, in bounds or not.
  void SeekBefore(std::string_view target) {
    iterator_->Seek(SliceOf(target));
    iterator_->Valid() ? iterator_->Prev() : iterator_->SeekToLast();
  }

  leveldb::DB* const db_;
  const leveldb::ReadOptions options_;
  const IteratorOptions bounds_;
  std::unique_ptr<leveldb::Iterator> iterator_;
};

class LevelDbSubject final : public Subject {
 public:
  LevelDbSubject() : env_(leveldb::NewMemEnv(leveldb::Env::Default())) {}

  absl::Status Open() {
    leveldb::Options options;
    options.env = env_.get();
    options.create_if_missing = true;
    options.paranoid_checks = true;
    options.write_buffer_size = 64 << 10;
    options.compression = leveldb::kNoCompression;
    leveldb::DB* db = nullptr;
    AETERNUS_RETURN_IF_ERROR(Translated(leveldb::DB::Open(options, "/db", &db)));
    db_.reset(db);
    return absl::OkStatus();
  }

  absl::Status Write(const std::vector<WriteSpec>& writes, bool sync) override {
    leveldb::WriteBatch batch;
    std::set<std::string> put_here;  // what earlier writes of the batch may have put
    for (const WriteSpec& write : writes) {
      switch (write.kind) {
        case WriteSpec::Kind::kPut:
          batch.Put(write.key, write.value.Bytes());
          put_here.insert(write.key);
          break;
        case WriteSpec::Kind::kDelete:
          batch.Delete(write.key);
          break;
        case WriteSpec::Kind::kDeleteRange:
          for (auto it = put_here.lower_bound(write.key); it != put_here.end() && *it < write.end; ++it) {
            batch.Delete(*it);
          }
          AETERNUS_RETURN_IF_ERROR(DeleteRange(write, batch));
          break;
      }
    }
    leveldb::WriteOptions options;
    options.sync = sync;
    return Translated(db_->Write(options, &batch));
  }

  absl::StatusOr<std::optional<std::string>> Get(std::string_view key, const ReadOptions& options) override {
    std::string value;
    const leveldb::Status status = db_->Get(Translated(options), SliceOf(key), &value);
    if (status.IsNotFound()) return std::nullopt;
    AETERNUS_RETURN_IF_ERROR(Translated(status));
    return value;
  }
  absl::StatusOr<std::unique_ptr<Iterator>> NewIterator(const ReadOptions& options,
                                                        const IteratorOptions& bounds) override {
    return std::make_unique<LevelIterator>(db_.get(), options, bounds);
  }
  absl::StatusOr<std::unique_ptr<const Snapshot>> GetSnapshot() override {
    return std::make_unique<const LevelSnapshot>(db_.get());
  }

  // It flushes by itself, and by compacting everything.
  absl::Status Maintain(Maintenance maintenance) override {
    if (maintenance == Maintenance::kMajorCompact) {
      ++compactions_;
      db_->CompactRange(nullptr, nullptr);
    }
    return absl::OkStatus();
  }
  void PassTime() override {}
  absl::Status Reopen(bool /*by_close*/, size_t /*handles*/, const std::function<void()>& release) override {
    release();
    ++reopens_;
    db_.reset();
    return Open();
  }
  absl::Status Verify() override { return absl::OkStatus(); }
  void AddDeeds(Deeds& deeds) override {
    deeds["leveldb compactions"] += std::exchange(compactions_, 0);
    deeds["leveldb reopens"] += std::exchange(reopens_, 0);
  }

 private:
  // Adds to `batch` the deletion of every key of the range that is there now.
  absl::Status DeleteRange(const WriteSpec& range, leveldb::WriteBatch& batch) {
    const std::unique_ptr<leveldb::Iterator> it(db_->NewIterator(Translated(ReadOptions{})));
    for (it->Seek(range.key); it->Valid() && ViewOf(it->key()) < range.end; it->Next()) batch.Delete(it->key());
    return Translated(it->status());
  }

  const std::unique_ptr<leveldb::Env> env_;
  std::unique_ptr<leveldb::DB> db_;
  uint64_t compactions_ = 0, reopens_ = 0;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Subject>> OpenLevelDb() {
  auto subject = std::make_unique<LevelDbSubject>();
  AETERNUS_RETURN_IF_ERROR(subject->Open());
  return subject;
}

}  // namespace aeternus::stress
