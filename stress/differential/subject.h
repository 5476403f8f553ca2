// A database under a differential run, whoever made it. It speaks the language of aeternus::Db; what that language has
// and a database has not, its adapter makes up from what it has.
//
// Thread safety: one thread at a time.
#ifndef AETERNUS_STRESS_DIFFERENTIAL_SUBJECT_H_
#define AETERNUS_STRESS_DIFFERENTIAL_SUBJECT_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "aeternus/iterator.h"
#include "aeternus/options.h"
#include "aeternus/snapshot.h"
#include "stress/differential/step.h"

namespace aeternus::stress {

class Subject {
 public:
  // What it did, by name ("flushes", "reopens"): what a run claims to have exercised it can show by these.
  using Deeds = std::map<std::string, uint64_t>;

  virtual ~Subject() = default;

  // Atomically, in this order.
  virtual absl::Status Write(const std::vector<WriteSpec>& writes, bool sync) = 0;
  virtual absl::StatusOr<std::optional<std::string>> Get(std::string_view key, const ReadOptions& options) = 0;
  virtual absl::StatusOr<std::unique_ptr<Iterator>> NewIterator(const ReadOptions& options,
                                                                const IteratorOptions& bounds) = 0;
  virtual absl::StatusOr<std::unique_ptr<const Snapshot>> GetSnapshot() = 0;

  virtual absl::Status Maintain(Maintenance maintenance) = 0;
  virtual void PassTime() = 0;
  // Goes down, by Close or by destruction, and comes up again. `release` destroys all iterators and snapshots, of which
  // there are `handles`; when to call it, at the latest before coming up, is the subject's to say.
  virtual absl::Status Reopen(bool by_close, size_t handles, const std::function<void()>& release) = 0;
  // Whether all its files are sound.
  virtual absl::Status Verify() = 0;

  // Adds to `deeds` what it did since it was made.
  virtual void AddDeeds(Deeds& deeds) = 0;
};

}  // namespace aeternus::stress

#endif  // AETERNUS_STRESS_DIFFERENTIAL_SUBJECT_H_
