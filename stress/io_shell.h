// The two shells as a script of steps uses them (io_script.h). Between two steps a Db comes to rest, so that one thread
// at a time makes calls to the disk: their order is then the same in every run.
#ifndef AETERNUS_STRESS_IO_SHELL_H_
#define AETERNUS_STRESS_IO_SHELL_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "aeternus/iterator.h"
#include "aeternus/options.h"
#include "aeternus/snapshot.h"
#include "aeternus/stats.h"
#include "aeternus/write_batch.h"

namespace aeternus::stress {

class IoShell {
 public:
  virtual ~IoShell() = default;
  virtual absl::Status Write(const WriteBatch& batch, const WriteOptions& options) = 0;
  virtual absl::StatusOr<std::optional<std::string>> Get(std::string_view key) = 0;
  virtual absl::StatusOr<std::unique_ptr<Iterator>> NewIterator(const ReadOptions& options) = 0;
  virtual absl::StatusOr<std::unique_ptr<const Snapshot>> GetSnapshot() = 0;
  virtual absl::Status Flush() = 0;
  virtual absl::Status MinorCompact() = 0;
  virtual absl::Status TombstoneCompact() = 0;
  virtual absl::Status MajorCompact() = 0;
  virtual absl::Status Verify() = 0;
  virtual absl::StatusOr<aeternus::Stats> Stats() = 0;
  virtual absl::Status Close() = 0;
  // Waits until nothing runs in the background; the error that keeps something from being done there.
  virtual absl::Status Settle() = 0;
};

struct IoShellKind {
  std::string_view name;
  absl::StatusOr<std::unique_ptr<IoShell>> (*open)(env::Env* env);
};
extern const IoShellKind kEngineShell;
extern const IoShellKind kDbShell;

}  // namespace aeternus::stress

#endif  // AETERNUS_STRESS_IO_SHELL_H_
