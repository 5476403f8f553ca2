// Keeps more files readable than may be open: files open their descriptor when it is needed, and the ones that were
// not used lately lose it when the budget is spent.
//
//   DescriptorBudget budget(100);
//   BudgetedFile file(&budget, path);             // opens nothing
//   absl::StatusOr<BudgetedFile::Pin> pin = file.Acquire();
//   pread(pin->fd(), ...);                        // safe: a pinned descriptor is never closed
//
// "Not used lately" is decided by the clock algorithm: a ring of open files, each with one bit that says whether it was
// used since the hand last passed. So a file that is already open is pinned without a lock: readers share nothing but
// the word of the file they read. More descriptors than the budget are open only while that many are pinned at once.
//
// Thread safety: any number of threads; a file is destroyed when nobody uses it, the budget after its files.
#ifndef AETERNUS_ENV_DESCRIPTOR_BUDGET_H_
#define AETERNUS_ENV_DESCRIPTOR_BUDGET_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "env/mutex.h"
#include "env/posix_io.h"

namespace aeternus::env {

class BudgetedFile;

class DescriptorBudget {
 public:
  // `max_open` >= 1.
  explicit DescriptorBudget(size_t max_open);
  ~DescriptorBudget();

  // Descriptors open now.
  size_t open_count() const;

 private:
  friend class BudgetedFile;

  // Gives `file` the descriptor and pins it, unless another thread has done so meanwhile: then pins that one. Closes
  // what the budget no longer allows. Returns the pinned descriptor.
  int Install(BudgetedFile* file, Descriptor descriptor);
  void Remove(BudgetedFile* file);
  // Closes one idle descriptor although the budget would allow it: the process has run out of them. False: none idle.
  bool EvictOne();
  // Takes idle descriptors until at most `target` are open; the caller closes them, after releasing the mutex.
  std::vector<Descriptor> TakeIdle(size_t target) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const size_t max_open_;
  mutable Mutex mu_;  // held for list operations only, never while a file is opened or closed
  std::list<BudgetedFile*> ring_ ABSL_GUARDED_BY(mu_);  // the open files; the hand is at the front
};

class BudgetedFile {
 public:
  BudgetedFile(DescriptorBudget* budget, std::string path) : budget_(budget), path_(std::move(path)) {}
  ~BudgetedFile();
  BudgetedFile(const BudgetedFile&) = delete;
  BudgetedFile& operator=(const BudgetedFile&) = delete;

  class Pin {
   public:
    Pin(BudgetedFile* file, int fd) : file_(file), fd_(fd) {}
    Pin(Pin&& other) noexcept : file_(std::exchange(other.file_, nullptr)), fd_(other.fd_) {}
    Pin& operator=(Pin&&) = delete;
    ~Pin() {
      if (file_ != nullptr) file_->state_.fetch_sub(kOnePin, std::memory_order_release);
    }
    int fd() const { return fd_; }

   private:
    BudgetedFile* file_;
    int fd_;
  };

  // Opens the file for reading if it is not open: by name, and no name is ever written twice. NotFound when it is gone.
  absl::StatusOr<Pin> Acquire();

  const std::string& path() const { return path_; }

 private:
  friend class DescriptorBudget;

  // `state_` is the number of pins in the high half and the descriptor + 1 in the low half, 0 when closed. Only the
  // ring's lock holder opens and closes; a descriptor is taken away by exchanging exactly "no pins" for "closed".
  static constexpr uint64_t kOnePin = uint64_t{1} << 32;
  static int FdOf(uint64_t state) { return static_cast<int>(static_cast<uint32_t>(state)) - 1; }
  static uint64_t StateOf(int fd, uint64_t pins) { return pins * kOnePin + static_cast<uint32_t>(fd + 1); }

  absl::StatusOr<Descriptor> Open();
  // The descriptor, unless there is none or it is pinned.
  std::optional<Descriptor> TakeIdle();

  DescriptorBudget* const budget_;
  const std::string path_;
  std::atomic<uint64_t> state_{0};
  std::atomic<bool> used_{false};                 // since the hand last passed
  std::list<BudgetedFile*>::iterator ring_at_{};  // valid while open; guarded by budget_->mu_
};

}  // namespace aeternus::env

#endif  // AETERNUS_ENV_DESCRIPTOR_BUDGET_H_
