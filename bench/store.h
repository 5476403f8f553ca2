// What the judge asks of every engine: as narrow as the workloads allow, and as close to each engine's fastest way of
// doing it. Ours and the peers are behind it alike, so that all pay for the same virtual calls.
//
//   absl::StatusOr<std::unique_ptr<Store>> store = engine.open({.directory = "/tmp/x"});
//   std::unique_ptr<Session> session = (*store)->NewSession();
//   absl::Status s = session->Put("key", "value");
//   session.reset();
//   s = (*store)->Close();
//
// Thread safety: Store::NewSession any number of threads, the rest of Store one. Session one.
#ifndef AETERNUS_BENCH_STORE_H_
#define AETERNUS_BENCH_STORE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace aeternus::bench {

struct StoreSettings {
  std::string directory;
  bool sync = false;  // whether a write is on disk when it is acknowledged
  size_t write_buffer_bytes = size_t{64} << 20;
  size_t cache_bytes = size_t{512} << 20;
  int filter_bits_per_key = 10;
  uint64_t data_bytes = uint64_t{1} << 30;  // of keys and values, at most; for an engine that must reserve addresses
  bool many_tables = false;                 // keep tables small and merge them late, where that can be chosen
};

struct KeyValue {
  std::string_view key;
  std::string_view value;
};

// One thread's use of a store.
class Session {
 public:
  virtual ~Session() = default;

  virtual absl::Status Put(std::string_view key, std::string_view value) = 0;
  // All or nothing.
  virtual absl::Status PutBatch(absl::Span<const KeyValue> entries) = 0;
  // [start, end).
  virtual absl::Status DeleteRange(std::string_view start, std::string_view end) = 0;
  // Whether the key is there; if so its value is looked at, without being copied.
  virtual absl::StatusOr<bool> Get(std::string_view key) = 0;
  // Looks at up to `limit` entries from the first key >= `from` on, and answers how many there were. Scans see the
  // moment of the first of them after the session began, or after the last Refresh.
  virtual absl::StatusOr<uint64_t> ScanForward(std::string_view from, uint64_t limit) = 0;
  // Looks at all entries from the last one back to the first.
  virtual absl::StatusOr<uint64_t> ScanBackward() = 0;
  // The next scan sees the present.
  virtual absl::Status Refresh() = 0;

 protected:
  // To look at bytes: the first and the last of them are loaded, which no compiler may leave out.
  static void Look(std::string_view bytes) {
    if (!bytes.empty()) asm volatile("" : : "r"(bytes.front()), "r"(bytes.back()));
  }
};

class Store {
 public:
  virtual ~Store() = default;

  // Destroyed before the store is compacted or closed.
  virtual std::unique_ptr<Session> NewSession() = 0;
  // Writes what is in memory to tables, if that is what the engine does with it, and waits for no merge.
  virtual absl::Status Flush() = 0;
  // The same, and waits until the engine has no more to do by itself.
  virtual absl::Status Settle() = 0;
  // Merges everything, as the engine's own call does that a user would make.
  virtual absl::Status Compact() = 0;
  virtual absl::Status Close() = 0;
};

// One of the engines that are compared.
struct Engine {
  std::string name;
  std::string version;
  std::string build;     // its compiler flags
  std::string settings;  // as opened here; for the report
  // Rows that it does in another way than the others, or not at all, each with what there is to say about it.
  absl::flat_hash_map<std::string, std::string> emulates = {};
  absl::flat_hash_map<std::string, std::string> lacks = {};
  absl::StatusOr<std::unique_ptr<Store>> (*open)(const StoreSettings& settings) = nullptr;
};

}  // namespace aeternus::bench

#endif  // AETERNUS_BENCH_STORE_H_
