#include "engine/obsolete_files.h"

#include <utility>

namespace aeternus {

void ObsoleteFiles::Add(std::string path, std::weak_ptr<const void> reader) {
  env::MutexLock lock(&mutex_);
  entries_.push_back({std::move(path), std::move(reader)});
}

void ObsoleteFiles::Collect() {
  std::vector<Entry> candidates;
  {
    env::MutexLock lock(&mutex_);
    candidates.swap(entries_);
  }
  absl::Status error;
  std::vector<Entry> kept;
  for (Entry& entry : candidates) {
    if (entry.reader.expired()) {
      const absl::Status status = file_system_->DeleteFile(entry.path);
      if (status.ok() || absl::IsNotFound(status)) continue;
      error = status;
    }
    kept.push_back(std::move(entry));
  }
  env::MutexLock lock(&mutex_);
  entries_.insert(entries_.end(), std::make_move_iterator(kept.begin()), std::make_move_iterator(kept.end()));
  last_error_ = std::move(error);
}

size_t ObsoleteFiles::pending() const {
  env::MutexLock lock(&mutex_);
  return entries_.size();
}

absl::Status ObsoleteFiles::last_error() const {
  env::MutexLock lock(&mutex_);
  return last_error_;
}

}  // namespace aeternus
