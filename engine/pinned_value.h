// A value read without copying: a view into the memory of the database, kept readable while this object lives. It pins
// one block or one memtable, so do not hoard them. It stays readable even after the database object is destroyed.
//
//   aeternus::PinnedValue value;
//   AETERNUS_ASSIGN_OR_RETURN(bool found, db->Get({}, "key", &value));
//   if (found) Use(value.view());
//
// Thread safety: one thread at a time; different values by different threads.
#ifndef AETERNUS_ENGINE_PINNED_VALUE_H_
#define AETERNUS_ENGINE_PINNED_VALUE_H_

#include <memory>
#include <string_view>
#include <utility>

namespace aeternus {

class PinnedValue {
 public:
  PinnedValue() = default;
  PinnedValue(PinnedValue&&) = default;
  PinnedValue& operator=(PinnedValue&&) = default;

  std::string_view view() const { return view_; }
  void Release() {
    pin_.reset();
    view_ = {};
  }

 private:
  friend class PinAccess;
  std::string_view view_;
  std::shared_ptr<const void> pin_;
};

}  // namespace aeternus

#endif  // AETERNUS_ENGINE_PINNED_VALUE_H_
