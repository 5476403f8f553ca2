// Engine: the synchronous shell. It has no threads of its own; flushing and compacting happen when, and only when, the
// caller says so. For tools, tests, and programs that bring their own scheduling. Most programs want Db (db.h).
//
//   auto engine = aeternus::Engine::Open("/var/lib/app/db", {}).value();
//   engine->Put("k", "v").IgnoreError();
//   std::optional<std::string> v = engine->Get("k").value();
//   engine->FlushAllFrozen();
//   while (engine->MinorCompact().value()) {}
//   engine->Close();
//
// Writes are synced unless told otherwise: OK means on disk. Frozen memtables are kept until flushed, without bound.
// Destroying an engine without Close loses nothing that was acknowledged; the next Open recovers it.
//
// Errors: docs/errors.md. After Close every call answers FailedPrecondition "closed".
// Thread safety: any number of threads; flushes and compactions run one at a time.
#ifndef AETERNUS_ENGINE_ENGINE_H_
#define AETERNUS_ENGINE_ENGINE_H_

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

class Core;

class Engine {
 public:
  // Opens or creates the database in directory `dir`, recovering what a crash left.
  static absl::StatusOr<std::unique_ptr<Engine>> Open(const std::string& dir, const EngineConfig& config);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Flushes the frozen memtables, makes every write durable and seals the log. A second call is fine.
  // FailedPrecondition, staying open, while iterators or snapshots are alive (their counts are in the message).
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
  // Every visible pair in [start, end). InvalidArgument for an empty bound; empty when start >= end. NewIterator is the
  // form for ranges that may be large. Bounds are places between keys, of any length.
  absl::StatusOr<std::vector<std::pair<std::string, std::string>>> Scan(std::string_view start, std::string_view end,
                                                                        const ReadOptions& options = {});
  absl::StatusOr<std::unique_ptr<Iterator>> NewIterator(const ReadOptions& options, IteratorOptions bounds = {});
  absl::StatusOr<std::unique_ptr<const Snapshot>> GetSnapshot();

  // Each says whether it did anything.
  absl::StatusOr<bool> FreezeMemtable();  // freezes the active memtable unless it is empty
  absl::StatusOr<bool> FlushOldestFrozen();
  absl::StatusOr<bool> FlushAllFrozen();
  absl::StatusOr<bool> MinorCompact();
  absl::StatusOr<bool> TombstoneCompact();
  absl::StatusOr<bool> MajorCompact();  // false with fewer than two tables; memtables are left alone

  absl::StatusOr<aeternus::Stats> Stats();
  // Checks every byte of every live file. The first damage met, or OK.
  absl::Status Verify();

 private:
  friend class EngineAccess;  // engine/testing
  explicit Engine(std::shared_ptr<Core> core);
  std::shared_ptr<Core> core_;
};

}  // namespace aeternus

#endif  // AETERNUS_ENGINE_ENGINE_H_
