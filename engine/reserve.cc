#include "engine/reserve.h"

#include <memory>

namespace aeternus {

SpaceReserve::Loan SpaceReserve::Borrow() {
  env::MutexLock lock(&mutex_);
  if (state_ == State::kKept) {
    const absl::Status status = file_system_->DeleteFile(path_);
    if (absl::IsNotFound(status)) state_ = State::kAbsent;
    if (!status.ok()) return Loan();
    state_ = State::kLent;
    size_bytes_ = 0;
  } else if (loans_ == 0) {
    return Loan();  // it helped before, and what it gave is used up
  }
  ++loans_;
  return Loan(this);
}

void SpaceReserve::Return() {
  env::MutexLock lock(&mutex_);
  --loans_;
}

bool SpaceReserve::Restore(uint64_t bytes) {
  env::MutexLock lock(&mutex_);
  if (state_ == State::kKept || loans_ > 0 || bytes == 0) return false;
  const bool was_lent = state_ == State::kLent;
  return Make(bytes) && was_lent;
}

void SpaceReserve::Renew(uint64_t bytes) {
  env::MutexLock lock(&mutex_);
  const absl::Status status = file_system_->DeleteFile(path_);
  // Without room for all of it, the space of the one that was there is not for puts.
  state_ = status.ok() && bytes > 0 ? State::kLent : State::kAbsent;
  if (bytes > 0 && (status.ok() || absl::IsNotFound(status))) Make(bytes);
}

bool SpaceReserve::Make(uint64_t bytes) {
  // The handle is not kept: the space belongs to the name.
  const absl::StatusOr<std::unique_ptr<env::LogFile>> file = file_system_->NewLogFile(path_, bytes);
  // A file that was in the way, such as one whose deletion a crash has undone, is not known to keep anything back.
  if (absl::IsAlreadyExists(file.status())) file_system_->DeleteFile(path_).IgnoreError();
  if (!file.ok()) {
    if (!absl::IsResourceExhausted(file.status())) state_ = State::kAbsent;  // puts do not wait for what cannot be
    return false;
  }
  // Where the file system cannot allocate, the file is empty and keeps nothing back.
  const absl::StatusOr<uint64_t> size = file_system_->FileSize(path_);
  if (!size.ok() || *size < bytes) {
    file_system_->DeleteFile(path_).IgnoreError();
    state_ = State::kAbsent;
    return false;
  }
  state_ = State::kKept;
  size_bytes_ = bytes;
  return true;
}

bool SpaceReserve::is_lent() const {
  env::MutexLock lock(&mutex_);
  return state_ == State::kLent;
}

uint64_t SpaceReserve::size_bytes() const {
  env::MutexLock lock(&mutex_);
  return size_bytes_;
}

}  // namespace aeternus
