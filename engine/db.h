// Db: the shell with background flushing and compaction, group commit and back-pressure. This is what a program uses.
//
//   auto db = aeternus::Db::Open("/var/lib/app/db", {}).value();
//   absl::Status s = db->Put("k", "v");                       // OK: on disk
//   std::optional<std::string> v = db->Get("k").value();
//   auto it = db->NewIterator({}, {.lower_bound = "a", .upper_bound = "b"}).value();
//   for (it->SeekToFirst(); it->Valid(); it->Next()) { ... }
//   it.reset();
//   s = db->Close();
//
// Writers that arrive together share one log write and one sync. A writer waits only when max_frozen_memtables are full
// (why is in Stats), and never for readers. A failed background job is retried where that is sound; else the database
// becomes read-only and every write says why.
//
// Errors: docs/errors.md. After Close every call answers FailedPrecondition "closed".
// Thread safety: any number of threads.
#ifndef AETERNUS_ENGINE_DB_H_
#define AETERNUS_ENGINE_DB_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "aeternus/iterator.h"
#include "aeternus/options.h"
#include "aeternus/pinned_value.h"
#include "aeternus/snapshot.h"
#include "aeternus/stats.h"
#include "aeternus/write_batch.h"

namespace aeternus {

class Db {
 public:
  // Opens or creates the database in directory `dir`, recovering what a crash left, and starts its threads.
  static absl::StatusOr<std::unique_ptr<Db>> Open(const std::string& dir, const DbConfig& config);
  // Stops the threads and flushes nothing; loses nothing that was acknowledged.
  ~Db();
  Db(const Db&) = delete;
  Db& operator=(const Db&) = delete;

  // Stops background work, makes every write durable, synced or not, and seals the log: the next Open finds a database
  // in which any damage is told from a crash. A second call is fine. FailedPrecondition, staying open, while iterators,
  // snapshots or pinned values are alive (their counts are in the message).
  absl::Status Close();

  absl::Status Put(std::string_view key, std::string_view value, const WriteOptions& options = {});
  absl::Status Delete(std::string_view key, const WriteOptions& options = {});
  // Deletes [start, end). InvalidArgument for an empty bound or start >= end.
  absl::Status DeleteRange(std::string_view start, std::string_view end, const WriteOptions& options = {});
  // An empty batch is fine and does nothing.
  absl::Status Write(const WriteBatch& batch, const WriteOptions& options = {});

  // nullopt when the key is absent; an empty key, or one longer than keys can be, is refused as in a write.
  absl::StatusOr<std::optional<std::string>> Get(std::string_view key, const ReadOptions& options = {});
  // The form without an allocation: whether the key is there; if so `value` pins it.
  absl::StatusOr<bool> Get(const ReadOptions& options, std::string_view key, PinnedValue* value);
  // Many keys as of one moment, that is, one LSN. The waits for memory of several look-ups overlap, so a key costs a
  // fraction of what it costs alone. Answer i is what Get(options, keys[i], &values[i]) would have said: whether the
  // key is there, with `values[i]` pinning its value, or an error, which concerns that key alone. Keys may come in any
  // order and more than once. `values` has as many elements as `keys`, or every answer is InvalidArgument.
  std::vector<absl::StatusOr<bool>> MultiGet(const ReadOptions& options, absl::Span<const std::string_view> keys,
                                             absl::Span<PinnedValue> values);
  // Every visible pair in [start, end). InvalidArgument for an empty bound; empty when start >= end. Bounds are places
  // between keys, of any length.
  absl::StatusOr<std::vector<std::pair<std::string, std::string>>> Scan(std::string_view start, std::string_view end,
                                                                        const ReadOptions& options = {});
  absl::StatusOr<std::unique_ptr<Iterator>> NewIterator(const ReadOptions& options, IteratorOptions bounds = {});
  absl::StatusOr<std::unique_ptr<const Snapshot>> GetSnapshot();

  // Writes everything in memory to tables, and waits for it.
  absl::Status Flush();
  // Returns when no flush or compaction is running or due.
  absl::Status WaitForBackgroundWork();
  // Merges all tables into one, and waits for it; whether it did anything. Memtables are left alone.
  absl::StatusOr<bool> MajorCompact();

  absl::StatusOr<aeternus::Stats> Stats();
  // Checks every byte of every live file. The first damage met, or OK.
  absl::Status Verify();

 private:
  class Impl;
  explicit Db(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace aeternus

#endif  // AETERNUS_ENGINE_DB_H_
