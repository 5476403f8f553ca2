// Space kept back on the disk: a file whose only worth is that it can be deleted. On a full disk that makes room for
// what frees space: deletes, flushes, merges, and the edits that put them into force. Puts never get it.
//
// State machine:
//   absent   no file, and nobody has it: there was no room for one, it cannot be made, or none is wanted
//   kept     the file is there            <- Renew, Restore      (a new object assumes it, until it has looked)
//   lent     the file was deleted         <- Borrow; Renew and Resize if there is no room for its successor;
//                                         -> kept by Restore, once no loan is out and there is room
//
// What a crash leaves of the file (nothing, a part, all of it) means nothing: its bytes are never read, it is never
// synced, and no error of it is anybody's but its own: without it a full disk is merely harder to leave. It proves
// nothing about a database either: recovery does not look at it.
//
// Thread safety: any number of threads. Its mutex is held over I/O on this one file, and no other lock is taken under
// it.
#ifndef AETERNUS_ENGINE_RESERVE_H_
#define AETERNUS_ENGINE_RESERVE_H_

#include <atomic>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "env/file_system.h"
#include "env/mutex.h"

namespace aeternus {

class SpaceReserve {
 public:
  // While it lives, the space is the borrower's: the file is not made again. False: there was nothing to lend.
  class Loan {
   public:
    Loan() = default;
    explicit Loan(SpaceReserve* lender) : lender_(lender) {}
    Loan(Loan&& other) noexcept : lender_(std::exchange(other.lender_, nullptr)) {}
    Loan& operator=(Loan&& other) noexcept {
      std::swap(lender_, other.lender_);
      return *this;
    }
    ~Loan() {
      if (lender_ != nullptr) lender_->Return();
    }
    explicit operator bool() const { return lender_ != nullptr; }

   private:
    SpaceReserve* lender_ = nullptr;
  };

  // How much is to be kept back, and what for.
  struct Amount {
    uint64_t bytes = 0;          // the file's size
    uint64_t covered_bytes = 0;  // of entries in memtables, for whose tables and log it is enough
  };

  // Touches nothing. `file_system` outlives this object, and this object its loans.
  SpaceReserve(env::FileSystem* file_system, std::string path) : file_system_(file_system), path_(std::move(path)) {}

  // Deletes the file, whose space is the borrower's to use until the loan ends, and goes on being missing after that.
  Loan Borrow() ABSL_LOCKS_EXCLUDED(mutex_);
  // Makes the file, backed by the disk, unless it is there or lent out. Whether it had been lent and is back now. Cheap
  // while it is kept; one failed attempt at a file when there is no room.
  bool Restore(const Amount& amount) ABSL_LOCKS_EXCLUDED(mutex_);
  // Once, by Open: replaces what an earlier life left by such a file, or, with no bytes, by none. A copied file may be
  // a hole that keeps nothing back, so it is not taken as it is.
  void Renew(const Amount& amount) ABSL_LOCKS_EXCLUDED(mutex_);
  // Replaces the file, if it is kept, by one of another size. False where there is no room for that: then it is what it
  // was, or lent, if somebody else has taken the room meanwhile.
  bool Resize(const Amount& amount) ABSL_LOCKS_EXCLUDED(mutex_);
  // Resizing to less, in two steps: covers no more than so much from now on, false if it does not now; then, unless
  // somebody has resized it since it was lowered so far, the file follows.
  bool LowerCover(uint64_t covered_bytes) ABSL_LOCKS_EXCLUDED(mutex_);
  void GiveBack(uint64_t lowered_to_bytes, const Amount& amount) ABSL_LOCKS_EXCLUDED(mutex_);

  bool is_lent() const ABSL_LOCKS_EXCLUDED(mutex_);
  // What is kept back; 0 when absent or lent.
  uint64_t size_bytes() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Of that, Amount::covered_bytes. Takes no lock, for it is asked at every commit.
  uint64_t covered_bytes() const { return covered_bytes_.load(std::memory_order_seq_cst); }

 private:
  enum class State { kAbsent, kKept, kLent };

  void Return() ABSL_LOCKS_EXCLUDED(mutex_);
  // Deletes the file. On success nobody has one, and the space is free.
  absl::Status GiveUp() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool Make(const Amount& amount) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool Replace(const Amount& amount) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  env::FileSystem* const file_system_;
  const std::string path_;
  mutable env::Mutex mutex_;
  State state_ ABSL_GUARDED_BY(mutex_) = State::kKept;
  uint64_t size_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::atomic<uint64_t> covered_bytes_ = 0;  // written under mutex_
  int loans_ ABSL_GUARDED_BY(mutex_) = 0;
};

// Does `work`, and once more on a loan when it finds no room. It returns a Status or StatusOr, and can be done again
// after ResourceExhausted. `borrow` is handed that error and returns the loan, or none.
template <typename Work, typename Borrow>
auto WithReserve(Work work, Borrow borrow) -> decltype(work()) {
  auto result = work();
  absl::Status status;
  if constexpr (std::is_same_v<decltype(result), absl::Status>) {
    status = result;
  } else {
    status = result.status();
  }
  if (!absl::IsResourceExhausted(status)) return result;
  const SpaceReserve::Loan loan = borrow(status);
  return loan ? work() : result;
}

}  // namespace aeternus

#endif  // AETERNUS_ENGINE_RESERVE_H_
