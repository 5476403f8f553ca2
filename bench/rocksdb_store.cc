#include "bench/rocksdb_store.h"

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "peer/rocksdb_build.h"
#include "rocksdb/cache.h"
#include "rocksdb/db.h"
#include "rocksdb/filter_policy.h"
#include "rocksdb/iterator.h"
#include "rocksdb/options.h"
#include "rocksdb/table.h"
#include "rocksdb/version.h"
#include "rocksdb/write_batch.h"

namespace aeternus::bench {
namespace {

rocksdb::Slice ToSlice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }
std::string_view ToView(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

absl::Status ToStatus(const rocksdb::Status& status) {
  return status.ok() ? absl::OkStatus() : absl::InternalError(absl::StrCat("RocksDB: ", status.ToString()));
}

class RocksdbSession : public Session {
 public:
  RocksdbSession(rocksdb::DB* db, bool sync) : db_(db) { write_.sync = sync; }

  absl::Status Put(std::string_view key, std::string_view value) override {
    return ToStatus(db_->Put(write_, ToSlice(key), ToSlice(value)));
  }

  absl::Status PutBatch(absl::Span<const KeyValue> entries) override {
    batch_.Clear();
    for (const KeyValue& entry : entries) {
      AETERNUS_RETURN_IF_ERROR(ToStatus(batch_.Put(ToSlice(entry.key), ToSlice(entry.value))));
    }
    return ToStatus(db_->Write(write_, &batch_));
  }

  absl::Status DeleteRange(std::string_view start, std::string_view end) override {
    return ToStatus(db_->DeleteRange(write_, db_->DefaultColumnFamily(), ToSlice(start), ToSlice(end)));
  }

  absl::StatusOr<bool> Get(std::string_view key) override {
    value_.Reset();
    const rocksdb::Status status = db_->Get(read_, db_->DefaultColumnFamily(), ToSlice(key), &value_);
    if (status.IsNotFound()) return false;
    if (!status.ok()) return ToStatus(status);
    Look(ToView(value_));
    return true;
  }

  absl::StatusOr<uint64_t> ScanForward(std::string_view from, uint64_t limit) override {
    AETERNUS_RETURN_IF_ERROR(PrepareIterator());
    uint64_t n = 0;
    for (iterator_->Seek(ToSlice(from)); n < limit && iterator_->Valid(); iterator_->Next(), ++n) LookAtEntry();
    AETERNUS_RETURN_IF_ERROR(ToStatus(iterator_->status()));
    return n;
  }

  absl::StatusOr<uint64_t> ScanBackward() override {
    AETERNUS_RETURN_IF_ERROR(PrepareIterator());
    uint64_t n = 0;
    for (iterator_->SeekToLast(); iterator_->Valid(); iterator_->Prev(), ++n) LookAtEntry();
    AETERNUS_RETURN_IF_ERROR(ToStatus(iterator_->status()));
    return n;
  }

  absl::Status Refresh() override {
    is_stale_ = true;
    return absl::OkStatus();
  }

 private:
  absl::Status PrepareIterator() {
    if (iterator_ == nullptr) {
      iterator_.reset(db_->NewIterator(read_));
    } else if (is_stale_) {
      AETERNUS_RETURN_IF_ERROR(ToStatus(iterator_->Refresh()));
    }
    is_stale_ = false;
    return absl::OkStatus();
  }

  void LookAtEntry() {
    Look(ToView(iterator_->key()));
    Look(ToView(iterator_->value()));
  }

  rocksdb::DB* const db_;
  rocksdb::WriteOptions write_;
  const rocksdb::ReadOptions read_;
  rocksdb::WriteBatch batch_;
  rocksdb::PinnableSlice value_;
  std::unique_ptr<rocksdb::Iterator> iterator_;
  bool is_stale_ = false;
};

class RocksdbStore : public Store {
 public:
  RocksdbStore(std::unique_ptr<rocksdb::DB> db, bool sync) : db_(std::move(db)), sync_(sync) {}

  std::unique_ptr<Session> NewSession() override { return std::make_unique<RocksdbSession>(db_.get(), sync_); }

  absl::Status Flush() override { return ToStatus(db_->Flush({})); }

  absl::Status Settle() override {
    AETERNUS_RETURN_IF_ERROR(Flush());
    return ToStatus(db_->WaitForCompact({}));
  }

  absl::Status Compact() override { return ToStatus(db_->CompactRange({}, nullptr, nullptr)); }
  absl::Status Close() override { return ToStatus(db_->Close()); }

 private:
  const std::unique_ptr<rocksdb::DB> db_;
  const bool sync_;
};

absl::StatusOr<std::unique_ptr<Store>> Open(const StoreSettings& settings) {
  rocksdb::BlockBasedTableOptions table;
  // The cache that RocksDB's own documentation prefers, sized by itself (an estimated charge of 0).
  table.block_cache = rocksdb::HyperClockCacheOptions(settings.cache_bytes, 0).MakeSharedCache();
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(settings.filter_bits_per_key));

  rocksdb::Options options;
  options.create_if_missing = true;
  options.compression = rocksdb::kNoCompression;
  options.write_buffer_size = settings.write_buffer_bytes;
  options.max_write_buffer_number = 3;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  if (settings.many_tables) options.target_file_size_base = settings.write_buffer_bytes;

  rocksdb::DB* db = nullptr;
  AETERNUS_RETURN_IF_ERROR(ToStatus(rocksdb::DB::Open(options, settings.directory, &db)));
  return std::make_unique<RocksdbStore>(std::unique_ptr<rocksdb::DB>(db), settings.sync);
}

}  // namespace

Engine RocksdbEngine() {
  return {
      .name = "rocksdb",
      .version = rocksdb::GetRocksVersionAsString(),
      .build = peer::kRocksdbBuild,
      .settings =
          "HyperClockCache; three write buffers; Bloom filter; kNoCompression; WAL on, WriteOptions::sync or not; "
          "PinnableSlice; checksums verified when blocks are read; leveled compaction and the rest as the "
          "Options have it",
      .open = Open,
  };
}

}  // namespace aeternus::bench
