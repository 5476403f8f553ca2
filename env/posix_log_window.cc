#include "env/posix_log_window.h"

#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>
#include <utility>

#include "env/populate.h"

namespace aeternus::env {
namespace {

constexpr long kXfsMagic = 0x58465342;  // linux/magic.h has it not

uint64_t RoundDown(uint64_t n) { return n / PosixLogWindow::kStepBytes * PosixLogWindow::kStepBytes; }
uint64_t RoundUp(uint64_t n) { return RoundDown(n + PosixLogWindow::kStepBytes - 1); }

// Whether what was allocated stays the place where it is written.
bool WritesInPlace(int fd) {
  struct statfs info;
  if (fstatfs(fd, &info) != 0) return false;
  const long type = info.f_type;
  return type == EXT4_SUPER_MAGIC || type == TMPFS_MAGIC || type == kXfsMagic;
}

// Writes zeros to [begin, end) of the file, which are zeros already: for the pages, not for what they hold.
bool FillWithZeros(int fd, uint64_t begin, uint64_t end) {
  static constexpr std::array<char, PosixLogWindow::kStepBytes> kZeros{};
  while (begin < end) {
    iovec pieces[PosixLogWindow::kWindowBytes / PosixLogWindow::kStepBytes];
    int count = 0;
    for (uint64_t at = begin; at < end && count < static_cast<int>(std::size(pieces)); at += pieces[count++].iov_len) {
      pieces[count] = {const_cast<char*>(kZeros.data()), std::min<size_t>(kZeros.size(), end - at)};
    }
    const ssize_t written = pwritev(fd, pieces, count, static_cast<off_t>(begin));
    if (written <= 0) return false;
    begin += static_cast<uint64_t>(written);
  }
  return true;
}

}  // namespace

PosixLogWindow::~PosixLogWindow() { UnmapAll(); }

bool PosixLogWindow::Store(int fd, uint64_t offset, std::string_view data, uint64_t backed_bytes) {
  const uint64_t end = offset + data.size();
  if (!is_usable_ || data.size() > kStepBytes || end > backed_bytes) return false;
  if (!now_.Contains(offset, end) && !MoveTo(fd, offset, end, backed_bytes)) return false;
  if (end - now_.begin > now_.populated && !Extend(fd, offset, end)) return false;
  std::memcpy(now_.memory + (offset - now_.begin), data.data(), data.size());
  if (!has_prepared_ && end - now_.begin > now_.size / 2) PrepareNext(fd, end, backed_bytes);
  return true;
}

PosixLogWindow::Piece PosixLogWindow::Map(int fd, uint64_t begin, uint64_t end, uint64_t backed_bytes) {
  // Not a byte of a page that is not backed as a whole.
  const uint64_t limit = RoundDown(backed_bytes);
  if (end > limit) return {};
  const uint64_t size = std::min<uint64_t>(kWindowBytes, limit - begin);
  void* const memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, static_cast<off_t>(begin));
  if (memory == MAP_FAILED) {
    is_usable_ = false;
    return {};
  }
  return {.memory = static_cast<char*>(memory), .begin = begin, .size = size};
}

bool PosixLogWindow::MoveTo(int fd, uint64_t offset, uint64_t end, uint64_t backed_bytes) {
  has_prepared_ = false;
  if (next_.Contains(offset, end)) {
    if (next_ahead_.Finish()) next_.populated = next_.size;
    now_.Unmap();
    now_ = std::exchange(next_, {});
    return true;
  }
  UnmapAll();
  if (!is_file_system_known_) {
    is_usable_ = WritesInPlace(fd);
    is_file_system_known_ = true;
    if (!is_usable_) return false;
  }
  now_ = Map(fd, RoundDown(offset), end, backed_bytes);
  return now_.memory != nullptr;
}

bool PosixLogWindow::Extend(int fd, uint64_t offset, uint64_t end) {
  const uint64_t wanted = std::min(RoundUp(end - now_.begin), now_.size);
  const uint64_t zeros_begin = std::max(offset, now_.begin + now_.populated);
  if (!FillWithZeros(fd, zeros_begin, now_.begin + wanted) ||
      !Populate(now_.memory + now_.populated, wanted - now_.populated)) {
    UnmapAll();
    is_usable_ = false;
    return false;
  }
  now_.populated = wanted;
  return true;
}

void PosixLogWindow::PrepareNext(int fd, uint64_t offset, uint64_t backed_bytes) {
  has_prepared_ = true;
  const uint64_t now_end = now_.begin + now_.size;
  // What both pieces hold is filled by this thread, which stores to it.
  if (now_.populated < now_.size && !Extend(fd, offset, now_end)) return;
  next_ = Map(fd, now_end - kStepBytes, now_end + kStepBytes, backed_bytes);
  if (next_.memory == nullptr) return;
  next_ahead_.Start([fd, now_end, next = next_] {
    return FillWithZeros(fd, now_end, next.begin + next.size) && Populate(next.memory, next.size);
  });
}

void PosixLogWindow::LeaveFor(uint64_t end) {
  if (next_.memory == nullptr || end <= now_.begin + now_.size) return;
  next_ahead_.Finish();
  next_.Unmap();
}

void PosixLogWindow::UnmapAll() {
  next_ahead_.Finish();
  next_.Unmap();
  now_.Unmap();
}

void PosixLogWindow::Piece::Unmap() {
  if (memory != nullptr) munmap(memory, size);
  *this = {};
}

}  // namespace aeternus::env
