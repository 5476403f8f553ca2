#include "env/thread_number.h"

#include <functional>
#include <queue>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace aeternus::env {
namespace {

// The numbers of the process. Not an env::Mutex: a thread ends outside of any scheduler, and none stops in here.
class Numbers {
 public:
  static Numbers& Get() {
    static Numbers& numbers = *new Numbers();  // never destroyed: threads may end after main has
    return numbers;
  }

  size_t Take() {
    absl::MutexLock lock(&mu_);
    if (free_.empty()) return next_++;
    const size_t number = free_.top();
    free_.pop();
    return number;
  }

  void GiveBack(size_t number) {
    absl::MutexLock lock(&mu_);
    free_.push(number);
  }

 private:
  absl::Mutex mu_;
  size_t next_ ABSL_GUARDED_BY(mu_) = 0;
  std::priority_queue<size_t, std::vector<size_t>, std::greater<>> free_ ABSL_GUARDED_BY(mu_);  // smallest first
};

// Holds a number for as long as its thread lives.
class Holder {
 public:
  Holder() : number_(Numbers::Get().Take()) {}
  ~Holder() {
    Numbers::Get().GiveBack(number_);
    thread_number_internal::number_plus_one = 1;  // from here on it shares
  }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;
  size_t number() const { return number_; }

 private:
  const size_t number_;
};

}  // namespace

namespace thread_number_internal {

constinit thread_local size_t number_plus_one = 0;

size_t Assign() {
  thread_local const Holder holder;
  number_plus_one = holder.number() + 1;
  return holder.number();
}

}  // namespace thread_number_internal
}  // namespace aeternus::env
