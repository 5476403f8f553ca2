// Page faults that another thread takes: memory that will be written to soon is made present before its writer comes to
// it. A fault of 2 MiB of zeros costs the writer 140 us, a page of a file's mapping half a microsecond and more, and a
// machine that writes has a core to spare more often than not.
//
//   Prefault prefault;
//   prefault.Start(next, size);     // while the writer is busy with what comes before
//   ...
//   if (!prefault.Finish()) ...     // not present as a whole: the writer's own faults do the rest
//
// One thread of the process takes them all, one range after the other; it is begun at the first Start. Nothing but
// speed depends on it: what it has not come to when it is needed is taken back.
//
// Thread safety: each object by one thread at a time; different ones by any number.
#ifndef AETERNUS_ENV_PREFAULT_H_
#define AETERNUS_ENV_PREFAULT_H_

#include <cstddef>

namespace aeternus::env {

class Prefault {
 public:
  Prefault() = default;
  ~Prefault() { Finish(); }
  Prefault(const Prefault&) = delete;
  Prefault& operator=(const Prefault&) = delete;

  // Makes the pages of [data, data + size) present and writable. They are mapped, and stay so until Finish or the end
  // of this object; what they hold does not change. Finishes what was started before.
  void Start(char* data, size_t size);
  // Ends it: afterwards nobody touches the range. True if all of it is present; false if it had not come to its turn,
  // if the system refused it (no memory, no room in the file), or if nothing was started.
  bool Finish();

 private:
  friend class PrefaultThread;
  enum class State { kQueued, kRunning, kDone, kFailed };

  bool is_started_ = false;       // the owner's own
  State state_ = State::kQueued;  // guarded by the mutex of the thread that takes the faults
  char* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace aeternus::env

#endif  // AETERNUS_ENV_PREFAULT_H_
