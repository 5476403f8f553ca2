#include "bench/lmdb_store.h"

#include <lmdb.h>

#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "peer/lmdb_build.h"

namespace aeternus::bench {
namespace {

MDB_val ToVal(std::string_view bytes) { return {bytes.size(), const_cast<char*>(bytes.data())}; }
std::string_view ToView(const MDB_val& val) { return {static_cast<const char*>(val.mv_data), val.mv_size}; }

absl::Status ToStatus(int code) {
  return code == MDB_SUCCESS ? absl::OkStatus() : absl::InternalError(absl::StrCat("LMDB: ", mdb_strerror(code)));
}

// A write transaction, which ends with Commit, or undone.
class WriteTxn {
 public:
  explicit WriteTxn(MDB_env* env) : status_(ToStatus(mdb_txn_begin(env, nullptr, 0, &txn_))) {}
  ~WriteTxn() {
    if (txn_ != nullptr) mdb_txn_abort(txn_);
  }
  WriteTxn(const WriteTxn&) = delete;
  WriteTxn& operator=(const WriteTxn&) = delete;

  const absl::Status& status() const { return status_; }
  MDB_txn* get() const { return txn_; }
  absl::Status Commit() { return ToStatus(mdb_txn_commit(std::exchange(txn_, nullptr))); }

 private:
  MDB_txn* txn_ = nullptr;
  const absl::Status status_;
};

class LmdbSession : public Session {
 public:
  LmdbSession(MDB_env* env, MDB_dbi dbi) : env_(env), dbi_(dbi) {}

  ~LmdbSession() override {
    if (cursor_ != nullptr) mdb_cursor_close(cursor_);
    for (MDB_txn* txn : {get_txn_, scan_txn_}) {
      if (txn != nullptr) mdb_txn_abort(txn);
    }
  }

  absl::Status Put(std::string_view key, std::string_view value) override {
    const KeyValue entry{key, value};
    return PutBatch({&entry, 1});
  }

  absl::Status PutBatch(absl::Span<const KeyValue> entries) override {
    WriteTxn txn(env_);
    AETERNUS_RETURN_IF_ERROR(txn.status());
    for (const KeyValue& entry : entries) {
      MDB_val key = ToVal(entry.key);
      MDB_val value = ToVal(entry.value);
      AETERNUS_RETURN_IF_ERROR(ToStatus(mdb_put(txn.get(), dbi_, &key, &value, 0)));
    }
    return txn.Commit();
  }

  // It has no such operation: one transaction deletes what a cursor comes to.
  absl::Status DeleteRange(std::string_view start, std::string_view end) override {
    WriteTxn txn(env_);
    AETERNUS_RETURN_IF_ERROR(txn.status());
    MDB_cursor* cursor = nullptr;
    AETERNUS_RETURN_IF_ERROR(ToStatus(mdb_cursor_open(txn.get(), dbi_, &cursor)));
    MDB_val key = ToVal(start);
    MDB_val value;
    int code = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    while (code == MDB_SUCCESS && ToView(key) < end) {
      code = mdb_cursor_del(cursor, 0);
      if (code == MDB_SUCCESS) code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    }
    mdb_cursor_close(cursor);
    if (code != MDB_SUCCESS && code != MDB_NOTFOUND) return ToStatus(code);
    return txn.Commit();
  }

  absl::StatusOr<bool> Get(std::string_view key) override {
    AETERNUS_RETURN_IF_ERROR(Begin(&get_txn_));
    MDB_val k = ToVal(key);
    MDB_val value;
    const int code = mdb_get(get_txn_, dbi_, &k, &value);
    if (code == MDB_SUCCESS) Look(ToView(value));
    mdb_txn_reset(get_txn_);  // so that the next one sees the present, and no page is kept from reuse
    if (code == MDB_NOTFOUND) return false;
    AETERNUS_RETURN_IF_ERROR(ToStatus(code));
    return true;
  }

  absl::StatusOr<uint64_t> ScanForward(std::string_view from, uint64_t limit) override {
    AETERNUS_RETURN_IF_ERROR(PrepareCursor());
    MDB_val key = ToVal(from);
    return Walk(key, from.empty() ? MDB_FIRST : MDB_SET_RANGE, MDB_NEXT, limit);
  }

  absl::StatusOr<uint64_t> ScanBackward() override {
    AETERNUS_RETURN_IF_ERROR(PrepareCursor());
    return Walk({}, MDB_LAST, MDB_PREV, UINT64_MAX);
  }

  absl::Status Refresh() override {
    if (is_scanning_) mdb_txn_reset(scan_txn_);
    is_scanning_ = false;
    return absl::OkStatus();
  }

 private:
  // A reading transaction is made once, and renewed after each reset.
  absl::Status Begin(MDB_txn** txn) {
    return ToStatus(*txn == nullptr ? mdb_txn_begin(env_, nullptr, MDB_RDONLY, txn) : mdb_txn_renew(*txn));
  }

  absl::Status PrepareCursor() {
    if (is_scanning_) return absl::OkStatus();
    AETERNUS_RETURN_IF_ERROR(Begin(&scan_txn_));
    is_scanning_ = true;
    return ToStatus(cursor_ == nullptr ? mdb_cursor_open(scan_txn_, dbi_, &cursor_)
                                       : mdb_cursor_renew(scan_txn_, cursor_));
  }

