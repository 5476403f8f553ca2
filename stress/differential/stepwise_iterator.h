// An Iterator made of one that moves step by step: its windows hold one pair. For stores of others, and for faults.
#ifndef AETERNUS_STRESS_DIFFERENTIAL_STEPWISE_ITERATOR_H_
#define AETERNUS_STRESS_DIFFERENTIAL_STEPWISE_ITERATOR_H_

#include <string_view>

#include "absl/status/status.h"
#include "aeternus/iterator.h"

namespace aeternus::stress {

class StepwiseIterator : public Iterator {
 public:
  void SeekToFirst() final {
    GoToFirst();
    Show();
  }
  void SeekToLast() final {
    GoToLast();
    Show();
  }
  void Seek(std::string_view target) final {
    GoTo(target);
    Show();
  }
  void SeekForPrev(std::string_view target) final {
    GoToOrBefore(target);
    Show();
  }
  absl::Status Refresh() final {
    const absl::Status status = Renew();
    if (status.ok()) SetWindow({});  // a refusal leaves it where it is
    return status;
  }

 protected:
  virtual bool IsOnPair() const = 0;
  virtual Pair Current() const = 0;
  virtual void GoToFirst() = 0;
  virtual void GoToLast() = 0;
  virtual void GoTo(std::string_view target) = 0;
  virtual void GoToOrBefore(std::string_view target) = 0;
  virtual void StepForward() = 0;
  virtual void StepBackward() = 0;
  virtual absl::Status Renew() = 0;

 private:
  void NextWindow() final {
    StepForward();
    Show();
  }
  void PrevWindow() final {
    StepBackward();
    Show();
  }
  void Show() {
    if (!IsOnPair()) return SetWindow({});
    pair_ = Current();
    SetWindow({&pair_, &pair_, &pair_ + 1});
  }

  Pair pair_;
};

}  // namespace aeternus::stress

#endif  // AETERNUS_STRESS_DIFFERENTIAL_STEPWISE_ITERATOR_H_
