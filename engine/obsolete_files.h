// Files that no durable edit names any more. Each is deleted once nobody reads it (invariant 8); a deletion that fails
// is tried again with the next one, and counted.
//
// Thread safety: any number of threads.
#ifndef AETERNUS_ENGINE_OBSOLETE_FILES_H_
#define AETERNUS_ENGINE_OBSOLETE_FILES_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "env/file_system.h"
#include "env/mutex.h"

namespace aeternus {

class ObsoleteFiles {
 public:
  explicit ObsoleteFiles(env::FileSystem* file_system) : file_system_(file_system) {}

  // `reader` is whatever may still read the file; it is deleted after that is gone.
  void Add(std::string path, std::weak_ptr<const void> reader = {});
  // Deletes what can be deleted now.
  void Collect();

  size_t pending() const;
  // Why the last deletion failed, if any is still owed for that reason.
  absl::Status last_error() const;

 private:
  struct Entry {
    std::string path;
    std::weak_ptr<const void> reader;
  };

  env::FileSystem* const file_system_;
  mutable env::Mutex mutex_;
  std::vector<Entry> entries_ ABSL_GUARDED_BY(mutex_);
  absl::Status last_error_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace aeternus

#endif  // AETERNUS_ENGINE_OBSOLETE_FILES_H_
