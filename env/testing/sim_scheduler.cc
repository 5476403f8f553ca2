#include "env/testing/sim_scheduler.h"

#include <algorithm>
#include <semaphore>
#include <string_view>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "base/hash.h"
#include "env/sync_point.h"
#include "env/task_queue.h"
#include "env/testing/schedule_chooser.h"
#include "env/thread_scheduler.h"

namespace aeternus::env::testing {
namespace {

constexpr size_t kEventsInReport = 60;

enum class Event : uint64_t {
  kStart,
  kEnd,
  kJoin,
  kLock,
  kFindLocked,
  kUnlock,
  kWait,
  kWakeForNoReason,
  kSignal,
  kReach,
  kSwitch
};

std::string_view VerbOf(Event event) {
  switch (event) {
    case Event::kStart:
      return "starts";
    case Event::kEnd:
      return "ends";
    case Event::kJoin:
      return "joins";
    case Event::kLock:
      return "locks mutex";
    case Event::kFindLocked:
      return "finds locked mutex";
    case Event::kUnlock:
      return "unlocks mutex";
    case Event::kWait:
      return "waits for condition";
    case Event::kWakeForNoReason:
      return "wakes for no reason from condition";
    case Event::kSignal:
      return "signals condition";
    case Event::kReach:
      return "comes to";
    case Event::kSwitch:
      return "->";
  }
  return "";
}

}  // namespace

// All of it belongs to the thread that runs: handing over the baton orders what one thread does before what the next
// does.
struct SimScheduler::Impl final : ThreadScheduler {
  struct Thread {
    Thread(ThreadId i, std::string n, absl::AnyInvocable<void()> b) : id(i), name(std::move(n)), body(std::move(b)) {}
    const ThreadId id;
    const std::string name;
    absl::AnyInvocable<void()> body;
    std::binary_semaphore baton{0};
    std::thread thread;
    bool has_ended = false;
    const void* waits_for = nullptr;  // a mutex, a condition, or a thread to end; null: it can run
    Event wait = Event::kEnd;         // how
    std::string place;                // the last one it came to
  };
  struct Object {
    uint64_t number;                 // by first use: the same in every run, which addresses are not
    const Thread* holder = nullptr;  // of a mutex
  };
  class SimExecutor;
  struct Factory final : ExecutorFactory {
    explicit Factory(Impl* i) : impl(i) {}
    std::unique_ptr<Executor> NewExecutor(int threads, const std::string& name) override;
    Impl* const impl;
  };

  explicit Impl(const Options& o) : options(o), chooser(o.seed) {}

  // ---- ThreadScheduler ----
  void Lock(absl::Mutex& mu) override {
    Point(PointKind::kLock, ObjectAt(&mu).number);
    Take(mu);
  }
  bool TryLock(absl::Mutex& mu) override {
    Point(PointKind::kLock, ObjectAt(&mu).number);
    if (ObjectAt(&mu).holder != nullptr) {
      Record(Event::kFindLocked, ObjectAt(&mu).number);
      return false;
    }
    Take(mu);
    return true;
  }
  void Unlock(absl::Mutex& mu) override {
    Release(mu);
    Point(PointKind::kUnlock, ObjectAt(&mu).number);
  }
  void Wait(absl::CondVar& changed, absl::Mutex& mu) override;
  void Signal(absl::CondVar& changed) override;
  void SignalAll(absl::CondVar& changed) override {
    Record(Event::kSignal, ObjectAt(&changed).number, "", "to all");
    WakeAll(&changed);
  }
  void Reach(std::string_view what, std::string_view object) override {
    running->place.assign(what);
    running->place.append(" ");
    running->place.append(object);
    const uint64_t number = StableHash(running->place);
    Record(Event::kReach, number, what, object);
    Point(PointKind::kPlace, number);
  }
  void Forget(const void* object) override { objects.erase(object); }

  // ---- threads ----
  ThreadId Add(std::string name, absl::AnyInvocable<void()> body);
  void RunThread(Thread& self);
  void EndThread(Thread& self);
  void Join(ThreadId id);

  // ---- who runs ----
  void Point(PointKind kind, uint64_t object);
  void Block(Event how, const void* object);
  void SwitchTo(Thread& next);
  void FindRunnable();
  Thread& ThreadOf(ThreadId id) { return *threads[static_cast<size_t>(id)]; }
  void WakeAll(const void* object);
  [[noreturn]] void StandStill(std::string_view why);
  void EndRun(std::string_view why);

  void Take(absl::Mutex& mu) ABSL_NO_THREAD_SAFETY_ANALYSIS;
  void Release(absl::Mutex& mu) ABSL_NO_THREAD_SAFETY_ANALYSIS;

  Object& ObjectAt(const void* object) {
    const auto [at, is_new] = objects.try_emplace(object, Object{.number = next_number});
    if (is_new) ++next_number;
    return at->second;
  }
  void Record(Event event, uint64_t number, std::string_view what = "", std::string_view object = "");
  std::string Describe(const Thread& thread);

