#include "engine/reserve.h"

#include <memory>

#include "base/status.h"

namespace aeternus {

absl::Status SpaceReserve::GiveUp() {
  AETERNUS_RETURN_IF_ERROR(file_system_->DeleteFile(path_));
  state_ = State::kLent;
  size_bytes_ = 0;
  covered_bytes_.store(0, std::memory_order_relaxed);
  return absl::OkStatus();
}

SpaceReserve::Loan SpaceReserve::Borrow() {
  env::MutexLock lock(&mutex_);
  if (state_ == State::kKept) {
    const absl::Status status = GiveUp();
    if (absl::IsNotFound(status)) state_ = State::kAbsent;
    if (!status.ok()) return Loan();
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

bool SpaceReserve::Restore(const Amount& amount) {
  env::MutexLock lock(&mutex_);
  if (state_ == State::kKept || loans_ > 0 || amount.bytes == 0) return false;
  const bool was_lent = state_ == State::kLent;
  return Make(amount) && was_lent;
}

void SpaceReserve::Renew(const Amount& amount) {
  env::MutexLock lock(&mutex_);
  const absl::Status status = GiveUp();
  // Without room for all of it, the space of the one that was there is not for puts.
  if (!status.ok() || amount.bytes == 0) state_ = State::kAbsent;
  if (amount.bytes > 0 && (status.ok() || absl::IsNotFound(status))) Make(amount);
}

bool SpaceReserve::Resize(const Amount& amount) {
  env::MutexLock lock(&mutex_);
  return Replace(amount);
}

bool SpaceReserve::LowerCover(uint64_t covered_bytes) {
  env::MutexLock lock(&mutex_);
  if (state_ != State::kKept || this->covered_bytes() <= covered_bytes) return false;
  covered_bytes_.store(covered_bytes, std::memory_order_seq_cst);
  return true;
}

void SpaceReserve::GiveBack(uint64_t lowered_to_bytes, const Amount& amount) {
  env::MutexLock lock(&mutex_);
  if (covered_bytes() == lowered_to_bytes) Replace(amount);
}

bool SpaceReserve::Replace(const Amount& amount) {
  if (state_ != State::kKept) return true;
  const Amount before{.bytes = size_bytes_, .covered_bytes = covered_bytes()};
  if (const absl::Status status = GiveUp(); !status.ok()) {
    if (absl::IsNotFound(status)) state_ = State::kAbsent;
    return true;  // what cannot be made larger is as good as absent, and nobody waits for it
  }
  if (Make(amount) || state_ == State::kAbsent) return true;
  Make(before);
  return false;
}

bool SpaceReserve::Make(const Amount& amount) {
  // The handle is not kept: the space belongs to the name.
  const absl::StatusOr<std::unique_ptr<env::LogFile>> file = file_system_->NewLogFile(path_, amount.bytes);
  // A file that was in the way, such as one whose deletion a crash has undone, is not known to keep anything back.
  if (absl::IsAlreadyExists(file.status())) file_system_->DeleteFile(path_).IgnoreError();
  if (!file.ok()) {
    if (!absl::IsResourceExhausted(file.status())) state_ = State::kAbsent;  // puts do not wait for what cannot be
    return false;
  }
  // Where the file system cannot allocate, the file is empty and keeps nothing back.
  const absl::StatusOr<uint64_t> size = file_system_->FileSize(path_);
  if (!size.ok() || *size < amount.bytes) {
    file_system_->DeleteFile(path_).IgnoreError();
    state_ = State::kAbsent;
    return false;
  }
  state_ = State::kKept;
  size_bytes_ = amount.bytes;
  covered_bytes_.store(amount.covered_bytes, std::memory_order_relaxed);
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
