#include "bench/leveldb_store.h"

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "leveldb/cache.h"
#include "leveldb/db.h"
#include "leveldb/filter_policy.h"
#include "leveldb/iterator.h"
#include "leveldb/options.h"
#include "leveldb/write_batch.h"
#include "peer/leveldb_build.h"

namespace aeternus::bench {
namespace {

leveldb::Slice ToSlice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }
std::string_view ToView(const leveldb::Slice& slice) { return {slice.data(), slice.size()}; }

absl::Status ToStatus(const leveldb::Status& status) {
  return status.ok() ? absl::OkStatus() : absl::InternalError(absl::StrCat("LevelDB: ", status.ToString()));
}

class LeveldbSession : public Session {
 public:
  LeveldbSession(leveldb::DB* db, bool sync) : db_(db) { write_.sync = sync; }

  absl::Status Put(std::string_view key, std::string_view value) override {
    return ToStatus(db_->Put(write_, ToSlice(key), ToSlice(value)));
  }

  absl::Status PutBatch(absl::Span<const KeyValue> entries) override {
    batch_.Clear();
    for (const KeyValue& entry : entries) batch_.Put(ToSlice(entry.key), ToSlice(entry.value));
    return ToStatus(db_->Write(write_, &batch_));
  }

  // It has no such operation: the keys are looked up and deleted by one batch.
  absl::Status DeleteRange(std::string_view start, std::string_view end) override {
    batch_.Clear();
    const std::unique_ptr<leveldb::Iterator> it(db_->NewIterator(read_));
    for (it->Seek(ToSlice(start)); it->Valid() && ToView(it->key()) < end; it->Next()) batch_.Delete(it->key());
    AETERNUS_RETURN_IF_ERROR(ToStatus(it->status()));
    return ToStatus(db_->Write(write_, &batch_));
  }

  absl::StatusOr<bool> Get(std::string_view key) override {
    const leveldb::Status status = db_->Get(read_, ToSlice(key), &value_);
    if (status.IsNotFound()) return false;
    if (!status.ok()) return ToStatus(status);
    Look(value_);
    return true;
  }

  absl::StatusOr<uint64_t> ScanForward(std::string_view from, uint64_t limit) override {
    PrepareIterator();
    uint64_t n = 0;
    for (iterator_->Seek(ToSlice(from)); n < limit && iterator_->Valid(); iterator_->Next(), ++n) LookAtEntry();
    AETERNUS_RETURN_IF_ERROR(ToStatus(iterator_->status()));
    return n;
  }

  absl::StatusOr<uint64_t> ScanBackward() override {
    PrepareIterator();
    uint64_t n = 0;
    for (iterator_->SeekToLast(); iterator_->Valid(); iterator_->Prev(), ++n) LookAtEntry();
    AETERNUS_RETURN_IF_ERROR(ToStatus(iterator_->status()));
    return n;
  }

  absl::Status Refresh() override {
    iterator_.reset();
    return absl::OkStatus();
  }

 private:
  void PrepareIterator() {
    if (iterator_ == nullptr) iterator_.reset(db_->NewIterator(read_));
  }

  void LookAtEntry() {
    Look(ToView(iterator_->key()));
    Look(ToView(iterator_->value()));
  }

  leveldb::DB* const db_;
  leveldb::WriteOptions write_;
  const leveldb::ReadOptions read_;
  leveldb::WriteBatch batch_;
  std::string value_;  // reused: no allocation per read
  std::unique_ptr<leveldb::Iterator> iterator_;
};

class LeveldbStore : public Store {
 public:
  LeveldbStore(std::unique_ptr<const leveldb::FilterPolicy> filter, std::unique_ptr<leveldb::Cache> cache,
               std::unique_ptr<leveldb::DB> db, bool sync)
      : filter_(std::move(filter)), cache_(std::move(cache)), db_(std::move(db)), sync_(sync) {}

  std::unique_ptr<Session> NewSession() override { return std::make_unique<LeveldbSession>(db_.get(), sync_); }

  // There is no call for it. Compacting a range behind all keys flushes the memtable and merges nothing.
  absl::Status Flush() override {
    const std::string behind(64, '\xff');
    const leveldb::Slice begin(behind);
    db_->CompactRange(&begin, nullptr);
    return absl::OkStatus();
  }

  // Nor for this: we wait until the list of its files stays the same for half a second.
  absl::Status Settle() override {
    AETERNUS_RETURN_IF_ERROR(Flush());
    std::string before;
    for (int quiet = 0; quiet < 10;) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      std::string now;
      std::string stats;
      if (!db_->GetProperty("leveldb.sstables", &now) || !db_->GetProperty("leveldb.stats", &stats)) {
        return absl::InternalError("LevelDB does not say which files it has");
      }
      now += stats;
      quiet = now == before ? quiet + 1 : 0;
      before = std::move(now);
    }
    return absl::OkStatus();
  }

  absl::Status Compact() override {
    db_->CompactRange(nullptr, nullptr);
    return absl::OkStatus();
  }

  absl::Status Close() override {
    db_.reset();
    return absl::OkStatus();
  }

 private:
  const std::unique_ptr<const leveldb::FilterPolicy> filter_;
  const std::unique_ptr<leveldb::Cache> cache_;
  std::unique_ptr<leveldb::DB> db_;
  const bool sync_;
};

absl::StatusOr<std::unique_ptr<Store>> Open(const StoreSettings& settings) {
  std::unique_ptr<const leveldb::FilterPolicy> filter(leveldb::NewBloomFilterPolicy(settings.filter_bits_per_key));
  std::unique_ptr<leveldb::Cache> cache(leveldb::NewLRUCache(settings.cache_bytes));
  leveldb::Options options;
  options.create_if_missing = true;
  options.compression = leveldb::kNoCompression;
  options.write_buffer_size = settings.write_buffer_bytes;
  options.block_cache = cache.get();
  options.filter_policy = filter.get();
  leveldb::DB* db = nullptr;
  AETERNUS_RETURN_IF_ERROR(ToStatus(leveldb::DB::Open(options, settings.directory, &db)));
  return std::make_unique<LeveldbStore>(std::move(filter), std::move(cache), std::unique_ptr<leveldb::DB>(db),
                                        settings.sync);
}

}  // namespace

Engine LeveldbEngine() {
  return {
      .name = "leveldb",
      .version = absl::StrCat(leveldb::kMajorVersion, ".", leveldb::kMinorVersion),
      .build = peer::kLeveldbBuild,
      .settings =
          "LRU cache; Bloom filter; kNoCompression; WriteOptions::sync or not; values are copied into one string "
          "that is reused; checksums of the log verified, those of blocks not, as is its default; the rest as "
          "the Options have it",
      .emulates = {{"delete_range", "keys are found by an iterator and deleted by one batch"}},
      .open = Open,
  };
}

}  // namespace aeternus::bench
