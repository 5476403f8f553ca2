// Named places in the library at which a test may park a thread or run a callback: SyncPoint("compaction:merging").
// In release builds (NDEBUG) a sync point is nothing at all.
//
// A test installs handlers with ScopedSyncPointHandler; the handler runs on the thread that reaches the point, with no
// lock of the library's that the point's own comment does not name.
#ifndef AETERNUS_ENV_SYNC_POINT_H_
#define AETERNUS_ENV_SYNC_POINT_H_

#include <functional>
#include <string>
#include <string_view>

namespace aeternus::env {

#ifdef NDEBUG
inline constexpr bool kSyncPointsAreCompiledIn = false;
inline void SyncPoint(std::string_view) {}
#else
inline constexpr bool kSyncPointsAreCompiledIn = true;
void SyncPoint(std::string_view name);
#endif

// While it lives, reaching `name` calls `handler`. One handler per name at a time. Destruction waits for a running
// handler to return, so it does not happen inside one.
class ScopedSyncPointHandler {
 public:
  ScopedSyncPointHandler(std::string name, std::function<void()> handler);
  ~ScopedSyncPointHandler();
  ScopedSyncPointHandler(const ScopedSyncPointHandler&) = delete;
  ScopedSyncPointHandler& operator=(const ScopedSyncPointHandler&) = delete;

 private:
  std::string name_;
};

}  // namespace aeternus::env

#endif  // AETERNUS_ENV_SYNC_POINT_H_
