#include "env/descriptor_budget.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "absl/log/check.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"

namespace aeternus::env {

DescriptorBudget::DescriptorBudget(size_t max_open) : max_open_(max_open) { CHECK_GE(max_open, 1u); }

DescriptorBudget::~DescriptorBudget() {
  MutexLock lock(&mu_);
  CHECK(ring_.empty()) << "files outlive their budget of descriptors";
}

size_t DescriptorBudget::open_count() const {
  MutexLock lock(&mu_);
  return ring_.size();
}

int DescriptorBudget::Install(BudgetedFile* file, Descriptor descriptor) {
  std::vector<Descriptor> evicted;  // closed after the lock is released
  MutexLock lock(&mu_);
  const uint64_t state = file->state_.load(std::memory_order_acquire);
  if (const int fd = BudgetedFile::FdOf(state); fd >= 0) {
    // Another thread was faster. Nobody takes its descriptor away before we have pinned it: that needs the lock.
    file->state_.fetch_add(BudgetedFile::kOnePin, std::memory_order_acquire);
    evicted.push_back(std::move(descriptor));
    return fd;
  }
  const int fd = descriptor.Release();
  file->ring_at_ = ring_.insert(ring_.end(), file);
  file->state_.store(BudgetedFile::StateOf(fd, /*pins=*/1), std::memory_order_release);
  evicted = TakeIdle(max_open_);
  return fd;
}

void DescriptorBudget::Remove(BudgetedFile* file) {
  std::optional<Descriptor> closed;
  MutexLock lock(&mu_);
  if (BudgetedFile::FdOf(file->state_.load(std::memory_order_acquire)) < 0) return;
  closed = file->TakeIdle();
  CHECK(closed.has_value()) << "file destroyed while in use: " << file->path();
  ring_.erase(file->ring_at_);
}

bool DescriptorBudget::EvictOne() {
  std::vector<Descriptor> evicted;
  MutexLock lock(&mu_);
  if (ring_.empty()) return false;
  evicted = TakeIdle(ring_.size() - 1);
  return !evicted.empty();
}

std::vector<Descriptor> DescriptorBudget::TakeIdle(size_t target) {
  std::vector<Descriptor> taken;
  // Two rounds clear every used bit and come by again; what is left then is pinned.
  for (size_t steps = 2 * ring_.size(); steps > 0 && ring_.size() > target; --steps) {
    BudgetedFile* const file = ring_.front();
    std::optional<Descriptor> descriptor;
    if (!file->used_.exchange(false, std::memory_order_relaxed)) descriptor = file->TakeIdle();
    if (descriptor.has_value()) {
      ring_.pop_front();
      taken.push_back(*std::move(descriptor));
    } else {
      ring_.splice(ring_.end(), ring_, ring_.begin());
    }
  }
  return taken;
}

BudgetedFile::~BudgetedFile() { budget_->Remove(this); }

absl::StatusOr<BudgetedFile::Pin> BudgetedFile::Acquire() {
  uint64_t state = state_.load(std::memory_order_acquire);
  while (FdOf(state) >= 0) {
    if (!state_.compare_exchange_weak(state, state + kOnePin, std::memory_order_acquire)) continue;
    // Stored only when it changes, so that readers of a hot file do not take its cache line from each other.
    if (!used_.load(std::memory_order_relaxed)) used_.store(true, std::memory_order_relaxed);
    return Pin(this, FdOf(state));
  }
  AETERNUS_ASSIGN_OR_RETURN(Descriptor descriptor, Open());
  return Pin(this, budget_->Install(this, std::move(descriptor)));
}

absl::StatusOr<Descriptor> BudgetedFile::Open() {
  absl::StatusOr<Descriptor> descriptor = OpenDescriptor("open", path_, O_RDONLY);
  // The rest of the process may have used up what our budget counted on.
  while (absl::IsResourceExhausted(descriptor.status()) && budget_->EvictOne()) {
    descriptor = OpenDescriptor("open", path_, O_RDONLY);
  }
  AETERNUS_RETURN_IF_ERROR(descriptor.status());
  struct stat info;
  if (fstat(descriptor->get(), &info) != 0) return PosixError("open", path_, errno);
  if (!S_ISREG(info.st_mode)) return absl::FailedPreconditionError(absl::StrCat("open ", path_, ": not a file"));
  return descriptor;
}

std::optional<Descriptor> BudgetedFile::TakeIdle() {
  uint64_t state = state_.load(std::memory_order_acquire);
  const int fd = FdOf(state);
  if (fd < 0) return std::nullopt;
  uint64_t idle = StateOf(fd, /*pins=*/0);
  if (!state_.compare_exchange_strong(idle, 0, std::memory_order_acq_rel)) return std::nullopt;
  return Descriptor(fd);
}

}  // namespace aeternus::env
