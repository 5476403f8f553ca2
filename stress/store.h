// What a workload asks of a database, so that one workload runs on both shells: Engine, which works only when told to,
// and Db, which works behind one's back.
//
// Thread safety: one thread at a time.
#ifndef AETERNUS_STRESS_STORE_H_
#define AETERNUS_STRESS_STORE_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "aeternus/options.h"
#include "aeternus/stats.h"

namespace aeternus::stress {

// The two configurations of the seed workloads.
enum class Configuration { kSmall, kCompaction };
EngineConfig EngineConfigFor(Configuration configuration);
// The same, but for a write buffer of 1 KiB, the least that Db takes.
DbConfig DbConfigFor(Configuration configuration);

// How a database goes down before it is opened again.
enum class Shutdown {
  kClose,
  kDrop,  // destroyed without Close
};

class Store {
 public:
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  virtual ~Store() = default;

  virtual absl::Status Put(std::string_view key, std::string_view value) = 0;
  virtual absl::Status Delete(std::string_view key) = 0;
  virtual absl::Status DeleteRange(std::string_view start, std::string_view end) = 0;
  virtual absl::StatusOr<std::optional<std::string>> Get(std::string_view key) = 0;
  virtual absl::StatusOr<Pairs> Scan(std::string_view start, std::string_view end) = 0;
  virtual absl::StatusOr<aeternus::Stats> Stats() = 0;

  // Whether tables are merged only when a workload says so: what a compaction does to them can then be counted.
  virtual bool compacts_only_when_told() const = 0;
  virtual absl::Status Flush() = 0;
  // Each compacts until there is nothing of its kind left to do.
  virtual absl::Status MinorCompactAll() = 0;
  virtual absl::Status TombstoneCompactAll() = 0;
  virtual absl::Status MajorCompact() = 0;

  // Opens it again in the small configuration.
  virtual absl::Status Reopen(Shutdown how) = 0;
};

absl::StatusOr<std::unique_ptr<Store>> OpenEngineStore(const std::string& dir, Configuration configuration);
absl::StatusOr<std::unique_ptr<Store>> OpenDbStore(const std::string& dir, Configuration configuration);

}  // namespace aeternus::stress

#endif  // AETERNUS_STRESS_STORE_H_
