// A writable mapping of the piece of a file that is being appended to: a store into it is as good as a write(2) against
// the end of the process, and costs no system call.
//
// What makes it safe, and when there is no window:
//   - Only bytes that are backed by the disk are mapped: a store into a page without a block would be SIGBUS, where a
//     write(2) says "no space". The file systems are named that keep this promise (of ext4, XFS and tmpfs; one that
//     copies on write does not).
//   - Pages are made writable ahead of their first store by Populate (populate.h), which reports as an error what a
//     fault would report by SIGBUS. A kernel that cannot do that gets no window.
//   - What is left: a file system that shuts down (its journal fails) between that and the store. Then the process dies
//     of SIGBUS, with everything that was acknowledged as far on disk as it would be otherwise.
//   - A window is small, and another one takes its place as the file grows: what is behind it counts as memory of the
//     process. While the one is filled, the next is prepared by another thread (ahead.h).
//
// Pages are first filled with zeros by write(2), up to a window at a time: a page that comes into the cache by a fault
// costs five times as much, for the kernel then goes over the whole of a large folio again for each of its pages. That
// is why nothing may lie behind what is appended, and why who writes to the file otherwise calls LeaveFor first. Zeros
// that no store has replaced yet are written to disk by a sync in between: a window at most.
//
// Measured, 128 B a store, ext4, Linux 6.18, CPU time: write(2) 820 ns; populated in steps of 64 KiB 240 ns, of 256 KiB
// 220 ns; filled and populated in steps of 64 KiB 50 ns, of 256 KiB 36 ns. A window of 1 MiB instead of 256 KiB makes
// stores no cheaper, but has a writer of 1 KiB each map and unmap every thousandth time, and not every 250th.
//
// Thread safety: one thread at a time.
#ifndef AETERNUS_ENV_POSIX_LOG_WINDOW_H_
#define AETERNUS_ENV_POSIX_LOG_WINDOW_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "env/ahead.h"

namespace aeternus::env {

class PosixLogWindow {
 public:
  static constexpr size_t kWindowBytes = size_t{1} << 20;
  static constexpr size_t kStepBytes = size_t{64} << 10;

  PosixLogWindow() = default;
  ~PosixLogWindow();
  PosixLogWindow(const PosixLogWindow&) = delete;
  PosixLogWindow& operator=(const PosixLogWindow&) = delete;

  // Stores `data` at `offset` of the file `fd`, whose first `backed_bytes` are backed by the disk, and which holds
  // nothing but zeros from `offset` on; no later call has a smaller one. False, with nothing stored, where a window
  // cannot do it, or should not: more than a step at once is for write(2).
  bool Store(int fd, uint64_t offset, std::string_view data, uint64_t backed_bytes);
  // Before anything else writes to [.., end) of the file: afterwards nothing writes there but the next Store.
  void LeaveFor(uint64_t end);

 private:
  // A mapped piece of the file.
  struct Piece {
    char* memory = nullptr;
    uint64_t begin = 0;  // in the file
    uint64_t size = 0;
    uint64_t populated = 0;  // bytes at its beginning that may be stored to

    bool Contains(uint64_t offset, uint64_t end) const { return offset >= begin && end <= begin + size; }
    void Unmap();
  };

  // Maps what is backed of a window from `begin` on, if that goes beyond `end`.
  Piece Map(int fd, uint64_t begin, uint64_t end, uint64_t backed_bytes);
  bool MoveTo(int fd, uint64_t offset, uint64_t end, uint64_t backed_bytes);
  // Makes `now_` writable up to `end`, at least; zeros are filled in from `offset` on.
  bool Extend(int fd, uint64_t offset, uint64_t end);
  // Has the next piece prepared, once the present one is half full.
  void PrepareNext(int fd, uint64_t offset, uint64_t backed_bytes);
  void UnmapAll();

  bool is_usable_ = true;
  bool is_file_system_known_ = false;
  Piece now_;
  bool has_prepared_ = false;  // has tried to, since it came to `now_`
  // Begins a step before `now_` ends, so that every frame lies in one of the two.
  Piece next_;
  Ahead next_ahead_;  // fills and populates what lies behind `now_`
};

}  // namespace aeternus::env

#endif  // AETERNUS_ENV_POSIX_LOG_WINDOW_H_