  const Options options;
  ScheduleChooser chooser;
  Factory factory{this};
  std::vector<std::unique_ptr<Thread>> threads;
  Thread* running = nullptr;
  std::vector<ThreadId> runnable;  // as FindRunnable left it
  absl::flat_hash_map<const void*, Object> objects;
  uint64_t next_number = 1;
  uint64_t steps = 0, switches = 0, hash = 0;
  std::vector<std::string> events;
  std::string report;                  // why the run could not end
  std::binary_semaphore run_ended{0};  // for who called Run
};

// ---- mutexes and conditions ----

void SimScheduler::Impl::Take(absl::Mutex& mu) {
  while (ObjectAt(&mu).holder != nullptr) {
    Record(Event::kFindLocked, ObjectAt(&mu).number);
    Block(Event::kFindLocked, &mu);
  }
  Object& object = ObjectAt(&mu);
  object.holder = running;
  Record(Event::kLock, object.number);
  mu.Lock();  // free
}

void SimScheduler::Impl::Release(absl::Mutex& mu) {
  mu.Unlock();
  Object& object = ObjectAt(&mu);
  object.holder = nullptr;
  Record(Event::kUnlock, object.number);
  WakeAll(&mu);
}

void SimScheduler::Impl::Wait(absl::CondVar& changed, absl::Mutex& mu) {
  const uint64_t number = ObjectAt(&changed).number;
  Record(Event::kWait, number);
  Release(mu);
  if (chooser.WakesForNoReason()) {
    Record(Event::kWakeForNoReason, number);
    Point(PointKind::kLock, number);
  } else {
    Block(Event::kWait, &changed);
  }
  Take(mu);
}

void SimScheduler::Impl::Signal(absl::CondVar& changed) {
  Record(Event::kSignal, ObjectAt(&changed).number, "", "to one");
  std::vector<Thread*> waiters;
  for (const auto& thread : threads) {
    if (thread->waits_for == &changed) waiters.push_back(thread.get());
  }
  if (!waiters.empty()) waiters[chooser.Wake(waiters.size())]->waits_for = nullptr;
}

void SimScheduler::Impl::WakeAll(const void* object) {
  for (const auto& thread : threads) {
    if (thread->waits_for == object) thread->waits_for = nullptr;
  }
}

// ---- who runs ----

void SimScheduler::Impl::FindRunnable() {
  runnable.clear();
  for (const auto& thread : threads) {
    if (!thread->has_ended && thread->waits_for == nullptr) runnable.push_back(thread->id);
  }
}

void SimScheduler::Impl::Point(PointKind kind, uint64_t object) {
  if (++steps > options.max_steps) StandStill(absl::StrCat("more than ", options.max_steps, " steps"));
  FindRunnable();
  if (runnable.size() < 2) return;
  Thread& next = ThreadOf(chooser.AtPoint(kind, object, running->id, runnable));
  if (&next != running) SwitchTo(next);
}

void SimScheduler::Impl::Block(Event how, const void* object) {
  running->waits_for = object;
  running->wait = how;
  FindRunnable();
  if (runnable.empty()) StandStill("no thread can go on");
  SwitchTo(ThreadOf(chooser.WhenStopped(runnable)));
}

void SimScheduler::Impl::SwitchTo(Thread& next) {
  Record(Event::kSwitch, static_cast<uint64_t>(next.id), next.name);
  ++switches;
  Thread& self = *std::exchange(running, &next);
  next.baton.release();
  self.baton.acquire();
}

void SimScheduler::Impl::StandStill(std::string_view why) {
  Thread& self = *running;
  EndRun(why);
  while (true) self.baton.acquire();  // nobody releases it
}

// `why`: what kept threads from ending; empty when all have.
void SimScheduler::Impl::EndRun(std::string_view why) {
  if (!why.empty()) {
    report = absl::StrCat(why, " (seed ", options.seed, ", after ", steps, " steps)\n");
    for (const auto& thread : threads) {
      if (!thread->has_ended) absl::StrAppend(&report, "  ", Describe(*thread), "\n");
    }
    const size_t shown = std::min(events.size(), kEventsInReport);
    for (size_t i = events.size() - shown; i < events.size(); ++i) absl::StrAppend(&report, "    ", events[i], "\n");
  }
  run_ended.release();
}

std::string SimScheduler::Impl::Describe(const Thread& thread) {
  std::string text = thread.name;
  if (thread.waits_for == nullptr) {
    absl::StrAppend(&text, " can run");
  } else if (thread.wait == Event::kJoin) {
    absl::StrAppend(&text, " waits for the end of ", static_cast<const Thread*>(thread.waits_for)->name);
  } else {
    const Object& object = ObjectAt(thread.waits_for);
    absl::StrAppend(&text, thread.wait == Event::kWait ? " waits for a signal of condition " : " waits for mutex ",
                    object.number);
    if (object.holder != nullptr) absl::StrAppend(&text, ", which ", object.holder->name, " holds");
  }
  if (!thread.place.empty()) absl::StrAppend(&text, "; its last place was: ", thread.place);
  return text;
}

void SimScheduler::Impl::Record(Event event, uint64_t number, std::string_view what, std::string_view object) {
  hash = StableHash(StableHash(hash, (static_cast<uint64_t>(running->id) << 8) | static_cast<uint64_t>(event)), number);
  if (!options.keep_events) return;
  std::string text = absl::StrCat(steps, " ", running->name, " ", VerbOf(event));
  if (what.empty()) absl::StrAppend(&text, " ", number);
  for (const std::string_view part : {what, object}) {
    if (!part.empty()) absl::StrAppend(&text, " ", part);
  }
  events.push_back(std::move(text));
}

// ---- threads ----

SimScheduler::ThreadId SimScheduler::Impl::Add(std::string name, absl::AnyInvocable<void()> body) {
  const ThreadId id = static_cast<ThreadId>(threads.size());
  threads.push_back(std::make_unique<Thread>(id, std::move(name), std::move(body)));
  chooser.AddThread();
  Thread& added = *threads.back();
  if (running != nullptr) Record(Event::kStart, static_cast<uint64_t>(id), added.name);
  added.thread = std::thread([this, &added] { RunThread(added); });
  return id;
}

void SimScheduler::Impl::RunThread(Thread& self) {
  SetCurrent(this);
  self.baton.acquire();
  std::exchange(self.body, nullptr)();
  SetCurrent(nullptr);
  EndThread(self);
}

void SimScheduler::Impl::EndThread(Thread& self) {
  Record(Event::kEnd, static_cast<uint64_t>(self.id), "its run");
  self.has_ended = true;
  WakeAll(&self);
  FindRunnable();
  if (!runnable.empty()) {
    running = &ThreadOf(chooser.WhenStopped(runnable));
    running->baton.release();
    return;
  }
  const bool all_ended = std::all_of(threads.begin(), threads.end(), [](const auto& t) { return t->has_ended; });
  EndRun(all_ended ? "" : "no thread can go on");
}

void SimScheduler::Impl::Join(ThreadId id) {
  Thread& other = ThreadOf(id);
  Record(Event::kJoin, static_cast<uint64_t>(id), other.name);
  while (!other.has_ended) Block(Event::kJoin, &other);
}

class SimScheduler::Impl::SimExecutor final : public Executor {
 public:
  SimExecutor(Impl* impl, int threads, const std::string& name) : impl_(impl) {
    for (int i = 0; i < threads; ++i) {
      threads_.push_back(impl_->Add(absl::StrCat(name, "-", i), [this] { tasks_.RunTasks(); }));
    }
  }
  ~SimExecutor() override {
    tasks_.Stop();
    for (const ThreadId thread : threads_) impl_->Join(thread);
  }
  void Schedule(absl::AnyInvocable<void()> task) override { tasks_.Push(std::move(task)); }

