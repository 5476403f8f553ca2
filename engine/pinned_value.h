// A value read without an allocation: a view into the memory of the database, or of this object if the value is small,
// readable while this object lives. A large value pins one block or one memtable, so do not hoard them. It stays
// readable even after the database object is destroyed; Close refuses while any value is held.
//
//   aeternus::PinnedValue value;
//   AETERNUS_ASSIGN_OR_RETURN(bool found, db->Get({}, "key", &value));
//   if (found) Use(value.view());
//
// Thread safety: one thread at a time; different values by different threads.
#ifndef AETERNUS_ENGINE_PINNED_VALUE_H_
#define AETERNUS_ENGINE_PINNED_VALUE_H_

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

namespace aeternus {

class PinnedValue {
 public:
  PinnedValue() = default;
  PinnedValue(PinnedValue&& other) noexcept { Take(other); }
  PinnedValue& operator=(PinnedValue&& other) noexcept {
    if (this != &other) {
      Release();
      Take(other);
    }
    return *this;
  }
  ~PinnedValue() { Release(); }

  // Until it is moved, released or destroyed, or handed to another read.
  std::string_view view() const { return view_; }
  void Release() {
    if (held_.release != nullptr) std::exchange(held_.release, nullptr)(held_);
    view_ = {};
  }

 private:
  friend class PinAccess;
  // Up to this size copying costs less than pinning does.
  static constexpr size_t kCopiedBytes = 128;

  // What keeps the value, in the engine's terms.
  struct Held {
    void (*release)(Held&) = nullptr;
    void* count = nullptr;
    void* cache = nullptr;
    void* slot = nullptr;
    std::shared_ptr<const void> memtable;
  };

  void Take(PinnedValue& other) {
    held_ = std::exchange(other.held_, {});
    view_ = std::exchange(other.view_, {});
    if (view_.data() != other.copy_) return;
    std::memcpy(copy_, other.copy_, view_.size());
    view_ = {copy_, view_.size()};
  }

  std::string_view view_;
  Held held_;
  char copy_[kCopiedBytes];
};

}  // namespace aeternus

#endif  // AETERNUS_ENGINE_PINNED_VALUE_H_
