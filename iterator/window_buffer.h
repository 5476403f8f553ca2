// Room for one window, filled from either end, of entries that are made in place: the memory is not touched before, so
// that an iterator that shows five entries pays for five.
//
//   WindowBuffer<EntryView, EntryIterator::kWindowMax> buffer;
//   EntryView* end = buffer.begin();
//   std::construct_at(end++, entry);                       // [buffer.begin(), end) is the window
//
// Thread safety: one thread at a time.
#ifndef AETERNUS_ITERATOR_WINDOW_BUFFER_H_
#define AETERNUS_ITERATOR_WINDOW_BUFFER_H_

#include <cstddef>
#include <new>
#include <type_traits>

namespace aeternus {

template <typename T, size_t kCapacity>
class WindowBuffer {
 public:
  static_assert(std::is_trivially_destructible_v<T>);  // nothing is ever destroyed

  WindowBuffer() {}  // not "= default", which would clear the bytes of a value-initialized one
  T* begin() { return std::launder(reinterpret_cast<T*>(bytes_)); }
  T* end() { return begin() + kCapacity; }

 private:
  alignas(T) std::byte bytes_[kCapacity * sizeof(T)];
};

}  // namespace aeternus

#endif  // AETERNUS_ITERATOR_WINDOW_BUFFER_H_