 private:
  Impl* const impl_;
  TaskQueue tasks_;
  std::vector<ThreadId> threads_;
};

std::unique_ptr<Executor> SimScheduler::Impl::Factory::NewExecutor(int threads, const std::string& name) {
  CHECK_EQ(Current(), impl) << "an executor of a simulated scheduler is made by a thread of the same";
  return std::make_unique<SimExecutor>(impl, threads, name);
}

// ---- the surface ----

SimScheduler::SimScheduler(const Options& options) : impl_(std::make_unique<Impl>(options)) {
  CHECK(kSyncPointsAreCompiledIn) << "release builds cannot be scheduled";
}

// The threads of a run that could not end stand in it for ever.
SimScheduler::~SimScheduler() {
  if (!impl_->report.empty()) impl_.release();  // NOLINT: on purpose
}

absl::Status SimScheduler::Run(absl::AnyInvocable<void()> main) {
  CHECK(impl_->threads.empty()) << "a scheduler runs once";
  impl_->Add("main", std::move(main));
  impl_->running = impl_->threads.front().get();
  impl_->running->baton.release();
  impl_->run_ended.acquire();
  const bool ended = impl_->report.empty();
  for (const auto& thread : impl_->threads) {
    if (ended) {
      thread->thread.join();
    } else {
      thread->thread.detach();
    }
  }
  return ended ? absl::OkStatus() : absl::AbortedError(impl_->report);
}

SimScheduler::ThreadId SimScheduler::Start(std::string name, absl::AnyInvocable<void()> body) {
  CHECK_EQ(ThreadScheduler::Current(), impl_.get()) << "threads are started by a thread of the same scheduler";
  const ThreadId id = impl_->Add(std::move(name), std::move(body));
  impl_->Point(PointKind::kPlace, static_cast<uint64_t>(id));
  return id;
}

void SimScheduler::Join(ThreadId thread) { impl_->Join(thread); }
ExecutorFactory* SimScheduler::executors() { return &impl_->factory; }
uint64_t SimScheduler::steps() const { return impl_->steps; }
uint64_t SimScheduler::switches() const { return impl_->switches; }
uint64_t SimScheduler::event_hash() const { return impl_->hash; }
const std::vector<std::string>& SimScheduler::events() const { return impl_->events; }

}  // namespace aeternus::env::testing
