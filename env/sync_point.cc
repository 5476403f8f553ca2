#include "env/sync_point.h"

#include <atomic>
#include <map>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/log/check.h"
#include "env/mutex.h"
#include "env/thread_scheduler.h"

namespace aeternus::env {
namespace {

// The handlers of the process: sync points are reached from anywhere, so this is the one thing shared without being
// passed along. It exists for tests only.
class Registry {
 public:
  static Registry& Get() {
    static Registry& registry = *new Registry();  // never destroyed: a thread may still reach a point
    return registry;
  }

  void Install(const std::string& name, std::function<void()> handler) {
    MutexLock lock(&mu_);
    const bool is_new = handlers_.try_emplace(name, Entry{std::move(handler)}).second;
    CHECK(is_new) << "sync point " << name << " has a handler already";
    count_.fetch_add(1);
  }

  void Uninstall(const std::string& name) {
    MutexLock lock(&mu_);
    const auto at = handlers_.find(name);
    at->second.is_removed = true;
    while (at->second.running > 0) returned_.Wait(&mu_);
    handlers_.erase(at);
    count_.fetch_sub(1);
  }

  void Reach(std::string_view name) {
    if (count_.load() == 0) return;  // points lie on hot paths, and most tests install nothing
    Entry* entry;                    // stays while it runs
    {
      MutexLock lock(&mu_);
      const auto at = handlers_.find(name);
      if (at == handlers_.end() || at->second.is_removed) return;
      entry = &at->second;
      ++entry->running;
    }
    entry->handler();  // may park here for long: without the lock
    MutexLock lock(&mu_);
    --entry->running;
    returned_.SignalAll();
  }

 private:
  struct Entry {
    std::function<void()> handler;
    int running = 0;
    bool is_removed = false;
  };

  std::atomic<int> count_{0};
  Mutex mu_;
  CondVar returned_;
  std::map<std::string, Entry, std::less<>> handlers_ ABSL_GUARDED_BY(mu_);
};

}  // namespace

#ifndef NDEBUG
void SyncPoint(std::string_view name) {
  if (auto* const scheduler = ThreadScheduler::Current()) scheduler->Reach("sync point", name);
  Registry::Get().Reach(name);
}
#endif

ScopedSyncPointHandler::ScopedSyncPointHandler(std::string name, std::function<void()> handler)
    : name_(std::move(name)) {
  Registry::Get().Install(name_, std::move(handler));
}

ScopedSyncPointHandler::~ScopedSyncPointHandler() { Registry::Get().Uninstall(name_); }

}  // namespace aeternus::env