  absl::StatusOr<uint64_t> Walk(MDB_val key, MDB_cursor_op first, MDB_cursor_op next, uint64_t limit) {
    uint64_t n = 0;
    MDB_val value;
    int code = mdb_cursor_get(cursor_, &key, &value, first);
    while (code == MDB_SUCCESS && n < limit) {
      Look(ToView(key));
      Look(ToView(value));
      ++n;
      code = mdb_cursor_get(cursor_, &key, &value, next);
    }
    if (code != MDB_SUCCESS && code != MDB_NOTFOUND) return ToStatus(code);
    return n;
  }

  MDB_env* const env_;
  const MDB_dbi dbi_;
  MDB_txn* get_txn_ = nullptr;
  MDB_txn* scan_txn_ = nullptr;
  MDB_cursor* cursor_ = nullptr;
  bool is_scanning_ = false;
};

class LmdbStore : public Store {
 public:
  explicit LmdbStore(StoreSettings settings) : settings_(std::move(settings)) {}
  ~LmdbStore() override { CloseEnvironment(); }

  absl::Status Open() {
    AETERNUS_RETURN_IF_ERROR(ToStatus(mdb_env_create(&env_)));
    // Addresses, not space: half-filled pages, and pages that old readers or the next transaction cannot reuse yet.
    const size_t map_bytes = ((settings_.data_bytes * 4) & ~size_t{4095}) + (size_t{1} << 30);
    AETERNUS_RETURN_IF_ERROR(ToStatus(mdb_env_set_mapsize(env_, map_bytes)));
    const unsigned flags = MDB_NOTLS | (settings_.sync ? 0 : MDB_WRITEMAP | MDB_NOSYNC);
    AETERNUS_RETURN_IF_ERROR(ToStatus(mdb_env_open(env_, settings_.directory.c_str(), flags, 0644)));
    WriteTxn txn(env_);
    AETERNUS_RETURN_IF_ERROR(txn.status());
    AETERNUS_RETURN_IF_ERROR(ToStatus(mdb_dbi_open(txn.get(), nullptr, 0, &dbi_)));
    return txn.Commit();
  }

  std::unique_ptr<Session> NewSession() override { return std::make_unique<LmdbSession>(env_, dbi_); }

  absl::Status Flush() override { return absl::OkStatus(); }  // everything is in its tree
  absl::Status Settle() override { return ToStatus(mdb_env_sync(env_, 1)); }

  // It has no such operation: a compacted copy takes the place of the database.
  absl::Status Compact() override {
    namespace fs = std::filesystem;
    const fs::path directory(settings_.directory);
    const fs::path copy = directory / "copy.mdb";
    AETERNUS_RETURN_IF_ERROR(Copy(copy.string()));
    CloseEnvironment();
    std::error_code error;
    fs::rename(copy, directory / "data.mdb", error);
    if (error) return absl::InternalError(absl::StrCat("cannot rename ", copy.string(), ": ", error.message()));
    return Open();
  }

  absl::Status Close() override {
    CloseEnvironment();
    return absl::OkStatus();
  }

 private:
  absl::Status Copy(const std::string& path) {
    const std::string directory = path + ".d";
    std::error_code error;
    std::filesystem::create_directory(directory, error);
    if (error) return absl::InternalError(absl::StrCat("cannot make ", directory, ": ", error.message()));
    AETERNUS_RETURN_IF_ERROR(ToStatus(mdb_env_copy2(env_, directory.c_str(), MDB_CP_COMPACT)));
    std::filesystem::rename(directory + "/data.mdb", path, error);
    if (!error) std::filesystem::remove_all(directory, error);
    return error ? absl::InternalError(absl::StrCat("cannot move the copy: ", error.message())) : absl::OkStatus();
  }

  void CloseEnvironment() {
    if (env_ != nullptr) mdb_env_close(std::exchange(env_, nullptr));
  }

  const StoreSettings settings_;
  MDB_env* env_ = nullptr;
  MDB_dbi dbi_ = 0;
};

absl::StatusOr<std::unique_ptr<Store>> Open(const StoreSettings& settings) {
  std::error_code error;
  std::filesystem::create_directories(settings.directory, error);
  if (error) return absl::InternalError(absl::StrCat("cannot make ", settings.directory, ": ", error.message()));
  auto store = std::make_unique<LmdbStore>(settings);
  AETERNUS_RETURN_IF_ERROR(store->Open());
  return store;
}

}  // namespace

Engine LmdbEngine() {
  const std::string no_log = "it has no log and no tables";
  return {
      .name = "lmdb",
      .version = absl::StrCat(MDB_VERSION_MAJOR, ".", MDB_VERSION_MINOR, ".", MDB_VERSION_PATCH),
      .build = peer::kLmdbBuild,
      .settings =
          "one transaction per put or batch; unsynced rows with WRITEMAP|NOSYNC, which after power loss may leave "
          "a damaged database, where the others lose the latest writes at most; synced rows without either; "
          "a read transaction renewed for each get; it has no checksums, filters, buffers or cache: it reads "
          "the page cache",
      .emulates = {{"delete_range", "a cursor deletes key by key, in one transaction"},
                   {"majorcompact", "a compacted copy takes the place of the database"}},
      .lacks = {{"recovery", no_log}, {"open_many_tables", no_log}},
      .open = Open,
  };
}

}  // namespace aeternus::bench
